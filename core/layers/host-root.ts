/** A real directory held open, so that its files are found whatever happens to its name. */
import { type BigIntStats, closeSync, constants, lstatSync, openSync } from 'node:fs';
import { ERRNO, type ErrnoCode, FsError } from '../errors.ts';
import { encodePath } from '../path-bytes.ts';

const ABSENT = new Set<string | undefined>(['ENOENT', 'ENOTDIR', 'ESTALE']);

/** The system's error as the core's. */
export function hostError(error: unknown, operation: string, path?: string): FsError {
  const code = (error as NodeJS.ErrnoException).code ?? 'EIO';
  return new FsError(code in ERRNO ? (code as ErrnoCode) : 'EIO', operation, path);
}

/** For Node's fs: names that are not UTF-8 go as bytes. */
export const hostPath = (path: string): string | Buffer =>
  /[\udc80-\udcff]/.test(path) ? encodePath(path) : path;

export class HostRoot {
  /** Absolute, without symbolic links: where programs see it. */
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

  /** The path for this process. @param relative empty for the directory itself, else with a slash before it */
  at(relative: string): string | Buffer {
    return hostPath(relative === '' ? `${this.#pinned}/.` : this.#pinned + relative);
  }

  /** undefined where nothing is. @throws FsError for any other refusal */
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
