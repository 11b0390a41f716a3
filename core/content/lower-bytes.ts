/** Bytes of real files, read without changing their access time where permitted. */
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
} from 'node:fs';
import type { LowerFile } from '../layers/lower-file.ts';
import { checkLease } from './object-file.ts';

/** Up to this size a copy through memory is faster. Bytes. */
const SMALL = 64 * 1024;
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, COPYFILE_EXCL, COPYFILE_FICLONE } = constants;
/** Linux only: leaves the access time unchanged. Permitted to the owner. */
const O_NOATIME = constants.O_NOATIME ?? 0;

function reading<T>(lower: LowerFile, use: (fd: number) => T): T {
  const fd = openLower(lower);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

/** @throws the system's error */
export function openLower(lower: LowerFile): number {
  const { path } = lower;
  try {
    return openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOATIME);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    return openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  }
}

/** @throws the system's error */
export const readLower = (lower: LowerFile): Buffer => reading(lower, (fd) => readFileSync(fd));

/** @throws the system's error */
export const readLowerPart = (
  lower: LowerFile,
  into: Uint8Array,
  offset: number,
  length: number,
  position: number,
): number => reading(lower, (fd) => readSync(fd, into, offset, length, position));

/**
 * Copies the file to `to`, sharing blocks if both are on a filesystem that supports it.
 * @param over overwrite an existing file instead of creating a new file @throws the system's error
 */
export function copyLower(lower: LowerFile, size: number, to: string, over = false): void {
  if (size <= SMALL) writeFileSync(to, readLower(lower), { flag: over ? 'w' : 'wx', mode: 0o700 });
  else {
    checkLease(lower.path);
    copyFileSync(lower.path, to, (over ? 0 : COPYFILE_EXCL) | COPYFILE_FICLONE);
    chmodSync(to, 0o700);
  }
}
