/** What replication knows of a file, and when two are the same. */
import { sameXattrs, type Xattrs } from './xattrs.ts';

export interface ReplicaNode {
  readonly type: 'file' | 'directory' | 'symlink';
  /** Permission bits. Of a symbolic link they mean nothing. */
  readonly mode: number;
  /** Nanoseconds since the epoch. */
  readonly mtime: bigint;
  /** Bytes; of a directory 0. */
  readonly size: number;
  /** Of a symbolic link: where it leads to. */
  readonly link?: string;
  /** Changes with every change of the file, if the filesystem can tell: to notice that it was written while read. */
  readonly version?: string;
  /** Of a file with several names: what they have in common. */
  readonly inode?: string;
  /** Absent where the system does not tell. */
  readonly uid?: number;
  readonly gid?: number;
  /** Absent where there can be none, or nobody can tell. */
  readonly xattrs?: Xattrs;
}

/** Times travel to the system as floating-point seconds, of which Node keeps whole microseconds. */
const TIME_TOLERANCE_NS = 1500n;

export const sameTime = (a: bigint, b: bigint): boolean => {
  const apart = a - b;
  return apart <= TIME_TOLERANCE_NS && -apart <= TIME_TOLERANCE_NS;
};

/** Have they the same bytes, as far as size and time tell? */
export function sameContent(a: ReplicaNode, b: ReplicaNode): boolean {
  if (a.type !== b.type) return false;
  if (a.type === 'symlink') return a.link === b.link;
  return a.type === 'directory' || (a.size === b.size && sameTime(a.mtime, b.mtime));
}

/** @param owners compare these, too */
export const sameAttributes = (a: ReplicaNode, b: ReplicaNode, owners = false): boolean =>
  (a.type === 'symlink' || a.mode === b.mode) &&
  sameTime(a.mtime, b.mtime) &&
  sameXattrs(a.xattrs, b.xattrs) &&
  (!owners || (a.uid === b.uid && a.gid === b.gid));

/** `a/b` in '' is `a/b`. */
export const within = (dir: string, name: string): string => (dir === '' ? name : `${dir}/${name}`);

/** The directory that holds `path`, '' for the root. */
export const holder = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
