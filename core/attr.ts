/** Attributes as stat returns them. */
import type { Timespec } from './clock.ts';
import { fileType, NO_SLOT } from './constants.ts';
import type { ContentStore } from './content/content-store.ts';
import type { FileType } from './events/fs-event.ts';
import type { Inode } from './layers/inode.ts';
import type { Namespace } from './layers/namespace.ts';
import { NO_OBJECT, type ObjectId } from './numbers.ts';

/** Attributes of an inode, as one stat call returns them. */
export interface Attr {
  readonly ino: number;
  readonly type: FileType;
  /** With the S_IFMT bits. */
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  /** Bytes; for a symbolic link the length of its target. */
  readonly size: number;
  /** 512-byte blocks. */
  readonly blocks: number;
  readonly atime: Timespec;
  readonly mtime: Timespec;
  readonly ctime: Timespec;
  readonly btime: Timespec;
  /** Object file that holds the bytes, 0 if there is none. */
  readonly oid: ObjectId;
  /** Index of the object's dirty mark, 0xffffffff if there is none. */
  readonly slot: number;
}

/** Size of a directory: some programs take 0 for broken. */
const DIRECTORY_SIZE = 4096;

export function attrOf(namespace: Namespace, content: ContentStore, node: Inode): Attr {
  if (node.object || node.lower) content.sync(node);
  const type = fileType(node.mode);
  return {
    ino: node.ino,
    type,
    mode: node.mode,
    nlink: node.table ? namespace.nlink(node) : node.nlink,
    uid: node.uid,
    gid: node.gid,
    rdev: node.rdev,
    size: type === 'directory' ? DIRECTORY_SIZE : node.size,
    blocks: type === 'file' ? content.blocks(node) : 0,
    atime: { sec: node.atimeSec, nsec: node.atimeNsec },
    mtime: { sec: node.mtimeSec, nsec: node.mtimeNsec },
    ctime: { sec: node.ctimeSec, nsec: node.ctimeNsec },
    btime: { sec: node.btimeSec, nsec: node.btimeNsec },
    oid: node.object ? node.object.oid : NO_OBJECT,
    slot: node.object ? node.object.slot : NO_SLOT,
  };
}
