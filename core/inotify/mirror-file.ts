/** The real file in a mirror that holds an inode's bytes, as the content store uses it. */
import type { ObjectFile, VisibleFile } from '../content/object-file.ts';
import type { MirrorInode } from './mirror-inode.ts';
import type { RealNames } from './real-names.ts';

/** State that all visible files of a core share. */
export interface MirrorFileState {
  readonly real: RealNames;
  /** The requesting process makes the current change itself, natively. */
  readonly changedByCaller: boolean;
  /** A path through a process that holds the object, if it holds the given real inode. */
  held(object: ObjectFile, inode: number): string | undefined;
}

const NOWHERE = Buffer.from('/proc/0/fd/0');

export class MirrorFile implements VisibleFile {
  readonly mirrored: MirrorInode;
  readonly #ownPath: string;
  readonly #state: MirrorFileState;
  /** Set after the last name was removed. The file is then reached through its holders' descriptors only: a descriptor of the host's would keep it alive after they close. */
  #nameless: { readonly object: ObjectFile; readonly inode: number } | undefined;

  /** @param ownPath a private path on the same filesystem */
  constructor(mirrored: MirrorInode, ownPath: string, state: MirrorFileState) {
    this.mirrored = mirrored;
    this.#ownPath = ownPath;
    this.#state = state;
  }

  get changedByCaller(): boolean {
    return this.#state.changedByCaller;
  }

  get path(): Buffer {
    return this.#nameless ? (this.foreignPath ?? NOWHERE) : this.mirrored.path();
  }

  get foreignPath(): Buffer | undefined {
    const path = this.#nameless && this.#state.held(this.#nameless.object, this.#nameless.inode);
    return path === undefined ? undefined : Buffer.from(path);
  }

  /** True if the file has no name and no process has it open. */
  get unreachable(): boolean {
    return this.#nameless !== undefined && this.foreignPath === undefined;
  }

  get inode(): number {
    return this.#nameless?.inode ?? this.mirrored.realInode(this.#state.real);
  }

  truncate(length: number): void {
    this.#state.real.truncate(this.path, length);
  }

  times(atime: number | undefined, mtime: number | undefined): void {
    this.#state.real.times(this.path, atime, mtime);
  }

  /** Uses a link in an unwatched directory. Watchers of the file itself are notified of that link as well. */
  quietly(use: (path: string) => void): void {
    const ownPath = Buffer.from(this.#ownPath);
    this.#state.real.link(this.mirrored.path(), ownPath);
    try {
      use(this.#ownPath);
    } finally {
      this.#state.real.unlink(ownPath);
    }
  }

  readQuietly(use: (path: string | Buffer) => void): void {
    if (this.mirrored.watched) use(this.path);
    else this.quietly(use);
  }

  /** Records that the file is about to lose its last name, `path`. @returns its real inode number */
  lost(object: ObjectFile, path: Buffer): number {
    const inode = this.#state.real.inode(path);
    this.#nameless = { object, inode };
    return inode;
  }
}
