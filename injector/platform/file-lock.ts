/**
 * A lock between processes that ends with its holder.
 *
 * flock(2) on a file of its own: the kernel drops it when the holder dies, so there is no stale lock to judge,
 * and Node opens its files close-on-exec, so no child inherits it.
 */
import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { libc } from './libc.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;

export interface FileLock {
  /** Idempotent. */
  release(): void;
}

const openLock = (path: string): number =>
  openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);

function held(fd: number): FileLock {
  let open = true;
  // The pid is only for the user: flock decides.
  ftruncateSync(fd, 0);
  writeSync(fd, `${process.pid}\n`, 0);
  return {
    release: () => {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

/** @returns undefined if another process, or another holder in this process, has it */
export function tryLock(path: string): FileLock | undefined {
  const fd = openLock(path);
  if (libc().flock(fd, LOCK_EX | LOCK_NB) === 0) return held(fd);
  closeSync(fd);
  return undefined;
}

/** Waits until it is free, without polling. */
export async function lock(path: string): Promise<FileLock> {
  const fd = openLock(path);
  // A signal may interrupt the wait: repeat the call.
  while ((await libc().flockWait(fd, LOCK_EX)) !== 0) {}
  return held(fd);
}

/** The pid in the lock's file, if it can be read. */
export function lockHolder(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    return Number.isNaN(pid) ? undefined : pid;
  } catch {
    return undefined;
  }
}
