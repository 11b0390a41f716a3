/** A file as replication sees it, and the rules for equality. */
import { sameXattrs, type Xattrs } from './xattrs.ts';

/** Attributes of a file that replication compares and copies. */
export interface ReplicaNode {
  /** Type of the file. */
  readonly type: 'file' | 'directory' | 'symlink';
  /** Permission bits; meaningless for a symbolic link. */
  readonly mode: number;
  /** Nanoseconds since the epoch. */
  readonly mtime: bigint;
  /** Bytes; 0 for a directory. */
  readonly size: number;
  /** Target of a symbolic link. */
  readonly link?: string;
  /** Changes with every change of the file, if the filesystem supports it: detects a write during a read. */
  readonly version?: string;
  /** Identity of a file with several names: equal for all its names. */
  readonly inode?: string;
  /** Absent if the system does not report owners. */
  readonly uid?: number;
  /** Group id; absent if the system does not report owners. */
  readonly gid?: number;
  /** Absent if extended attributes are unsupported or unknown. */
  readonly xattrs?: Xattrs;
}

/** Node sets times as floating-point seconds, of which it keeps whole microseconds. */
const TIME_TOLERANCE_NS = 1500n;

export const sameTime = (a: bigint, b: bigint): boolean => {
  const apart = a - b;
  return apart <= TIME_TOLERANCE_NS && -apart <= TIME_TOLERANCE_NS;
};

/** Whether the bytes are equal, judging by size and time. */
export function sameContent(a: ReplicaNode, b: ReplicaNode): boolean {
  if (a.type !== b.type) return false;
  if (a.type === 'symlink') return a.link === b.link;
  return a.type === 'directory' || (a.size === b.size && sameTime(a.mtime, b.mtime));
}

/** @param owners compare owners, too */
export const sameAttributes = (a: ReplicaNode, b: ReplicaNode, owners = false): boolean =>
  (a.type === 'symlink' || a.mode === b.mode) &&
  sameTime(a.mtime, b.mtime) &&
  sameXattrs(a.xattrs, b.xattrs) &&
  (!owners || (a.uid === b.uid && a.gid === b.gid));

/** `a/b` in '' is `a/b`. */
export const within = (dir: string, name: string): string => (dir === '' ? name : `${dir}/${name}`);

/** The directory that contains `path`, '' for the root. */
export const holder = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
