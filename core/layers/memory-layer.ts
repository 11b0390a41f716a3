/** A layer whose names and bytes are in memory: a memfs tree, and an index by inode number. */
import { Superblock } from '@jsonjoy.com/fs-core';
import { Volume } from 'memfs';
import type { DirectoryTable, Inode } from './inode.ts';
import { LayerEntry } from './inode.ts';
import type { LowerLayer } from './lower-layer.ts';

export class MemoryLayer implements LowerLayer {
  readonly id: number;
  frozen = false;
  /** Records of inodes created or changed in this layer, including orphans that are still open. */
  readonly inodes = new Map<number, Inode>();

  constructor(id: number) {
    this.id = id;
  }

  node(ino: number): Inode | undefined {
    return this.inodes.get(ino);
  }

  directory(ino: number): DirectoryTable | undefined {
    return this.inodes.get(ino)?.table ?? undefined;
  }

  /** This layer alone as a memfs volume, read-only, for memfs's tools. */
  volume(root: number): Volume {
    const superblock = new Superblock();
    const node = this.inodes.get(root) ?? null;
    (superblock as unknown as { root: LayerEntry }).root = new LayerEntry(null, '', 0, node);
    return new Volume(superblock);
  }
}
