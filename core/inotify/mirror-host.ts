/** What a mirror asks of what is around it. */
import type { ObjectFile } from '../content/object-file.ts';
import type { Inode } from '../layers/inode.ts';
import type { Namespace } from '../layers/namespace.ts';
import type { ShownFile, ShownState } from './shown-file.ts';

export interface MirrorHost extends ShownState {
  /** Give a file that will be watched an object, if it can have one. */
  promote(ns: Namespace, node: Inode): void;
  /** Is the branch the one, or the first, that has the object's bytes? */
  owns(ns: Namespace, object: ObjectFile): boolean;
  /** Path of an object outside every mirror. */
  privatePath(object: ObjectFile): string;
  /** Does somebody in this process need the inode's bytes, whatever becomes of its names? */
  keeps(ino: number): boolean;
  /** The object goes on with a file of its own, and the real one is nobody's. */
  detach(object: ObjectFile, shown: ShownFile): void;
  /** Nothing but processes has the object from now on. */
  lost(object: ObjectFile, inode: number): void;
  /** Close what the core itself holds open of it. */
  shut(object: ObjectFile): void;
  /** Writers of this inode's bytes are to say so at once (1), or need not (-1). */
  count(ino: number, delta: number): void;
}
