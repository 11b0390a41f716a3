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
  /** Inode number. */
  readonly ino: number;
  /** Type of the file. */
  readonly type: FileType;
  /** With the S_IFMT bits. */
  readonly mode: number;
  /** Link count. */
  readonly nlink: number;
  /** User id of the owner. */
  readonly uid: number;
  /** Group id of the owner. */
  readonly gid: number;
  /** Device number of a device node; 0 for other files. */
  readonly rdev: number;
  /** Bytes; for a symbolic link the length of its target. */
  readonly size: number;
  /** 512-byte blocks. */
  readonly blocks: number;
  /** Time of the last access. */
  readonly atime: Timespec;
  /** Time of the last change of the contents. */
  readonly mtime: Timespec;
  /** Time of the last change of the inode. */
  readonly ctime: Timespec;
  /** Time of creation. */
  readonly btime: Timespec;
  /** Object file that holds the bytes, 0 if there is none. @internal */
  readonly oid: ObjectId;
  /** Index of the object's dirty mark, 0xffffffff if there is none. @internal */
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
