/**
 * The numbers of flags and errors on the wire, for C.
 *
 * They are Linux's generic ones (asm-generic), whatever machine a gate runs on; core/constants.ts and
 * core/errors.ts use the same. A gate elsewhere, or on a machine that numbers a flag differently, translates.
 */
import {
  AT_EACCESS,
  AT_EMPTY_PATH,
  AT_REMOVEDIR,
  AT_SYMLINK_FOLLOW,
  AT_SYMLINK_NOFOLLOW,
  O_ACCMODE,
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECT,
  O_DIRECTORY,
  O_DSYNC,
  O_EXCL,
  O_NOCTTY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDWR,
  O_SYNC,
  O_TRUNC,
  O_WRONLY,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  XATTR_CREATE,
  XATTR_REPLACE,
} from './constants.ts';
import { ERRNO } from './errors.ts';

const FLAGS = {
  O_ACCMODE,
  O_WRONLY,
  O_RDWR,
  O_CREAT,
  O_EXCL,
  O_NOCTTY,
  O_TRUNC,
  O_APPEND,
  O_NONBLOCK,
  O_DSYNC,
  O_DIRECT,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_CLOEXEC,
  O_SYNC,
  AT_SYMLINK_NOFOLLOW,
  AT_REMOVEDIR,
  AT_SYMLINK_FOLLOW,
  AT_EACCESS,
  AT_EMPTY_PATH,
  RENAME_NOREPLACE,
  RENAME_EXCHANGE,
  XATTR_CREATE,
  XATTR_REPLACE,
};

/** asm-generic/fcntl.h and linux/stat.h: not in core/constants.ts, because they never leave the gate's edge. */
const MORE = { UTIME_NOW: 0x3fffffff, UTIME_OMIT: 0x3ffffffe };

/** `#define WIRE_<flag>`, and SHIMFS_ERRNO_LIST(X), which calls X(name, number) for each error. */
export function wireDefines(): string {
  const define = (name: string, value: number): string => `#define WIRE_${name} 0x${value.toString(16)}`;
  return [
    ...Object.entries({ ...FLAGS, ...MORE }).map(([name, value]) => define(name, value)),
    `#define SHIMFS_ERRNO_LIST(X) ${Object.entries(ERRNO)
      .map(([name, value]) => `X(${name}, ${value})`)
      .join(' ')}`,
  ].join('\n');
}
