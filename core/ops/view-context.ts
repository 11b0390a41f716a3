/** What every operation needs: whose view it is, and the core behind it. */
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

/** A change that an operation committed: what the core makes an event of. */
export interface CommittedChange {
  readonly kind: EventKind;
  /** Branch that the operation worked in. */
  readonly ns: Namespace;
  /** Process that caused it; 0 for the host. */
  readonly pid: number;
  readonly node: Inode;
  /** Directory of `name`; null where an open file changed, which has any of its names or none. */
  readonly dir: Inode | null;
  readonly name: string;
  /** A set of `Detail` bits. */
  readonly detail: number;
  readonly rename?: RenameFacts;
}

export interface StatFs {
  /** Bytes. */
  readonly blockSize: number;
  readonly blocks: number;
  readonly free: number;
  readonly files: number;
  readonly filesFree: number;
  /** Bytes. */
  readonly nameMax: number;
}

/** What operations ask of the core. */
export interface Engine {
  readonly now: Now;
  readonly content: ContentStore;
  readonly mounts: Mounts;
  nextIno(): number;
  /** Journal and deliver the event of a change. After commit. */
  emit(change: CommittedChange): void;
  /** An inode lost its last name: free it once nobody holds it. */
  orphaned(ns: Namespace, node: Inode): void;
  /** Give what was opened an object file, where that is how it is read. */
  promote(ns: Namespace, node: Inode, flags: number): void;
  statfs(blockSize: number): StatFs;
  hold(ino: number): void;
  /** Is it held? */
  kept(ino: number): boolean;
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

/** The same with the name it was found by, for events: a file may have several. */
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

/** The branch's own record of what is about to lose one name. */
export const ownLosing = ({ core, ns }: ViewContext, node: Inode): Inode =>
  ns.own(node, node.nlink === 1 && !core.kept(node.ino));

const WRITE_SEARCH = 3;

/** The directory of a new name, checked as Linux checks it; the caller has seen to what is there already. */
export function requireMayAdd(view: ViewContext, to: Walk, op: string, place: Place): void {
  if (to.dir.nlink === 0) fail('ENOENT', op, place);
  requireMay(view, to.dir, WRITE_SEARCH, op, place);
}

/** May the name be taken away (or over)? */
export function requireMayRemove(view: ViewContext, dir: Inode, node: Inode, op: string, place: Place): void {
  if (view.who.uid === 0) return;
  requireMay(view, dir, WRITE_SEARCH, op, place);
  if (!stickyAllows(view.who, dir, node)) fail('EPERM', op, place);
}

/** Stamp mtime and ctime of a directory whose entries changed. The clock has been read. */
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
