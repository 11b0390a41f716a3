/**
 * The mirrors' operations on Linux (core/inotify/real-names.ts): by Node where its function makes exactly the required
 * system call, by koffi where Node would make additional calls.
 */
import {
  closeSync,
  constants,
  copyFileSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { constants as os } from 'node:os';
import type Koffi from 'koffi';
import type { RealNames } from '../../core/inotify/real-names.ts';

const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;
const UTIME_OMIT = 0x3ffffffen;
const OWNER_ONLY = 0o700;
const ZERO = Buffer.alloc(1);

const text = (path: Buffer): Buffer => Buffer.concat([path, ZERO]);

function timespec(out: Buffer, at: number, seconds: number | undefined): void {
  const whole = Math.floor(seconds ?? 0);
  out.writeBigInt64LE(BigInt(whole), at);
  out.writeBigInt64LE(
    seconds === undefined ? UTIME_OMIT : BigInt(Math.min(999_999_999, Math.round((seconds - whole) * 1e9))),
    at + 8,
  );
}

/** @throws when koffi cannot be loaded, or libc lacks a function */
export function linuxNames(): RealNames {
  const koffi: typeof Koffi = createRequire(import.meta.url)('koffi');
  const self = koffi.load(null);
  const mknod = self.func('int mknodat(int dir, const uint8_t *path, uint32_t mode, uint64_t device)');
  const renameat2 = self.func(
    'int renameat2(int dir, const uint8_t *from, int dir2, const uint8_t *to, uint32_t flags)',
  );
  const truncate = self.func('int truncate(const uint8_t *path, int64_t length)');
  const utimensat = self.func('int utimensat(int dir, const uint8_t *path, const uint8_t *times, int flags)');
  const check = (result: number, operation: string, path: Buffer): void => {
    if (result >= 0) return;
    const errno = koffi.errno();
    const code = Object.entries(os.errno).find(([, number]) => number === errno)?.[0] ?? 'EIO';
    throw Object.assign(new Error(`${code}: ${operation} '${path}'`), { code });
  };
  const make = (path: Buffer, type: number): void =>
    check(mknod(AT_FDCWD, text(path), type | OWNER_ONLY, 0), 'mknod', path);
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  return {
    file: (path) => make(path, constants.S_IFREG),
    directory: (path) => void mkdirSync(path, OWNER_ONLY),
    symlink: (path) => symlinkSync('-', path),
    special: (path) => make(path, constants.S_IFIFO),
    link: (from, to) => linkSync(from, to),
    rename: (from, to) => renameSync(from, to),
    exchange: (one, other) =>
      check(renameat2(AT_FDCWD, text(one), AT_FDCWD, text(other), RENAME_EXCHANGE), 'rename', one),
    unlink: (path) => unlinkSync(path),
    rmdir: (path) => rmdirSync(path),
    attrib: (path) => lchownSync(path, uid, gid),
    times(path, atime, mtime) {
      const times = Buffer.alloc(32);
      timespec(times, 0, atime);
      timespec(times, 16, mtime);
      check(utimensat(AT_FDCWD, text(path), times, 0), 'utimensat', path);
    },
    truncate: (path, length) => check(truncate(text(path), length), 'truncate', path),
    written(path) {
      const fd = openSync(path, constants.O_WRONLY | constants.O_TRUNC);
      writeSync(fd, ZERO);
      closeSync(fd);
    },
    copy: (from, to) => copyFileSync(from, to, constants.COPYFILE_FICLONE),
    exists: (path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined,
    inode: (path) => Number(lstatSync(path, { bigint: true }).ino),
    removeTree: (path) => rmSync(path, { recursive: true, force: true }),
  };
}
