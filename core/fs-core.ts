/**
 * The filesystem: one tree in any number of branches, the bytes of its files, and the journal of its changes.
 *
 * Everything is synchronous and in one thread. Callers work through views (`view`), which act for a process, or
 * through `fs`, which has the interface of Node's; both end here. An operation commits, then its one event is emitted,
 * then the operation returns.
 */
import type { BigIntStats } from 'node:fs';
import type { Observable } from 'rxjs';
import type { Attr } from './attr.ts';
import { type Clock, Now } from './clock.ts';
import { type Backstore, ContentStore } from './content/content-store.ts';
import { NativeFiles } from './content/native-files.ts';
import type { SinkErrorHandler } from './events/event-hub.ts';
import { EventSource } from './events/event-source.ts';
import type { EventSink, FsEvent } from './events/fs-event.ts';
import { FsView, type Place } from './fs-view.ts';
import type { History, Journal, JournalLimits } from './journal.ts';
import { type BranchInfo, BranchTable, MAIN, type SnapshotInfo } from './layers/branch-table.ts';
import { differences } from './layers/difference.ts';
import { HostLayer } from './layers/host-layer.ts';
import type { Inode } from './layers/inode.ts';
import { Lifetimes } from './layers/lifetimes.ts';
import type { MemoryLayer } from './layers/memory-layer.ts';
import type { Namespace, TreeState } from './layers/namespace.ts';
import { visibleIn } from './layers/visibility.ts';
import { Lineage } from './lineage.ts';
import { MountTable, newDirectory, type Owner } from './mounts.ts';
import { type NodeFs, nodeFs } from './node-fs/node-fs.ts';
import type { Holder, ObjectId } from './numbers.ts';
import { FIRST_SEQ } from './ops/directory.ts';
import { hide } from './ops/hide.ts';
import type { CommittedChange, StatFs } from './ops/view-context.ts';
import type { OverlayChange } from './overlay/changes.ts';
import { type OverlayCommit, Overlays } from './overlay/overlays.ts';
import type { RealDependency, WalkOutcome } from './overlay/real-dependency.ts';
import type { Caller } from './permission.ts';

/** Configuration of FsCore; every field is optional. */
export interface FsCoreConfig {
  /** Absolute paths of the virtual subtrees. Default: `['/']`, or none if there are overlays. */
  readonly mounts?: readonly string[];
  /** Real directories, absolute and without symbolic links: each is a mount at its own path, above its real contents. */
  readonly overlays?: readonly string[];
  /** Default: true. If false, neither events nor a journal. */
  readonly trackEvents?: boolean;
  /** Storage for files that processes open natively. Default: memory, without native opens. */
  readonly backstore?: Backstore;
  /** Nanoseconds since the epoch. Default: the system's clock. */
  readonly clock?: Clock;
  /** Bounds of the journal. Default: 65,536 events, 32 MiB and one hour. */
  readonly journal?: Partial<JournalLimits>;
  /** Total bytes of all files. Default: no limit. */
  readonly maxBytes?: number;
  /** Owner of the mounts' root directories. Default: this process's user and group. */
  readonly owner?: Owner;
  /** Called with the first error that each sink throws. Default: ignored. */
  readonly onSinkError?: SinkErrorHandler;
}

const ROOT_INO = 1;
/** Size in bytes that statfs reports if there is no quota. */
const UNLIMITED = 2 ** 40;

/** The filesystem; see above. Methods that take the name of a branch or snapshot throw FsError ENOENT if it is unknown. */
export class FsCore {
  /** @internal */
  readonly now: Now;
  /** @internal */
  readonly content: ContentStore;
  /** @internal */
  readonly branches: BranchTable;
  /** @internal */
  readonly mounts: MountTable;
  /** Mounts above real directories. */
  readonly overlays: readonly string[];
  /** User and group of in-process callers. */
  readonly owner: Owner;
  /** The main branch, with the interface of Node's `fs`. */
  readonly fs: NodeFs;
  readonly #events: EventSource;
  readonly #native: NativeFiles;
  readonly #lifetimes: Lifetimes;
  readonly #lineage = new Lineage();
  readonly #overlays: Overlays;
  #lastIno = ROOT_INO;

