/**
 * Linux x86-64's numbers for flags and modes.
 *
 * Canonical on the wire and inside the core on every system, so that nothing depends on where the host runs;
 * never Node's `fs.constants`, which are the running system's. Source: asm-generic/fcntl.h, linux/stat.h,
 * linux/xattr.h, linux/fs.h.
 */
import type { FileType } from './events/fs-event.ts';

export const O_RDONLY = 0o0;
export const O_WRONLY = 0o1;
export const O_RDWR = 0o2;
export const O_ACCMODE = 0o3;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_NOCTTY = 0o400;
export const O_TRUNC = 0o1000;
export const O_APPEND = 0o2000;
export const O_NONBLOCK = 0o4000;
export const O_DSYNC = 0o10000;
export const O_DIRECT = 0o40000;
export const O_LARGEFILE = 0o100000;
export const O_DIRECTORY = 0o200000;
export const O_NOFOLLOW = 0o400000;
export const O_NOATIME = 0o1000000;
export const O_CLOEXEC = 0o2000000;
export const O_SYNC = 0o4010000;
export const O_PATH = 0o10000000;
/** O_TMPFILE without the O_DIRECTORY that always comes with it. */
export const O_TMPFILE_BIT = 0o20000000;
export const O_TMPFILE = O_TMPFILE_BIT | O_DIRECTORY;

export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFBLK = 0o060000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;
export const S_ISUID = 0o4000;
export const S_ISGID = 0o2000;
export const S_ISVTX = 0o1000;

export const F_OK = 0;
export const X_OK = 1;
export const W_OK = 2;
export const R_OK = 4;

export const RENAME_NOREPLACE = 1;
export const RENAME_EXCHANGE = 2;

export const XATTR_CREATE = 1;
export const XATTR_REPLACE = 2;
export const XATTR_NAME_MAX = 255;
export const XATTR_SIZE_MAX = 65536;

export const NAME_MAX = 255;
/** Longest path, bytes, without its NUL. */
export const PATH_MAX = 4095;
export const SYMLINK_HOPS = 40;

/** `chown`'s "leave unchanged" as an unsigned id. */
export const KEEP_ID = 0xffffffff;
/** Slot number of an object without a slot. */
export const NO_SLOT = 0xffffffff;

const TYPE: Readonly<Record<number, FileType>> = {
  [S_IFREG]: 'file',
  [S_IFDIR]: 'directory',
  [S_IFLNK]: 'symlink',
  [S_IFIFO]: 'fifo',
  [S_IFSOCK]: 'socket',
  [S_IFCHR]: 'char',
  [S_IFBLK]: 'block',
};

/** The type in a mode's S_IFMT bits. */
export const fileType = (mode: number): FileType => TYPE[mode & S_IFMT] ?? 'file';

/** Flags of the *at calls. */
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_REMOVEDIR = 0x200;
export const AT_SYMLINK_FOLLOW = 0x400;
/** access(2) by the effective ids. */
export const AT_EACCESS = 0x200;
export const AT_EMPTY_PATH = 0x1000;
