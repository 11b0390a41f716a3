/**
 * Sessions by name: each has a socket and a lock in the user's private run directory.
 *
 * `$XDG_RUNTIME_DIR/shimfs`, or `<tmp>/shimfs-<uid>` without XDG_RUNTIME_DIR.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { lockHolder, tryLock } from './file-lock.ts';
import { ensurePrivateDirectory } from './private-directory.ts';

/** Size of a socket's path in sockaddr_un, including its terminator. */
const SUN_PATH_BYTES = process.platform === 'darwin' ? 104 : 108;
const NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** Cause of a SessionError. `taken`: another host has the name; `limit`: too many mounts or overlays. */
export type SessionErrorCode = 'bad-name' | 'taken' | 'path-too-long' | 'limit';

/** A session cannot be opened. */
export class SessionError extends Error {
  constructor(
    /** Cause, for programs. */
    readonly code: SessionErrorCode,
    message: string,
    /** A sentence with the remedy. */
    readonly remedy: string,
  ) {
    super(message);
    this.name = 'SessionError';
  }

  /** Exit status of a command: an invalid name is wrong usage. */
  get status(): number {
    return this.code === 'bad-name' ? 2 : 1;
  }
}

/** @throws PrivateDirectoryError if it is not private to this user */
export function runDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const xdg = env.XDG_RUNTIME_DIR;
  const path =
    xdg && isAbsolute(xdg) && existsSync(xdg)
      ? join(xdg, 'shimfs')
      : join(tmpdir(), `shimfs-${process.getuid?.() ?? 0}`);
  return ensurePrivateDirectory(path);
}

export interface SessionPaths {
  readonly name: string;
  readonly socket: string;
  readonly lock: string;
}

/** @throws SessionError for an invalid name, or a path that is too long */
export function sessionPaths(name: string, directory: string = runDirectory()): SessionPaths {
  if (!NAME.test(name) || name === '.' || name === '..') {
    throw new SessionError(
      'bad-name',
      `'${name}' is not a session name`,
      'Use 1 to 64 letters, digits, dots, underscores or hyphens.',
    );
  }
  const socket = join(directory, `${name}.sock`);
  const bytes = Buffer.byteLength(socket) + 1;
  if (bytes > SUN_PATH_BYTES) {
    throw new SessionError(
      'path-too-long',
      `the socket's path ${socket} has ${bytes} bytes, and the system allows ${SUN_PATH_BYTES}`,
      'Take a shorter session name, or set XDG_RUNTIME_DIR to a shorter directory.',
    );
  }
  return { name, socket, lock: join(directory, `${name}.lock`) };
}

export interface SessionClaim extends SessionPaths {
  /** Removes the socket and releases the name. Idempotent. */
  release(): void;
}

/**
 * Reserves a session's name until this process ends. Removes the files of a killed host.
 * @throws SessionError `taken` while another host has the name
 */
export function claimSession(name: string, directory: string = runDirectory()): SessionClaim {
  const paths = sessionPaths(name, directory);
  const held = tryLock(paths.lock);
  if (!held) {
    const pid = lockHolder(paths.lock);
    throw new SessionError(
      'taken',
      `session '${name}' is served already${pid === undefined ? '' : ` by process ${pid}`}`,
      'Use that session, end its host, or take another name.',
    );
  }
  rmSync(paths.socket, { force: true });
  let claimed = true;
  const release = () => {
    if (!claimed) return;
    claimed = false;
    rmSync(paths.socket, { force: true });
    // The lock's file stays: if it were removed, two hosts could lock two files of the same name.
    held.release();
  };
  return { ...paths, release };
}

/** Names of sessions whose host is running, sorted. */
export function liveSessions(directory: string = runDirectory()): string[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.sock'))
    .map((file) => file.slice(0, -'.sock'.length))
    .filter((name) => isLive(join(directory, `${name}.lock`)))
    .sort();
}

function isLive(path: string): boolean {
  if (!existsSync(path)) return false;
  const free = tryLock(path);
  free?.release();
  return free === undefined;
}
