/**
 * What a mirror does to the real filesystem. Paths are bytes, absolute. Each is one system call, or the few that a
 * process would make: the events they cause are the point.
 *
 * Every method throws the system's error.
 */
export interface RealNames {
  /** An empty regular file. */
  file(path: Buffer): void;
  directory(path: Buffer): void;
  symlink(path: Buffer): void;
  /** A FIFO or socket that nobody opens. */
  special(path: Buffer): void;
  link(from: Buffer, to: Buffer): void;
  rename(from: Buffer, to: Buffer): void;
  exchange(one: Buffer, other: Buffer): void;
  unlink(path: Buffer): void;
  rmdir(path: Buffer): void;
  /** An attribute is set to what it was. Not of what a symbolic link leads to. */
  attrib(path: Buffer): void;
  /** Times of access and modification, seconds since the epoch; one that is undefined stays. */
  times(path: Buffer, atime: number | undefined, mtime: number | undefined): void;
  /** truncate(2) */
  truncate(path: Buffer, length: number): void;
  /** Open for writing, change, close. */
  written(path: Buffer): void;
  /** A new file with the same bytes. */
  copy(from: Buffer, to: Buffer): void;
  exists(path: Buffer): boolean;
  /** Real inode number. */
  inode(path: Buffer): number;
  /** All that is below `path`, and it. */
  removeTree(path: Buffer): void;
}
