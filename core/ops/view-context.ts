/** The context of every operation: the view it acts for, and the core behind it. */
import type { Now } from '../clock.ts';
import type { ContentStore } from '../content/content-store.ts';
import { type ErrnoCode, FsError } from '../errors.ts';
import type { EventKind, FsEvent } from '../events/fs-event.ts';
import type { Inode } from '../layers/inode.ts';
import type { Namespace } from '../layers/namespace.ts';
import { type Caller, may, stickyAllows } from '../permission.ts';
import { Last, type Mounts, type Place, type Walk, type Walker, walk } from '../walk.ts';

export interface RenameFacts {
  readonly fromDir: Inode;
  readonly fromName: string;
  /** Path before the rename. */
  readonly from: string;
  readonly replaced?: FsEvent['replaced'];
}

/** A change that an operation committed; the core turns it into an event. */
export interface CommittedChange {
  readonly kind: EventKind;
  /** Branch that the operation worked in. */
  readonly ns: Namespace;
  /** Process that caused it; 0 for the host. */
  readonly pid: number;
  readonly node: Inode;
  /** Directory of `name`; null if the change was made through a descriptor, so that any of its names, or none, applies. */
  readonly dir: Inode | null;
  readonly name: string;
  /** A set of `Detail` bits. */
  readonly detail: number;
  readonly rename?: RenameFacts;
}

/** Size and usage of the filesystem, as statfs returns them. Counts are in blocks and inodes. */
export interface StatFs {
  /** Bytes. */
  readonly blockSize: number;
  /** Blocks in total: the quota, or 1 TiB without one. */
  readonly blocks: number;
  /** Blocks free. */
  readonly free: number;
  /** Inodes in use. */
  readonly files: number;
  /** Inodes free. */
  readonly filesFree: number;
  /** Bytes. */
  readonly nameMax: number;
}

/** The core's interface to operations. */
export interface Engine {
  readonly now: Now;
  readonly content: ContentStore;
  readonly mounts: Mounts;
  nextIno(): number;
  /** Journals and delivers the event of a change. Called after the commit. */
  emit(change: CommittedChange): void;
  /** Frees an inode that lost its last name once it is no longer held. */
  orphaned(ns: Namespace, node: Inode): void;
  /** Gives an opened inode an object file if it is to be opened natively. */
  promote(ns: Namespace, node: Inode, flags: number): void;
  statfs(blockSize: number): StatFs;
  hold(ino: number): void;
  /** Whether this process holds the inode. */
  isHeld(ino: number): boolean;
  release(ino: number): void;
}

export interface ViewContext extends Walker {
  readonly core: Engine;
  readonly ns: Namespace;
  readonly who: Caller;
}

/** The inode at `place`. @throws FsError ENOENT and the walk's errors */
export function resolve(view: ViewContext, place: Place, follow: boolean, op: string): Inode {
  const found = walk(view, place, follow ? Last.Follow : Last.NoFollow, op);
  if (!found.node) throw new FsError('ENOENT', op, place.path);
  return found.node;
}

/** Like `resolve`, plus the name that led to the inode, for events: a file may have several. */
export function locate(
  view: ViewContext,
  place: Place,
  follow: boolean,
  op: string,
): { node: Inode; dir: Inode | null; name: string } {
  const { kind, node, dir, name } = walk(view, place, follow ? Last.Follow : Last.NoFollow, op);
  if (!node) throw new FsError('ENOENT', op, place.path);
  return { node, dir: kind === 'name' ? dir : null, name };
}

export type Located = ReturnType<typeof locate>;

export const fail = (code: ErrnoCode, op: string, place: Place, dest?: Place): never => {
  throw new FsError(code, op, place.path, dest?.path);
};

export function requireMay(view: ViewContext, node: Inode, want: number, op: string, place: Place): void {
  if (view.who.uid !== 0 && !may(view.who, node, want)) fail('EACCES', op, place);
}

/** The branch's own record of an inode that is about to lose one name. */
export const ownLosing = ({ core, ns }: ViewContext, node: Inode): Inode =>
  ns.own(node, node.nlink === 1 && !core.isHeld(node.ino));

const WRITE_SEARCH = 3;

/** Checks that a name may be created in the directory, as Linux does; the caller has handled an existing name. */
export function requireMayAdd(view: ViewContext, to: Walk, op: string, place: Place): void {
  if (to.dir.nlink === 0) fail('ENOENT', op, place);
  requireMay(view, to.dir, WRITE_SEARCH, op, place);
}

/** Checks that the name may be removed or replaced. */
export function requireMayRemove(view: ViewContext, dir: Inode, node: Inode, op: string, place: Place): void {
  if (view.who.uid === 0) return;
  requireMay(view, dir, WRITE_SEARCH, op, place);
  if (!stickyAllows(view.who, dir, node)) fail('EPERM', op, place);
}

/** Sets mtime and ctime of a directory whose entries changed. The clock has been read. */
export function stampEntries(dir: Inode, now: Now): void {
  dir.mtimeSec = dir.ctimeSec = now.sec;
  dir.mtimeNsec = dir.ctimeNsec = now.nsec;
}

export function stampChange(node: Inode, now: Now): void {
  node.ctimeSec = now.sec;
  node.ctimeNsec = now.nsec;
}

export function stampModify(node: Inode, now: Now): void {
  node.mtimeSec = node.ctimeSec = now.sec;
  node.mtimeNsec = node.ctimeNsec = now.nsec;
}
