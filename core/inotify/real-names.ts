/**
 * The operations of a mirror on the real filesystem. Paths are bytes, absolute. Each is one system call, or the few
 * that a process would make: their inotify events are the purpose.
 *
 * Every method throws the system's error.
 */
export interface RealNames {
  /** An empty regular file. */
  file(path: Buffer): void;
  directory(path: Buffer): void;
  symlink(path: Buffer): void;
  /** A FIFO or socket; it is only a name, never opened. */
  special(path: Buffer): void;
  link(from: Buffer, to: Buffer): void;
  rename(from: Buffer, to: Buffer): void;
  exchange(one: Buffer, other: Buffer): void;
  unlink(path: Buffer): void;
  rmdir(path: Buffer): void;
  /** Sets an attribute to its present value, which notifies IN_ATTRIB. Does not follow symbolic links. */
  attrib(path: Buffer): void;
  /** Times of access and modification, seconds since the epoch; undefined leaves a time unchanged. */
  times(path: Buffer, atime: number | undefined, mtime: number | undefined): void;
  /** truncate(2) */
  truncate(path: Buffer, length: number): void;
  /** Opens the file for writing, changes it, closes it. */
  written(path: Buffer): void;
  /** Creates a file with the same bytes. */
  copy(from: Buffer, to: Buffer): void;
  exists(path: Buffer): boolean;
  /** Real inode number. */
  inode(path: Buffer): number;
  /** Removes `path` and everything below it. */
  removeTree(path: Buffer): void;
}
