/** A log of the actions on a target: lines of JSON in rotated files. */
import { promises as fs } from 'node:fs';
import { dirname } from 'node:path';

/** One action on the target. */
export interface LogEntry {
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** The action that was applied, or `failed`. */
  readonly action:
    | 'write'
    | 'mkdir'
    | 'symlink'
    | 'link'
    | 'attributes'
    | 'remove'
    | 'rename'
    | 'scan'
    | 'failed';
  /** Path relative to the target's root. */
  readonly path: string;
  /** rename, link: the other path. */
  readonly from?: string;
  /** write: bytes written. */
  readonly bytes?: number;
  /** failed: the error's message. */
  readonly error?: string;
}

/** Receives each action after it was applied. */
export interface ChangeLog {
  /** Writes an entry. A rejection counts as a failure of the path, which is retried. */
  append(entry: LogEntry): Promise<void>;
}

/** Bounds of a FileChangeLog. */
export interface ChangeLogOptions {
  /** Size limit of one file in bytes. Default: 1 MiB. */
  readonly maxBytes?: number;
  /** Number of rotated files kept, as `<file>.1` and so on; `.1` is the newest. Default: 4. */
  readonly keep?: number;
}

/** A ChangeLog in files; creates the directory. Errors of the filesystem reject `append`. */
export class FileChangeLog implements ChangeLog {
  readonly #file: string;
  readonly #maxBytes: number;
  readonly #keep: number;
  #size: number | undefined;

  constructor(file: string, options: ChangeLogOptions = {}) {
    this.#file = file;
    this.#maxBytes = options.maxBytes ?? 1 << 20;
    this.#keep = options.keep ?? 4;
  }

  async append(entry: LogEntry): Promise<void> {
    const line = `${JSON.stringify(entry)}\n`;
    const bytes = Buffer.byteLength(line);
    if (this.#size === undefined) {
      await fs.mkdir(dirname(this.#file), { recursive: true });
      this.#size = await fs.stat(this.#file).then(
        ({ size }) => size,
        () => 0,
      );
    }
    if (this.#size > 0 && this.#size + bytes > this.#maxBytes) await this.#rotate();
    await fs.appendFile(this.#file, line);
    this.#size += bytes;
  }

  async #rotate(): Promise<void> {
    if (this.#keep === 0) await fs.rm(this.#file, { force: true });
    for (let i = this.#keep; i > 0; i--) {
      const from = i === 1 ? this.#file : `${this.#file}.${i - 1}`;
      await fs.rename(from, `${this.#file}.${i}`).catch((error: { code?: string }) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
    this.#size = 0;
  }
}
