/** Checks the directories of overlays. */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { UserError } from '../user-error.ts';
import { mountPoints } from './mount-points.ts';

const CAUSES: Readonly<Record<string, [cause: string, remedy: string]>> = {
  ENOENT: ['it does not exist', 'Create it first, or name another directory.'],
  ENOTDIR: ['it is not a directory', 'Name the directory that contains it.'],
  EACCES: ['you may not read it', 'Ask its owner for permission, or name another directory.'],
  ELOOP: ['its symbolic links form a loop', 'Name the directory itself.'],
};

/**
 * @param paths absolute, or relative to this process's working directory
 * @returns absolute paths without symbolic links @throws UserError naming the path, the cause and the remedy
 */
export function overlayDirectories(paths: readonly string[]): string[] {
  const real = paths.map(realDirectory);
  // The rules for mounts apply, except that an overlay exists.
  return mountPoints([...new Set(real)], () => undefined);
}

function realDirectory(path: string): string {
  try {
    if (path === '') throw Object.assign(new Error('empty'), { code: 'ENOENT' });
    const real = realpathSync(resolve(path));
    if (!statSync(real).isDirectory()) throw Object.assign(new Error('file'), { code: 'ENOTDIR' });
    accessSync(real, constants.R_OK | constants.X_OK);
    return real;
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const [cause, remedy] = CAUSES[code] ?? [message, 'Name a directory that you may read.'];
    throw new UserError(`${path === '' ? 'an empty path' : path} cannot be overlaid: ${cause}`, remedy);
  }
}
