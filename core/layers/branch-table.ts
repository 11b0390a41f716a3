/**
 * Branches and snapshots.
 *
 * A snapshot freezes the upper layer of a branch (and of the live branches below it) and pushes an empty layer: its
 * cost is independent of the size of the tree. Only inodes that processes hold open natively are copied, into
 * the snapshot, because their writes cannot be intercepted.
 */
import { FsError } from '../errors.ts';
import type { Inode } from './inode.ts';
import { Inode as Record } from './inode.ts';
import type { LowerLayer } from './lower-layer.ts';
import { MemoryLayer } from './memory-layer.ts';
import { copyMetadata, Namespace, type TreeState } from './namespace.ts';

export const MAIN = 'main';

/** A branch, as listed. */
export interface BranchInfo {
  /** Name of the branch. */
  readonly name: string;
  /** Live branch below, if any. */
  readonly parent?: string;
  /** Snapshot that the branch was created from or restored to, if any. */
  readonly snapshot?: string;
}

/** A snapshot, as listed, and the branch that it was taken of. */
export interface SnapshotInfo {
  /** Name of the snapshot. */
  readonly name: string;
  /** Name of the branch that it was taken of. */
  readonly branch: string;
}

interface Snapshot extends SnapshotInfo {
  readonly layers: readonly LowerLayer[];
}

/** Inodes of a layer that are open natively. */
export type HeldNodes = (layer: MemoryLayer) => Iterable<Inode>;

export class BranchTable {
  readonly #state: TreeState;
  readonly #held: HeldNodes;
  readonly #branches = new Map<string, Namespace>();
  readonly #origins = new Map<string, string>();
  readonly #snapshots = new Map<string, Snapshot>();
  readonly #layers = new Set<MemoryLayer>();
  #nextLayer = 1;
  /** Layers below main's own changes: the overlays. `discard` resets main to them. */
  #lowest: readonly LowerLayer[] = [];

