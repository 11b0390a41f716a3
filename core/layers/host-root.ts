/** A real directory held open, so that its files stay reachable after it is renamed. */
import { type BigIntStats, closeSync, constants, lstatSync, openSync } from 'node:fs';
import { ERRNO, type ErrnoCode, FsError } from '../errors.ts';
import { encodePath } from '../path-bytes.ts';

const ABSENT = new Set<string | undefined>(['ENOENT', 'ENOTDIR', 'ESTALE']);

/** Converts an error of Node's fs to an FsError. */
export function hostError(error: unknown, operation: string, path?: string): FsError {
  const code = (error as NodeJS.ErrnoException).code ?? 'EIO';
  return new FsError(code in ERRNO ? (code as ErrnoCode) : 'EIO', operation, path);
}

/** A path for Node's fs: a Buffer if a name is not UTF-8. */
export const hostPath = (path: string): string | Buffer =>
  /[\udc80-\udcff]/.test(path) ? encodePath(path) : path;

export class HostRoot {
  /** Absolute, without symbolic links: the path under which programs see the directory. */
  readonly path: string;
  readonly #fd: number;
  readonly #pinned: string;

  /** @throws FsError ENOENT, ENOTDIR, EACCES */
  constructor(path: string) {
    this.path = path;
    try {
      this.#fd = openSync(hostPath(path), constants.O_RDONLY | constants.O_DIRECTORY);
    } catch (error) {
      throw hostError(error, 'overlay', path);
    }
    this.#pinned = process.platform === 'linux' ? `/proc/self/fd/${this.#fd}` : path;
  }

  /** The path for this process. @param relative empty for the directory itself, otherwise with a leading slash */
  at(relative: string): string | Buffer {
    return hostPath(relative === '' ? `${this.#pinned}/.` : this.#pinned + relative);
  }

  /** undefined if the path does not exist. @throws FsError for any other error */
  stat(relative: string): BigIntStats | undefined {
    try {
      return lstatSync(this.at(relative), { bigint: true, throwIfNoEntry: false });
    } catch (error) {
      if (ABSENT.has((error as NodeJS.ErrnoException).code)) return undefined;
      throw hostError(error, 'lstat', this.path + relative);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}
