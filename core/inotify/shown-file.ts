/** The real file that a mirror shows for an inode, as the keeper of its bytes sees it. */
import type { ObjectFile, ShownName } from '../content/object-file.ts';
import type { RealNames } from './real-names.ts';
import type { Shadow } from './shadow.ts';

/** What all shown files of a core share. */
export interface ShownState {
  readonly real: RealNames;
  /** The change that is told now is made natively by who asked for it. */
  readonly elsewhere: boolean;
  /** A path by which some process holds the object, whose real inode that is. */
  held(object: ObjectFile, inode: number): string | undefined;
}

const NOWHERE = Buffer.from('/proc/0/fd/0');

export class ShownFile implements ShownName {
  readonly shadow: Shadow;
  readonly #aside: string;
  readonly #state: ShownState;
  /** A file without a name is only to be found among what its holders have open: if we held it, it would not end with them. */
  #nameless: { readonly object: ObjectFile; readonly inode: number } | undefined;

  /** @param aside a private path on the same filesystem */
  constructor(shadow: Shadow, aside: string, state: ShownState) {
    this.shadow = shadow;
    this.#aside = aside;
    this.#state = state;
  }

  get elsewhere(): boolean {
    return this.#state.elsewhere;
  }

  get path(): Buffer {
    return this.#nameless ? (this.foreignPath ?? NOWHERE) : this.shadow.path();
  }

  get foreignPath(): Buffer | undefined {
    const path = this.#nameless && this.#state.held(this.#nameless.object, this.#nameless.inode);
    return path === undefined ? undefined : Buffer.from(path);
  }

  /** It has no name, and nobody has it open. */
  get gone(): boolean {
    return this.#nameless !== undefined && this.foreignPath === undefined;
  }

  get inode(): number {
    return this.#nameless?.inode ?? this.shadow.inode(this.#state.real);
  }

  truncate(length: number): void {
    this.#state.real.truncate(this.path, length);
  }

  times(atime: number | undefined, mtime: number | undefined): void {
    this.#state.real.times(this.path, atime, mtime);
  }

  /** Through a name that no watched directory holds. Who watches the file itself hears of that name, too. */
  quietly(use: (path: string) => void): void {
    const aside = Buffer.from(this.#aside);
    this.#state.real.link(this.shadow.path(), aside);
    try {
      use(this.#aside);
    } finally {
      this.#state.real.unlink(aside);
    }
  }

  readQuietly(use: (path: string | Buffer) => void): void {
    if (this.shadow.watched) use(this.path);
    else this.quietly(use);
  }

  /** @param path its last name, which is about to go */
  lost(object: ObjectFile, path: Buffer): number {
    const inode = this.#state.real.inode(path);
    this.#nameless = { object, inode };
    return inode;
  }
}