  constructor(config: FsCoreConfig = {}) {
    this.now = new Now(config.clock);
    const maxBytes = config.maxBytes ?? Number.POSITIVE_INFINITY;
    this.content = new ContentStore(config.backstore ?? { kind: 'memory' }, maxBytes);
    this.owner = config.owner ?? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const state: TreeState = {
      rootIno: ROOT_INO,
      epoch: 0,
      nextSeq: FIRST_SEQ,
      copyBytes: (from, to, layer) => this.content.copy(from, to, layer),
    };
    const held = (layer: MemoryLayer): Iterable<Inode> => this.#native.heldIn(layer);
    this.branches = new BranchTable(state, newDirectory(this, ROOT_INO, this.owner), held);
    const { overlays = [] } = config;
    this.overlays = overlays;
    this.mounts = new MountTable([...(config.mounts ?? (overlays.length > 0 ? [] : ['/'])), ...overlays]);
    const host = overlays.length > 0 ? this.#hostLayer(state) : undefined;
    this.#overlays = new Overlays(overlays, host, this.content);
    this.mounts.plant(this, this.branches.get(MAIN), this.owner, (path) =>
      overlays.includes(path) ? host?.addRoot(path) : undefined,
    );
    const { journal, trackEvents: enabled = true, onSinkError = () => {} } = config;
    this.#events = new EventSource({ enabled, journal, onSinkError }, this.branches, this.now);
    this.#native = new NativeFiles(this, this.branches);
    this.#lifetimes = new Lifetimes(this.content, this.branches);
    if (host) this.branches.addLowerLayer(host);
    this.fs = this.fsFor(MAIN);
  }

