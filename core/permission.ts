/** Permission checks by POSIX and Linux's generic rules. Root may do everything except execute a file without an x bit. */
import { S_ISVTX, X_OK } from './constants.ts';
import type { Inode } from './layers/inode.ts';

/** The process that a view acts for, with its identity. */
export interface Caller {
  /** 0 for the host itself. */
  readonly pid: number;
  /** User id; 0 may do everything except execute a file without an x bit. */
  readonly uid: number;
  /** Group id. */
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups?: readonly number[];
  /** Permission bits that new files do not get. */
  readonly umask: number;
}

export const inGroup = (who: Caller, gid: number): boolean =>
  who.gid === gid || (who.groups?.includes(gid) ?? false);

/** @param want a set of R_OK, W_OK, X_OK */
export function may(who: Caller, node: Inode, want: number): boolean {
  const { mode } = node;
  if (who.uid === 0) return !(want & X_OK) || node.table !== null || (mode & 0o111) !== 0;
  const bits = who.uid === node.uid ? mode >> 6 : inGroup(who, node.gid) ? mode >> 3 : mode;
  return (bits & want) === want;
}

export const isOwner = (who: Caller, node: Inode): boolean => who.uid === 0 || who.uid === node.uid;

/** Whether the sticky bit lets `who` remove names of `node` from `dir`. */
export const stickyAllows = (who: Caller, dir: Inode, node: Inode): boolean =>
  !(dir.mode & S_ISVTX) || who.uid === 0 || who.uid === node.uid || who.uid === dir.uid;
