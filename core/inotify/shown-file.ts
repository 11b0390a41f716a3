/** The real file that a mirror shows for an inode, as the keeper of its bytes sees it. */
import type { ShownName } from '../content/object-file.ts';
import type { RealNames } from './real-names.ts';
import type { Shadow } from './shadow.ts';

export class ShownFile implements ShownName {
  readonly shadow: Shadow;
  readonly #real: RealNames;
  readonly #aside: string;
  readonly #state: { readonly elsewhere: boolean };
  /** Of a file without a name: what holds it. */
  #anchor = -1;

  /** @param aside a private path on the same filesystem */
  constructor(shadow: Shadow, real: RealNames, aside: string, state: { readonly elsewhere: boolean }) {
    this.shadow = shadow;
    this.#real = real;
    this.#aside = aside;
    this.#state = state;
  }

  get elsewhere(): boolean {
    return this.#state.elsewhere;
  }

  get #named(): boolean {
    return this.#anchor < 0 || this.shadow.names.length > 0;
  }

  get path(): Buffer {
    return this.#named ? this.shadow.path() : Buffer.from(`/proc/self/fd/${this.#anchor}`);
  }

  /** For other processes. */
  get foreignPath(): Buffer | undefined {
    return this.#named ? undefined : Buffer.from(`/proc/${process.pid}/fd/${this.#anchor}`);
  }

  truncate(length: number): void {
    this.#real.truncate(this.path, length);
  }

  times(atime: number | undefined, mtime: number | undefined): void {
    this.#real.times(this.path, atime, mtime);
  }

  /** Through a name that no watched directory holds. */
  quietly(use: (path: string) => void): void {
    const aside = Buffer.from(this.#aside);
    this.#real.link(this.shadow.path(), aside);
    try {
      use(this.#aside);
    } finally {
      this.#real.unlink(aside);
    }
  }

  /**
   * Hold the file by a name that is about to go. The kernel tells the end of an inode when the first of the names that
   * went lets go of it, so this must not be another one than those that processes hold it by.
   */
  anchor(path: Buffer): void {
    if (this.#anchor < 0) this.#anchor = this.#real.anchor(path);
  }

  get anchored(): boolean {
    return this.#anchor >= 0;
  }

  release(): void {
    if (this.#anchor >= 0) this.#real.release(this.#anchor);
    this.#anchor = -1;
  }
}
