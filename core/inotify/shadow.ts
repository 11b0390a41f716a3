/** One inode of a branch as the mirror has it: by which real names it goes, and what is known below it. */
import type { ObjectFile } from '../content/object-file.ts';
import { encodePath } from '../path-bytes.ts';
import type { RealNames } from './real-names.ts';

export interface ShadowName {
  readonly parent: Shadow;
  readonly name: string;
}

const SLASH = Buffer.from('/');

export class Shadow {
  readonly ino: number;
  /** Of a directory; null for everything else. */
  readonly children: Map<string, Shadow> | null;
  names: ShadowName[] = [];
  /** Of a directory: every name that the branch shows in it is here, too. */
  complete = false;
  /** Somebody asked to watch it. */
  watched = false;
  /** The real file is the one that holds the inode's bytes. */
  object: ObjectFile | null = null;
  /** A stand-in for a file whose bytes another branch may change. */
  counted = false;
  /** Real inode number, once it was asked for. */
  #inode: number | undefined;
  /** The mirror's root only. */
  readonly #base: Buffer | null;

  constructor(ino: number, directory: boolean, base: Buffer | null = null) {
    this.ino = ino;
    this.children = directory ? new Map() : null;
    this.#base = base;
  }

  /** By its first name, unless another is told. */
  path(at: ShadowName | undefined = this.names[0]): Buffer {
    if (this.#base) return this.#base;
    if (!at) throw new Error(`inode ${this.ino} has no name in the mirror`);
    return Buffer.concat([at.parent.path(), SLASH, encodePath(at.name)]);
  }

  under(name: string): Buffer {
    return Buffer.concat([this.path(), SLASH, encodePath(name)]);
  }

  inode(real: RealNames): number {
    this.#inode ??= real.inode(this.path());
    return this.#inode;
  }

  enter(parent: Shadow, name: string): void {
    parent.children!.set(name, this);
    this.names.push({ parent, name });
  }

  leave(parent: Shadow, name: string): void {
    parent.children!.delete(name);
    this.names = this.names.filter((one) => one.parent !== parent || one.name !== name);
  }

  /** Its name in that directory, if it has one there. */
  nameIn(parent: number, name?: string): ShadowName | undefined {
    return this.names.find((one) => one.parent.ino === parent && (name === undefined || one.name === name));
  }
}
