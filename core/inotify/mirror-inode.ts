/** One inode of a branch in the inotify mirror: its real names, and its children in the mirror. */
import type { ObjectFile } from '../content/object-file.ts';
import { encodePath } from '../path-bytes.ts';
import type { RealNames } from './real-names.ts';

export interface MirrorName {
  readonly parent: MirrorInode;
  readonly name: string;
}

const SLASH = Buffer.from('/');

export class MirrorInode {
  readonly ino: number;
  /** A directory's children; null for other types. */
  readonly children: Map<string, MirrorInode> | null;
  names: MirrorName[] = [];
  /** True of a directory if every name that the branch has in it is in the mirror. */
  complete = false;
  /** A process asked to watch it. */
  watched = false;
  /** The object that has the real file as its bytes; null if the real file is an empty stand-in. */
  object: ObjectFile | null = null;
  /** Registered with `MirrorHost.count`: a stand-in for a file whose bytes another branch may change. */
  counted = false;
  /** Real inode number, read at first use. */
  #inode: number | undefined;
  /** Real path of the mirror's root; null for all others. */
  readonly #base: Buffer | null;

  constructor(ino: number, directory: boolean, base: Buffer | null = null) {
    this.ino = ino;
    this.children = directory ? new Map() : null;
    this.#base = base;
  }

  /** The real path, by its first name unless `at` is given. */
  path(at: MirrorName | undefined = this.names[0]): Buffer {
    if (this.#base) return this.#base;
    if (!at) throw new Error(`inode ${this.ino} has no name in the mirror`);
    return Buffer.concat([at.parent.path(), SLASH, encodePath(at.name)]);
  }

  under(name: string): Buffer {
    return Buffer.concat([this.path(), SLASH, encodePath(name)]);
  }

  realInode(real: RealNames): number {
    this.#inode ??= real.inode(this.path());
    return this.#inode;
  }

  enter(parent: MirrorInode, name: string): void {
    parent.children!.set(name, this);
    this.names.push({ parent, name });
  }

  leave(parent: MirrorInode, name: string): void {
    parent.children!.delete(name);
    this.names = this.names.filter((one) => one.parent !== parent || one.name !== name);
  }

  /** Its name in that directory, if there is one. */
  nameIn(parent: number, name?: string): MirrorName | undefined {
    return this.names.find((one) => one.parent.ino === parent && (name === undefined || one.name === name));
  }
}
