/** Checks the paths of mounts. */
import { readdirSync, statSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { UserError } from '../user-error.ts';

/** The gate and every program's loader need these directories. */
const SYSTEM = ['/proc', '/sys', '/dev', '/bin', '/lib', '/lib64', '/usr', '/etc'];

const within = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(`${directory}/`);

/**
 * @param inspect the kind of the real file at a path; undefined if there is none
 * @returns normalised paths @throws UserError naming the path, the cause and the remedy
 */
export function mountPoints(
  paths: readonly string[],
  inspect: (path: string) => 'file' | 'empty' | 'directory' | undefined = inspectPath,
): string[] {
  const mounts = paths.map((path) => mountPoint(path, inspect));
  refuseOverlap(mounts);
  return mounts;
}

/** @throws UserError */
export function refuseOverlap(mounts: readonly string[]): void {
  for (const [i, mount] of mounts.entries())
    for (const other of mounts.slice(i + 1))
      if (within(mount, other) || within(other, mount))
        throw new UserError(`the mounts ${mount} and ${other} overlap`, 'Mount only the outer directory.');
}

function mountPoint(path: string, inspect: NonNullable<Parameters<typeof mountPoints>[1]>): string {
  const refuse = (cause: string, remedy: string, status = 1): never => {
    throw new UserError(
      `${path === '' ? 'an empty path' : path} cannot be a mount: ${cause}`,
      remedy,
      status,
    );
  };
  if (!path.startsWith('/')) refuse('it is relative', 'Give an absolute path, as programs will see it.', 2);
  if (/[\0\n:]/.test(path))
    refuse('it contains a colon, a newline or a NUL', 'Choose a name without these characters.', 2);
  const mount = posix.normalize(path).replace(/\/+$/, '');
  if (mount === '') refuse('it is the root', 'Mount a directory below it, such as /v.', 2);
  if (SYSTEM.includes(mount) || within(mount, '/proc') || within(mount, '/sys'))
    refuse('programs and the loader need the real files there', 'Choose a new path, such as /v.', 2);
  if (Buffer.byteLength(mount) > 1024) refuse('it is longer than 1024 bytes', 'Choose a shorter path.', 2);
  const real = inspect(mount);
  const free = 'Choose a path that does not exist, or an empty directory.';
  if (real === 'file') refuse('it is a real file', free);
  if (real === 'directory') refuse('it is a real directory with files in it', free);
  for (let at = dirname(mount); at !== '/'; at = dirname(at))
    if (inspect(at) === 'file') refuse(`${at} is a real file`, free);
  return mount;
}

function inspectPath(path: string): 'file' | 'empty' | 'directory' | undefined {
  try {
    if (!statSync(path).isDirectory()) return 'file';
    return readdirSync(path).length === 0 ? 'empty' : 'directory';
  } catch {
    return undefined;
  }
}
