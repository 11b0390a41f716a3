/** Which paths may be mounts. */
import { readdirSync, statSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { UserError } from '../user-error.ts';

/** The gate itself, and every program's loader, stand on these. */
const SYSTEM = ['/proc', '/sys', '/dev', '/bin', '/lib', '/lib64', '/usr', '/etc'];

const within = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(`${directory}/`);

/**
 * @param inspect what is really there: undefined for nothing
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
  for (const [i, one] of mounts.entries())
    for (const other of mounts.slice(i + 1))
      if (within(one, other) || within(other, one))
        throw new UserError(`the mounts ${one} and ${other} overlap`, 'Mount the outer one alone.');
}

function mountPoint(path: string, inspect: NonNullable<Parameters<typeof mountPoints>[1]>): string {
  const refuse = (cause: string, remedy: string): never => {
    throw new UserError(`${path === '' ? 'an empty path' : path} cannot be a mount: ${cause}`, remedy);
  };
  if (!path.startsWith('/')) refuse('it is relative', 'Give an absolute path, as programs will see it.');
  if (/[\0\n:]/.test(path)) refuse('it holds a colon, a newline or a NUL', 'Choose a plain name.');
  const mount = posix.normalize(path).replace(/\/+$/, '');
  if (mount === '') refuse('it is the root', 'Mount a directory below it, such as /v.');
  if (SYSTEM.includes(mount) || within(mount, '/proc') || within(mount, '/sys'))
    refuse('programs and the loader depend on what is there', 'Choose a path of its own, such as /v.');
  if (Buffer.byteLength(mount) > 1024) refuse('it is longer than 1024 bytes', 'Choose a shorter one.');
  const there = inspect(mount);
  if (there === 'file')
    refuse('a file stands there', 'Choose a path where nothing is, or an empty directory.');
  if (there === 'directory')
    refuse(
      'a directory that is not empty stands there',
      'Choose a path where nothing is, or an empty directory.',
    );
  for (let at = dirname(mount); at !== '/'; at = dirname(at))
    if (inspect(at) === 'file') refuse(`${at} is a file`, 'Choose a path where nothing is.');
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
