/**
 * The interface of a layer in a stack.
 *
 * Layers are keyed by inode number, not by path: a directory's names are found by its inode, so a moved directory
 * takes its lower contents along, copy-up keeps identity and hard links by construction, and no subtree is ever
 * copied. MemoryLayer implements it in memory; HostLayer implements it over real directories, and numbers their
 * files at first sight.
 */
import type { Inode, LayerEntry } from './inode.ts';

/** The names of one directory in one layer. */
export interface LowerDirectory {
  /** No layer below adds names to this directory. */
  readonly opaque: boolean;
  readonly names: { get(name: string): LayerEntry | undefined };
  /** Entries in listing order with a `seq` above `seq`. */
  after(seq: number): IterableIterator<LayerEntry>;
}

/** A layer of a stack, keyed by inode number. */
export interface LowerLayer {
  readonly id: number;
  /** Never changes again. */
  readonly frozen: boolean;
  /** This layer's record of an inode. */
  node(ino: number): Inode | undefined;
  /** This layer's names in a directory. */
  directory(ino: number): LowerDirectory | undefined;
}
