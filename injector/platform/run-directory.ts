/**
 * Where sessions are found by name: one socket and one lock for each in the user's private run directory.
 *
 * `$XDG_RUNTIME_DIR/shimfs`, or `<tmp>/shimfs-<uid>` where there is none.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { lockHolder, tryLock } from './file-lock.ts';
import { ensurePrivateDirectory } from './private-directory.ts';

/** Room for a socket's path in sockaddr_un, its terminator included. */
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

/** @throws PrivateDirectoryError when it is not ours alone */
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

/** @throws SessionError for a name or a length that cannot be */
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
  /** Remove the socket and let the name go. Idempotent. */
  release(): void;
}

/**
 * Take a session's name for as long as this process lives. What a killed host left behind is cleared away.
 * @throws SessionError `taken` while another host has it
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
    // The lock's file stays: to remove it would let two hosts lock two files of one name.
    held.release();
  };
  return { ...paths, release };
}

/** Names of the sessions that have a living host, sorted. */
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
