/** fs.Dir: reads a directory entry by entry. */
import type { FsView } from '../fs-view.ts';
import type { DirectoryEntry } from '../ops/directory.ts';
import { Dirent } from './stats.ts';

const PAGE = 64;

export class Directory {
  readonly path: string;
  readonly #view: FsView;
  #page: DirectoryEntry[] = [];
  #cookie = 0;
  #closed = false;

  constructor(view: FsView, path: string) {
    this.#view = view;
    this.path = path;
  }

  readSync(): Dirent | null {
    if (this.#closed)
      throw Object.assign(new Error('Directory handle was closed'), { code: 'ERR_DIR_CLOSED' });
    for (;;) {
      if (this.#page.length === 0) this.#page = this.#view.readdir({ path: this.path }, this.#cookie, PAGE);
      const entry = this.#page.shift();
      if (!entry) return null;
      this.#cookie = entry.cookie;
      if (entry.name !== '.' && entry.name !== '..') return new Dirent(entry.name, this.path, entry.type);
    }
  }

  read(callback?: (error: unknown, entry?: Dirent | null) => void): Promise<Dirent | null> | undefined {
    const reading = new Promise<Dirent | null>((resolve) => resolve(this.readSync()));
    if (!callback) return reading;
    reading.then((entry) => callback(null, entry), callback);
    return undefined;
  }

  closeSync(): void {
    this.#closed = true;
  }

  close(callback?: (error: unknown) => void): Promise<void> | undefined {
    this.closeSync();
    if (!callback) return Promise.resolve();
    setImmediate(callback, null);
    return undefined;
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Dirent> {
    try {
      for (let entry = this.readSync(); entry; entry = this.readSync()) yield entry;
    } finally {
      this.closeSync();
    }
  }
}
