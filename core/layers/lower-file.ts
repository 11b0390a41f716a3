/** The real file behind a record of a real directory's layer. */
import type { Inode } from './inode.ts';

/** The attributes by which two states of a real file are compared. Times in nanoseconds. */
export interface LowerVersion {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtime: bigint;
  /** With the type's bits. `sameVersion` compares contents, and so ignores mode and owner. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export const sameVersion = (a: LowerVersion, b: LowerVersion): boolean =>
  a.ino === b.ino && a.dev === b.dev && a.size === b.size && a.mtime === b.mtime;

export interface LowerFile {
  /** The layer's record of the file; copies in other layers read their bytes through the same LowerFile. */
  readonly record: Inode;
  readonly version: LowerVersion;
  /** The file's path for this process, through the pinned directory. */
  readonly path: string | Buffer;
  /** The file's path in the real filesystem, which ignores renames in the core. */
  readonly realPath: string;
  /** Current size in bytes. */
  size(): number;
}