  #hostLayer(state: TreeState): HostLayer {
    return new HostLayer({
      nextIno: () => this.nextIno(),
      nextSeq: () => state.nextSeq++,
      changing: (record) => this.content.abandon(record),
      moved: () => state.epoch++,
    });
  }

  // Views and events.

  /** A branch as one caller sees it. @throws FsError ENOENT */
  view(branch: string, who: Caller): FsView {
    return new FsView(this, this.branches.get(branch), who);
  }

  /**
   * A branch with the interface of Node's `fs`. It acts as the owner of the mounts' roots, with the fields of `who`
   * overriding. Paths outside every mount do not exist in it.
   *
   * @throws FsError ENOENT if there is no such branch
   */
  fsFor(branch: string, who: Partial<Caller> = {}): NodeFs {
    const caller: Caller = { pid: 0, ...this.owner, umask: 0o022, ...who };
    return nodeFs(this.view(branch, caller), (sink) => this.subscribe(sink, { branch }));
  }

  /** Whether changes become events; see `FsCoreConfig`. */
  get trackEvents(): boolean {
    return this.#events.enabled;
  }

  /** The most recent events. @internal */
  get journal(): Journal {
    return this.#events.journal;
  }

  /** Events after id `since` in `branch`, including those of its parent from before the branch existed. @throws FsError ENOENT */
  history(branch: string, since: number): History {
    this.branches.get(branch);
    return this.#lineage.history(this.journal, branch, since);
  }

  /**
   * Delivers every committed change to `sink`, in order. With `branch`: the changes visible in that branch (see `visible`).
   *
   * A sink that throws stays subscribed and does not affect others; its first error goes to `onSinkError`. Events caused
   * from within a sink are delivered after the current event.
   *
   * @returns a function that ends the subscription
   */
  subscribe(sink: EventSink, options: { branch?: string } = {}): () => void {
    return this.#events.hub.subscribe(sink, options.branch);
  }

  /** Every committed change, in order, as its own branch sees it. */
  get events$(): Observable<FsEvent> {
    return this.#events.hub.events$;
  }

  /** The newest event's id, or the id given to `raiseEventId` if that is higher. */
  get lastEventId(): number {
    return this.#events.lastId;
  }

  /** Makes every later event's id greater than `id`, for callers that merge the ids of another system. < 2^53 */
  raiseEventId(id: number): void {
    this.#events.raise(id);
  }

  /** Allocates an id between two events, for a notice that goes to some watchers only. @internal */
  takeEventId(): number {
    return this.#events.nextId();
  }

  /** `event`, just emitted, as `branch` sees it; null if it changed nothing there. */
  visible(event: FsEvent, branch: string): FsEvent | null {
    return visibleIn(event, this.branches.get(event.branch), this.branches.get(branch));
  }

  // Objects: files that processes hold open natively.

  /** Records that `holder` may have the object open. Idempotent: `closed` once reverts any number of calls. @internal */
  opened(oid: ObjectId, holder: Holder): void {
    this.#native.opened(oid, holder);
  }

  /** Records that `holder` no longer has the object open. @internal */
  closed(oid: ObjectId, holder: Holder): void {
    this.#native.closed(oid, holder);
  }

  /** Records that `holder` has ended: it holds no objects. @internal */
  released(holder: Holder): void {
    this.#native.released(holder);
  }

  /** Index of an object's dirty mark in the shared page; undefined if there is none. @internal */
  slotOf(oid: ObjectId): number | undefined {
    return this.#native.slotOf(oid);
  }

  /** Attributes of the inode behind an object, as fstat returns them. @throws FsError ESTALE if the object is freed @internal */
  statObject(oid: ObjectId): Attr {
    return this.#native.stat(oid);
  }

  /**
   * Reports a native write by `pid`. Emits Modified if the object's size or mtime differs from the last report.
   *
   * @param options.force emit even if nothing seems changed (same size, within one tick of the kernel's clock)
   * @param options.uid the writer; for any uid but 0 (the default) the write clears the set-user-ID bit
   * @returns whether an event was emitted
   * @internal
   */
  touched(oid: ObjectId, pid: number, options: { force?: boolean; uid?: number } = {}): boolean {
    return this.#native.touched(oid, pid, options.force ?? false, options.uid ?? 0);
  }

  // Branches.

  /** Default parent: main, live. @throws FsError EEXIST, ENOENT, EINVAL */
  createBranch(name: string, origin: { parent?: string; snapshot?: string } = {}): void {
    const { parent } = this.branches.create(name, origin);
    this.#lineage.created(name, this.lastEventId, parent?.name);
  }

  /** @throws FsError ENOENT; EBUSY for main and for a branch with live branches above it */
  deleteBranch(name: string): void {
    this.branches.delete(name);
    this.#lineage.deleted(name);
    this.#collect();
  }

  /** Frees layers that no branch and no snapshot uses. */
  #collect(): void {
    for (const layer of this.branches.collect())
      for (const node of layer.inodes.values()) this.content.free(node);
  }

  /** All branches, main first. */
  listBranches(): BranchInfo[] {
    return this.branches.list();
  }

  /** Keeps the present contents of `branch` under a name. @throws FsError EEXIST, ENOENT, EINVAL for an empty name */
  snapshot(branch: string, name: string): void {
    this.branches.snapshot(branch, name);
  }

  /** All snapshots, oldest first. */
  listSnapshots(): SnapshotInfo[] {
    return this.branches.snapshots();
  }

  /** Branches created from the snapshot keep their contents. @throws FsError ENOENT */
  deleteSnapshot(name: string): void {
    this.branches.deleteSnapshot(name);
    this.#collect();
  }

  /**
   * Replaces a branch's contents by a snapshot's; it no longer follows a live parent. The difference is emitted as
   * events of this branch and of each live branch above it.
   *
   * @throws FsError ENOENT
   */
  restoreSnapshot(branch: string, name: string): void {
    this.#publishDifference(branch, this.branches.restore(branch, name));
  }

  /** Drops a branch's own changes. Emits the difference as events. @throws FsError ENOENT, EINVAL for main without overlays */
  discardBranch(name: string): void {
    this.#publishDifference(name, this.branches.discard(name));
  }

  #publishDifference(branch: string, before: Namespace): void {
    this.now.read();
    for (const [ns, old] of this.branches.withDependents(this.branches.get(branch), before))
      for (const change of differences(old, ns)) this.#events.publishIn(change, ns, 0);
    this.#collect();
  }

  /** Puts a whiteout at `path` into the branch: the path ceases to exist there. @throws FsError ENOENT, EBUSY */
  hide(branch: string, path: string): void {
    const ns = this.branches.get(branch);
    if (ns.single) this.branches.freeze(ns);
    hide(this.view(branch, { pid: 0, uid: 0, gid: 0, umask: 0 }), { path });
  }

  /** Changes that lead from one branch's view to another's, as events of the latter. Cost: both trees are walked. */
  diff(from: string, to: string): FsEvent[] {
    if (from === to) return [];
    this.now.read();
    const { time } = this.#events;
    return differences(this.branches.get(from), this.branches.get(to)).map((change) => ({
      ...change,
      id: this.#events.nextId(),
      pid: 0,
      branch: to,
      time,
    }));
  }

  // Overlays.

  /** The differences between a branch and the real directories below it. @throws FsError ENOENT */
  overlayChanges(branch: string): OverlayChange[] {
    return this.#overlays.changes(this.branches.get(branch));
  }

  /**
   * Applies the branch's changes to the real directories.
   *
   * @param options.force apply changes that conflict with changes of the real files, too; without it, a single
   *   conflict prevents the whole commit and `conflicts` lists them all
   */
  commitOverlays(branch: string, options: { force?: boolean } = {}): OverlayCommit {
    return this.#overlays.commit(this.branches.get(branch), options.force ?? false);
  }

  /** See Overlays. @internal */
  realDependency(branch: string, place: Place, found: WalkOutcome): RealDependency | 'free' | undefined {
    return this.#overlays.dependency(this.branches.get(branch), place, found);
  }

  /** See Overlays. @internal */
  realInode(path: string, stat: BigIntStats): number | undefined {
    return this.#overlays.inode(path, stat);
  }

  /** The bytes of a record listed by `overlayChanges`; for a symbolic link, its target. @internal */
  overlayBytes(node: Inode): Buffer {
    return node.isSymlink() ? Buffer.from(node.symlink) : this.content.readAll(node);
  }

  /** Closes the core's descriptors. The object files stay on disk. */
  close(): void {
    this.content.close();
    this.#overlays.close();
  }

  // The interface of the core to operations (`Engine`).

  /** @internal */
  emit(change: CommittedChange): void {
    this.#events.emit(change);
  }

  /** @internal */
  nextIno(): number {
    return ++this.#lastIno;
  }

  /** @internal */
  orphaned(ns: Namespace, node: Inode): void {
    this.#lifetimes.orphaned(ns, node);
  }

  /** @internal */
  hold(ino: number): void {
    this.#lifetimes.hold(ino);
  }

  /** Whether this process holds the inode. @internal */
  isHeld(ino: number): boolean {
    return this.#lifetimes.holds(ino);
  }

  /** @internal */
  release(ino: number): void {
    this.#lifetimes.release(ino);
  }

  /** @internal */
  promote(ns: Namespace, node: Inode, flags: number): void {
    this.#native.promote(ns, node, flags);
  }

  /** @internal */
  statfs(blockSize: number): StatFs {
    const limit = Number.isFinite(this.content.maxBytes) ? this.content.maxBytes : UNLIMITED;
    const blocks = Math.floor(limit / blockSize);
    const used = Math.ceil(this.content.used / blockSize);
    let files = 0;
    for (const ns of this.branches.all()) files += ns.upper.inodes.size;
    return { blockSize, blocks, free: Math.max(0, blocks - used), files, filesFree: 2 ** 32, nameMax: 255 };
  }
}
