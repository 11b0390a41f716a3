/**
 * The known state of a real tree, against which a backend's reports are interpreted.
 *
 * Backends report create, update, delete, in no order and possibly out of date. Compared with the state known
 * before and the state now, reports become changes: renames are found by inode, the contents of a new directory are
 * listed, repeated reports and reports of stale paths are dropped.
 */
import type { BigIntStats } from 'node:fs';
import type { BackendEvent } from './backend.ts';
import type { Change, ChangeType } from './change.ts';
import { above, below, covers, parentOf, moved as underNewName } from './paths.ts';
import type { TreeEntry } from './scope.ts';

export interface FileState {
  readonly ino: bigint;
  readonly type: ChangeType;
  readonly size: bigint;
  readonly mtime: bigint;
  readonly ctime: bigint;
  /** Birth time: distinguishes successive files with the same inode number. */
  readonly birth: bigint;
  readonly links: number;
}

/** The inventory's access to the filesystem. */
export interface Tree {
  /** lstat; undefined if the path does not exist. */
  look(path: string): FileState | undefined;
  /** Everything below, parents first; with `flat` only the directory's own entries. */
  list(path: string, flat?: boolean): Iterable<TreeEntry>;
}

export function fileState(stats: BigIntStats): FileState {
  let type: ChangeType = 'file';
  if (stats.isDirectory()) type = 'directory';
  else if (stats.isSymbolicLink()) type = 'symlink';
  else if (stats.isFIFO()) type = 'fifo';
  else if (stats.isSocket()) type = 'socket';
  else if (!stats.isFile()) type = stats.isBlockDevice() ? 'block' : 'char';
  const { ino, size, mtimeNs: mtime, ctimeNs: ctime, birthtimeNs: birth } = stats;
  return { ino, type, size, mtime, ctime, birth, links: Number(stats.nlink) };
}

type InferredChange = Pick<Change, 'kind' | 'path' | 'from' | 'type' | 'replaced' | 'ino' | 'links'>;

interface Lookups {
  readonly removed: Map<string, FileState | undefined>;
  readonly created: Map<string, FileState>;
  readonly touched: Map<string, InferredChange>;
}

const facts = (known: FileState): Pick<InferredChange, 'type' | 'ino' | 'links'> => ({
  type: known.type,
  ino: Number(known.ino),
  links: known.links,
});

/** Larger directories are not checked again: the cost would exceed the benefit. */
const RECHECK_ENTRIES = 1000;
const RECHECK_KNOWN = 10_000;

