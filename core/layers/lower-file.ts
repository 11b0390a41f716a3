/** What a record of a real directory's layer knows of the real file behind it. */
import type { Inode } from './inode.ts';

/** What tells one state of a real file from another. Times in nanoseconds. */
export interface LowerVersion {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtime: bigint;
  /** With the type's bits. Mode and owner do not tell states of the contents apart. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export const sameVersion = (a: LowerVersion, b: LowerVersion): boolean =>
  a.ino === b.ino && a.dev === b.dev && a.size === b.size && a.mtime === b.mtime;

export interface LowerFile {
  /** The layer's record of it; copies in other layers read their bytes through the same LowerFile. */
  readonly record: Inode;
  readonly version: LowerVersion;
  /** Its path for this process, through the pinned directory. */
  readonly path: string | Buffer;
  /** Its path as programs see it, if nothing were renamed in the core. */
  readonly realPath: string;
  /** Bytes, as of now. */
  size(): number;
}
