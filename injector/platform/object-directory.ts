/**
 * The directory of object files (the bytes of virtual files): private, and on a RAM-backed filesystem if possible.
 *
 * In containers /dev/shm is often small and mounted noexec, so each candidate is tested; the choice between the results
 * is a pure function. A session's directory contains a lock that ends with its host: the next session removes the
 * directories of killed hosts, because they occupy memory.
 */
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lock, tryLock } from './file-lock.ts';
import { ensurePrivateDirectory } from './private-directory.ts';
import { checkObjectDirectory } from './session-limits.ts';

const MIB = 1024 * 1024;
/** With less free space than this, the next candidate is tested. */
export const ROOM_WANTED = 256 * MIB;

/** statfs(2) `f_type`. */
const RAM_FILESYSTEMS = new Set([0x01021994 /* tmpfs */, 0x858458f6 /* ramfs */]);

export interface Candidate {
  /** `/dev/shm/shimfs-0` */
  readonly path: string;
  readonly ramBacked: boolean;
  /** Programs stored here can be executed. */
  readonly executable: boolean;
  readonly freeBytes: number;
  /** Why it cannot be used at all. */
  readonly unusable?: string;
}

export interface Choice extends Candidate {
  /** A sentence: the choice and its reason. */
  readonly reason: string;
  /** True if the reason is a setting that the user may want to change. */
  readonly degraded: boolean;
}

/** Candidates in order of preference. */
export function objectDirectoryCandidates(): string[] {
  const own = `shimfs-${process.getuid?.() ?? 0}`;
  // The plain name in the temporary directory may be the run directory.
  const disk = join(tmpdir(), `${own}-objects`);
  return process.platform === 'linux' ? [join('/dev/shm', own), disk] : [disk];
}

/** Creates the directory if it is missing, and tests it. */
export function probe(path: string): Candidate {
  const nothing = { path, ramBacked: false, executable: false, freeBytes: 0 };
  try {
    ensurePrivateDirectory(path);
    const { type, bavail, bsize } = statfsSync(path);
    return {
      path,
      ramBacked: RAM_FILESYSTEMS.has(type >>> 0),
      executable: probeExecution(path),
      freeBytes: bavail * bsize,
    };
  } catch (error) {
    return { ...nothing, unusable: (error as Error).message };
  }
}

/** access(2) checks the mount's noexec as well as the mode. */
function probeExecution(directory: string): boolean {
  const file = join(directory, `.probe-${randomBytes(6).toString('hex')}`);
  closeSync(openSync(file, 'wx', 0o700));
  try {
    chmodSync(file, 0o700);
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(file, { force: true });
  }
}

const size = (bytes: number): string =>
  bytes >= 1024 * MIB ? `${(bytes / 1024 / MIB).toFixed(1)} GiB` : `${Math.floor(bytes / MIB)} MiB`;

/** Shortcomings of a candidate, as text; empty for a good candidate. */
function shortcomings(one: Candidate): string[] {
  if (one.unusable !== undefined) return [one.unusable];
  return [
    ...(one.executable ? [] : ['it forbids execution (noexec)']),
    ...(one.freeBytes >= ROOM_WANTED ? [] : [`it has only ${size(one.freeBytes)} free`]),
  ];
}

/**
 * The first candidate without a shortcoming; otherwise an executable candidate, with the most free space.
 * @throws if no candidate can be used
 */
export function chooseCandidate(candidates: readonly Candidate[]): Choice {
  const good = candidates.find((one) => shortcomings(one).length === 0);
  const byWorth = (a: Candidate, b: Candidate) =>
    Number(b.executable) - Number(a.executable) || b.freeBytes - a.freeBytes;
  const chosen = good ?? candidates.filter((one) => one.unusable === undefined).sort(byWorth)[0];
  const passedOver = candidates
    .filter((one) => one !== chosen)
    .map((one) => ({ one, against: shortcomings(one) }))
    .filter(({ against }) => against.length > 0)
    .map(({ one, against }) => `not ${one.path}: ${against.join(', ')}`);
  if (!chosen) {
    throw new Error(`no directory for the bytes of virtual files: ${passedOver.join('; ')}`);
  }
  const own = [...(chosen.ramBacked ? [] : ['it is not RAM-backed']), ...shortcomings(chosen)];
  const reason = [
    `${chosen.path} (${chosen.ramBacked ? 'in memory' : 'on disk'}, ${size(chosen.freeBytes)} free)`,
    ...(own.length > 0 ? [`but ${own.join(', ')}`] : []),
    ...passedOver,
  ].join('; ');
  return { ...chosen, reason, degraded: own.length > 0 };
}

/** Stops at the first good candidate, so that no directory is created in the others. */
export function chooseObjectDirectory(paths: readonly string[] = objectDirectoryCandidates()): Choice {
  const tried: Candidate[] = [];
  for (const path of paths) {
    const candidate = probe(path);
    tried.push(candidate);
    if (shortcomings(candidate).length === 0) break;
  }
  return chooseCandidate(tried);
}

export interface ObjectDirectory {
  /** The session's own directory, 0700 and empty but for `.lock`. */
  readonly path: string;
  readonly choice: Choice;
  /** Removes it with its contents. Idempotent. */
  remove(): void;
}

const LOCK_NAME = '.lock';

/** @param session becomes part of the name, for the user */
export async function createObjectDirectory(session: string, choice: Choice): Promise<ObjectDirectory> {
  // Held until the directory has its own lock: without either, another session would remove it.
  const making = await lock(join(choice.path, LOCK_NAME));
  try {
    sweep(choice.path);
    const path = join(choice.path, `${session}-${randomBytes(6).toString('hex')}`);
    checkObjectDirectory(path);
    mkdirSync(path, { mode: 0o700 });
    const held = tryLock(join(path, LOCK_NAME));
    if (!held) throw new Error(`${path} is locked by someone else`);
    const remove = () => {
      // Another session that sweeps at this moment may create a lock in it again.
      rmSync(path, { recursive: true, force: true, maxRetries: 5 });
      held.release();
    };
    return { path, choice, remove };
  } finally {
    making.release();
  }
}

/**
 * Removes the directories of hosts that have ended. A directory that cannot be removed (an immutable file, another
 * user's file, an I/O error) stays for the next start: it must not prevent this session's start.
 */
function sweep(parent: string): void {
  for (const name of readdirSync(parent))
    try {
      sweepOne(join(parent, name));
    } catch {
      // `doctor` lists the directories that are left.
    }
}

function sweepOne(path: string): void {
  // A session that closes at this moment removes its own directory, with the lock.
  if (!lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  const orphan = lockOfOrphan(join(path, LOCK_NAME));
  if (!orphan) return;
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  } finally {
    orphan.release();
  }
}

function lockOfOrphan(path: string): ReturnType<typeof tryLock> {
  try {
    return tryLock(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