  constructor(state: TreeState, root: Inode, held: HeldNodes) {
    this.#state = state;
    this.#held = held;
    const main = new Namespace(MAIN, state, this.#layer(), [], null);
    main.upper.inodes.set(root.ino, root);
    this.#branches.set(MAIN, main);
  }

  #layer(): MemoryLayer {
    const layer = new MemoryLayer(this.#nextLayer++);
    this.#layers.add(layer);
    return layer;
  }

  /** Freezes main as it is, adds `layer` at the bottom, and makes the result the state that `discard` resets main to. */
  addLowerLayer(layer: LowerLayer): void {
    const main = this.get(MAIN);
    this.freeze(main);
    main.base = [...main.base, layer];
    this.#lowest = main.base;
    this.#state.epoch++;
  }

  get size(): number {
    return this.#branches.size;
  }

  all(): IterableIterator<Namespace> {
    return this.#branches.values();
  }

  /** @throws FsError ENOENT */
  get(name: string): Namespace {
    const found = this.#branches.get(name);
    if (!found) throw new FsError('ENOENT', 'branch', name);
    return found;
  }

  /** The branch whose upper layer this is; undefined for a frozen layer. */
  ofLayer(layer: LowerLayer): Namespace | undefined {
    for (const ns of this.#branches.values()) if (ns.upper === layer) return ns;
    return undefined;
  }

  /** @throws FsError EEXIST, ENOENT; EINVAL for an empty name, or for both a parent and a snapshot */
  create(name: string, origin: { parent?: string; snapshot?: string } = {}): Namespace {
    if (name === '' || (origin.parent !== undefined && origin.snapshot !== undefined))
      throw new FsError('EINVAL', 'branch', name);
    if (this.#branches.has(name)) throw new FsError('EEXIST', 'branch', name);
    const base = origin.snapshot === undefined ? [] : [...this.#snapshot(origin.snapshot).layers];
    const parent = origin.snapshot === undefined ? this.get(origin.parent ?? MAIN) : null;
    const ns = new Namespace(name, this.#state, this.#layer(), base, parent);
    this.#branches.set(name, ns);
    if (origin.snapshot !== undefined) this.#origins.set(name, origin.snapshot);
    this.#state.epoch++;
    return ns;
  }

  /** @throws FsError ENOENT; EBUSY for main and for a branch with live branches above it */
  delete(name: string): void {
    const ns = this.get(name);
    const used = [...this.#branches.values()].some((other) => other.parent === ns);
    if (name === MAIN || used) throw new FsError('EBUSY', 'branch', name);
    this.#branches.delete(name);
    this.#origins.delete(name);
    this.#state.epoch++;
  }

  /** Removes from the table, and returns, the layers that no branch and no snapshot uses. */
  collect(): MemoryLayer[] {
    const used = new Set<LowerLayer>();
    for (const ns of this.#branches.values()) for (const layer of [ns.upper, ...ns.base]) used.add(layer);
    for (const layer of this.#lowest) used.add(layer);
    for (const { layers } of this.#snapshots.values()) for (const layer of layers) used.add(layer);
    const gone = [...this.#layers].filter((layer) => !used.has(layer));
    for (const layer of gone) this.#layers.delete(layer);
    return gone;
  }

  /**
   * Replaces the branch's contents by the snapshot's. The branch no longer follows a live parent.
   *
   * @returns the branch as it was before @throws FsError ENOENT
   */
  restore(branch: string, snapshot: string): Namespace {
    const { layers } = this.#snapshot(snapshot);
    const before = this.#replace(branch, [...layers], null);
    this.#origins.set(branch, snapshot);
    return before;
  }

  /** Drops the branch's own changes. @returns the branch as it was before @throws FsError ENOENT, EINVAL for main */
  discard(branch: string): Namespace {
    const ns = this.get(branch);
    const origin = this.#origins.get(branch);
    if (origin !== undefined) return this.restore(branch, origin);
    if (branch === MAIN && this.#lowest.length > 0) return this.#replace(branch, [...this.#lowest], null);
    if (ns.parent === null) throw new FsError('EINVAL', 'branch', branch);
    return this.#replace(branch, [], ns.parent);
  }

  /** The branch and all live branches above it, each mapped to its view while `branch` was `before`. */
  withDependents(branch: Namespace, before: Namespace): Map<Namespace, Namespace> {
    const found = new Map([[branch, before]]);
    // The map is in order of creation, so a parent precedes its children.
    for (const ns of this.#branches.values()) {
      const below = ns.parent && found.get(ns.parent);
      if (below) found.set(ns, new Namespace(ns.name, this.#state, ns.upper, ns.base, below));
    }
    return found;
  }

  #replace(branch: string, base: LowerLayer[], parent: Namespace | null): Namespace {
    const ns = this.get(branch);
    const before = new Namespace(ns.name, this.#state, ns.upper, ns.base, ns.parent);
    ns.upper = this.#layer();
    ns.base = base;
    ns.parent = parent;
    this.#state.epoch++;
    return before;
  }

  list(): BranchInfo[] {
    return [...this.#branches.values()].map((ns) => ({
      name: ns.name,
      parent: ns.parent?.name,
      snapshot: this.#origins.get(ns.name),
    }));
  }

  #snapshot(name: string): Snapshot {
    const found = this.#snapshots.get(name);
    if (!found) throw new FsError('ENOENT', 'snapshot', name);
    return found;
  }

  /** @throws FsError EEXIST, ENOENT */
  snapshot(branch: string, name: string): void {
    const ns = this.get(branch);
    if (name === '') throw new FsError('EINVAL', 'snapshot', name);
    if (this.#snapshots.has(name)) throw new FsError('EEXIST', 'snapshot', name);
    this.freeze(ns);
    const [, ...layers] = ns.layers();
    this.#snapshots.set(name, { name, branch, layers: layers.filter((layer) => layer.frozen) });
  }

  snapshots(): SnapshotInfo[] {
    return [...this.#snapshots.values()].map(({ name, branch }) => ({ name, branch }));
  }

  /** Branches created from the snapshot keep their contents. @throws FsError ENOENT */
  deleteSnapshot(name: string): void {
    this.#snapshot(name);
    this.#snapshots.delete(name);
  }

  /** Makes the current contents of the branch immutable, below a new upper layer. */
  freeze(ns: Namespace): void {
    if (ns.parent) this.freeze(ns.parent);
    const old = ns.upper;
    if (old.inodes.size === 0) return;
    old.frozen = true;
    ns.base = [old, ...ns.base];
    ns.upper = this.#layer();
    this.#state.epoch++;
    for (const node of this.#held(old)) this.#moveUp(ns, old, node);
  }

  /** Moves a held inode into the new upper layer; the frozen layer keeps a copy. */
  #moveUp(ns: Namespace, old: MemoryLayer, node: Inode): void {
    const copy = new Record(node.ino, node.mode, node.uid, node.gid);
    copyMetadata(node, copy);
    copy.entry = node.entry;
    copy.others = node.others;
    this.#state.copyBytes(node, copy, old);
    if (node.nlink === 0) old.inodes.delete(node.ino);
    else old.inodes.set(node.ino, copy);
    const places = [node.entry, ...(node.others ?? [])];
    for (const entry of places) if (entry?.node === node) entry.node = copy;
    node.entry = node.others = null;
    ns.upper.inodes.set(node.ino, node);
    if (node.object) node.object.layer = ns.upper;
    for (const entry of places) if (entry) ns.pin(entry, node);
  }
}
