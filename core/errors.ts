/**
 * The single table of error codes.
 *
 * Numbers are Linux's (asm-generic/errno*.h), which the wire carries on every system.
 * A gate on another system translates by name at its edge.
 */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  ENOEXEC: 8,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  ETXTBSY: 26,
  EFBIG: 27,
  ENOSPC: 28,
  ESPIPE: 29,
  EROFS: 30,
  EMLINK: 31,
  EPIPE: 32,
  ERANGE: 34,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ELOOP: 40,
  ENODATA: 61,
  EPROTO: 71,
  EOVERFLOW: 75,
  ENOTSUP: 95,
  ETIMEDOUT: 110,
  ESTALE: 116,
} as const;

/** Name of an error code, such as `ENOENT`. */
export type ErrnoCode = keyof typeof ERRNO;

/** Text of each code, in libc's words (strerror). */
const MESSAGE: Record<ErrnoCode, string> = {
  EPERM: 'operation not permitted',
  ENOENT: 'no such file or directory',
  ESRCH: 'no such process',
  EINTR: 'interrupted system call',
  EIO: 'input/output error',
  ENXIO: 'no such device or address',
  E2BIG: 'argument list too long',
  ENOEXEC: 'exec format error',
  EBADF: 'bad file descriptor',
  EAGAIN: 'resource temporarily unavailable',
  ENOMEM: 'cannot allocate memory',
  EACCES: 'permission denied',
  EFAULT: 'bad address',
  EBUSY: 'device or resource busy',
  EEXIST: 'file already exists',
  EXDEV: 'invalid cross-device link',
  ENODEV: 'no such device',
  ENOTDIR: 'not a directory',
  EISDIR: 'is a directory',
  EINVAL: 'invalid argument',
  ENFILE: 'too many open files in system',
  EMFILE: 'too many open files',
  ENOTTY: 'inappropriate ioctl for device',
  ETXTBSY: 'text file busy',
  EFBIG: 'file too large',
  ENOSPC: 'no space left on device',
  ESPIPE: 'illegal seek',
  EROFS: 'read-only file system',
  EMLINK: 'too many links',
  EPIPE: 'broken pipe',
  ERANGE: 'numerical result out of range',
  ENAMETOOLONG: 'file name too long',
  ENOSYS: 'function not implemented',
  ENOTEMPTY: 'directory not empty',
  ELOOP: 'too many levels of symbolic links',
  ENODATA: 'no data available',
  EPROTO: 'protocol error',
  EOVERFLOW: 'value too large for defined data type',
  ENOTSUP: 'operation not supported',
  ETIMEDOUT: 'connection timed out',
  ESTALE: 'stale file handle',
};

/**
 * A failed filesystem operation.
 *
 * Shaped like Node's own `ErrnoException`, so that callers of `core.fs` find `code`, `errno` (negative),
 * `syscall`, `path` and `dest` as usual.
 */
export class FsError extends Error {
  /** Negative error number, as in Node's errors. */
  readonly errno: number;
  constructor(
    /** POSIX error code such as `ENOENT`. */
    readonly code: ErrnoCode,
    /** Name of the operation. */
    readonly syscall: string,
    /** Path that the operation was given; undefined for an operation on an inode. */
    readonly path?: string,
    /** Second path of an operation on two, such as rename. */
    readonly dest?: string,
  ) {
    const where = path === undefined ? '' : ` '${path}'${dest === undefined ? '' : ` -> '${dest}'`}`;
    super(`${code}: ${MESSAGE[code]}, ${syscall}${where}`);
    this.name = 'FsError';
    this.errno = -ERRNO[code];
  }
}

/** The code's message alone, for tables and logs. */
export const errorMessage = (code: ErrnoCode): string => MESSAGE[code];
