/** What an inotify mirror needs from its surroundings. */
import type { ObjectFile } from '../content/object-file.ts';
import type { Inode } from '../layers/inode.ts';
import type { Namespace } from '../layers/namespace.ts';
import type { MirrorFile, MirrorFileState } from './mirror-file.ts';

export interface MirrorHost extends MirrorFileState {
  /** Gives a file that will be watched an object, if possible. */
  promote(ns: Namespace, node: Inode): void;
  /** Whether the branch owns the object's bytes, or is the first to read a real file's bytes from it. */
  owns(ns: Namespace, object: ObjectFile): boolean;
  /** Path of an object while it is in no mirror. */
  privatePath(object: ObjectFile): string;
  /** Whether this process holds the inode, independent of its names. */
  isHeld(ino: number): boolean;
  /** Gives the object a private file with the same bytes; the visible file is then free for another object. */
  detach(object: ObjectFile, visible: MirrorFile): void;
  /** Only processes hold the object from now on. */
  lost(object: ObjectFile, inode: number): void;
  /** Closes the host's descriptors of the object. */
  shut(object: ObjectFile): void;
  /** Writers of this inode's bytes must report each write at once (1), or need not any more (-1). */
  count(ino: number, delta: number): void;
}