export class Inventory {
  readonly #known = new Map<string, FileState>();
  readonly #tree: Tree;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  get size(): number {
    return this.#known.size;
  }

  clear(): void {
    this.#known.clear();
  }

  /** Records the state at and below `root`, so that renames and the types of deleted files are known. */
  learn(root: string): void {
    for (const { path } of this.#tree.list(root)) {
      const known = this.#tree.look(path);
      if (known) this.#known.set(path, known);
    }
  }

  /** Changes in an order in which they can be applied; and new directories that contain directories. */
  take(events: readonly BackendEvent[]): { changes: InferredChange[]; arrived: string[] } {
    const looks: Lookups = { removed: new Map(), created: new Map(), touched: new Map() };
    for (const event of events) this.#look(event, looks);
    const arrived = this.#enter(looks);
    const renames = this.#pair(looks);
    this.#forget(looks);
    const changes: InferredChange[] = [];
    for (const [path, known] of descending(looks.removed))
      changes.push({ kind: 'delete', path, ...(known ? facts(known) : { type: 'unknown' }) });
    const created = ascending(looks.created);
    for (const [path, known] of created)
      if (known.type === 'directory') changes.push({ kind: 'create', path, ...facts(known) });
    changes.push(...renames);
    for (const [path, known] of created)
      if (known.type !== 'directory') changes.push({ kind: 'create', path, ...facts(known) });
    changes.push(...looks.touched.values());
    for (const [path, known] of created) this.#known.set(path, known);
    const moved = renames.filter((one) => one.type === 'directory').map((one) => one.path);
    return { changes, arrived: [...new Set([...arrived, ...moved])] };
  }

  /**
   * Changes in `dir` since `since` (nanoseconds since the epoch) that were never reported.
   *
   * Every reported state is known; so an unknown file that changed after the watch began was not reported.
   */
  unreported(dir: string, since: bigint): BackendEvent[] {
    const found: BackendEvent[] = [];
    let entries = 0;
    for (const { path } of this.#tree.list(dir, true)) {
      if (++entries > RECHECK_ENTRIES) return [];
      const now = this.#tree.look(path);
      if (!now) continue;
      const known = this.#known.get(path);
      // A directory's mtime changes with its entries, which have reports of their own; that alone is no change.
      if (known?.type === 'directory' && known.ino === now.ino && known.mtime !== now.mtime) continue;
      if (known ? known.ctime !== now.ctime || known.ino !== now.ino : now.ctime >= since)
        found.push({ type: 'create', path });
    }
    if (this.#known.size <= RECHECK_KNOWN)
      for (const path of this.#known.keys())
        if (parentOf(path) === dir && !this.#tree.look(path)) found.push({ type: 'delete', path });
    return found;
  }

  #look({ type, path }: BackendEvent, { removed, created, touched }: Lookups): void {
    const before = this.#known.get(path);
    const now = this.#tree.look(path);
    if (!now) {
      // Created and removed, or reported under an old name of its directory: it was never known.
      if (before || type === 'delete') removed.set(path, before);
      return;
    }
    if (!before) {
      if (type === 'update') {
        this.#known.set(path, now);
        touched.set(path, { kind: 'update', path, ...facts(now) });
      } else {
        created.set(path, now);
        if (type === 'delete') removed.set(path, undefined);
      }
      return;
    }
    if (before.ino !== now.ino || before.type !== now.type) {
      removed.set(path, before);
      created.set(path, now);
      return;
    }
    this.#known.set(path, now);
    const same = before.mtime === now.mtime && before.size === now.size;
    if (!same) touched.set(path, { kind: 'update', path, ...facts(now) });
    else if (before.ctime !== now.ctime) touched.set(path, { kind: 'attrib', path, ...facts(now) });
  }

  /** Adds the contents of new directories. */
  #enter({ created }: Lookups): string[] {
    const arrived: string[] = [];
    for (const [dir, known] of [...created]) {
      if (known.type !== 'directory') continue;
      let nested = false;
      for (const { path, type } of this.#tree.list(dir)) {
        nested ||= type === 'directory';
        if (created.has(path)) continue;
        const now = this.#tree.look(path);
        if (now && this.#known.get(path)?.ino !== now.ino) created.set(path, now);
      }
      if (nested) arrived.push(dir);
    }
    return arrived;
  }

  /** Pairs deletions and creations of one inode into renames, and removes them from both maps. */
  #pair({ removed, created }: Lookups): InferredChange[] {
    const source = new Map<bigint, string>();
    for (const [path, known] of removed)
      if (known && !removed.has(parentOf(path))) source.set(known.ino, path);
    const renames: InferredChange[] = [];
    for (const [path, known] of ascending(created)) {
      const from = source.get(known.ino);
      const before = from === undefined ? undefined : removed.get(from);
      if (from === undefined || before?.type !== known.type) continue;
      // Circular or interdependent renames are reported as deletions and creations, which is simpler and also correct.
      const tangled =
        created.has(from) ||
        covers(from, path) ||
        covers(path, from) ||
        (known.type !== 'directory' && known.links > 1);
      if (
        tangled ||
        [...above(path)].some((dir) => removed.has(dir)) ||
        [...above(from)].some((dir) => removed.has(dir))
      )
        continue;
      const replaced = removed.get(path);
      if (replaced?.type === 'directory') continue;
      removed.delete(from);
      removed.delete(path);
      created.delete(path);
      renames.push({
        kind: 'rename',
        path,
        from,
        ...facts(known),
        ...(replaced && { replaced: replaced.type }),
      });
      this.#known.delete(from);
      this.#known.set(path, known);
      if (known.type === 'directory') this.#repath(from, path, removed, created);
    }
    return renames;
  }

  #repath(from: string, to: string, removed: Map<string, unknown>, created: Map<string, FileState>): void {
    for (const [path, known] of [...this.#known]) {
      if (!below(from, path)) continue;
      this.#known.delete(path);
      this.#known.set(underNewName(path, from, to), known);
    }
    for (const path of [...removed.keys()]) if (below(from, path)) removed.delete(path);
    for (const [path, known] of [...created])
      if (below(to, path) && this.#known.get(path)?.ino === known.ino) created.delete(path);
  }

  #forget({ removed }: Lookups): void {
    let directories = false;
    for (const [path, known] of removed) {
      this.#known.delete(path);
      directories ||= known === undefined || known.type === 'directory';
    }
    if (!directories) return;
    for (const path of [...this.#known.keys()])
      for (const dir of above(path))
        if (removed.has(dir)) {
          this.#known.delete(path);
          break;
        }
  }
}

const ascending = <T>(map: ReadonlyMap<string, T>): [string, T][] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1));
const descending = <T>(map: ReadonlyMap<string, T>): [string, T][] => ascending(map).reverse();
