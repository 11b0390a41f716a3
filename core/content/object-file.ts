/** The bytes of one inode in a real file that processes open natively. */
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { NO_SLOT } from '../constants.ts';
import type { Inode } from '../layers/inode.ts';
import type { LowerLayer } from '../layers/lower-layer.ts';

/** An mtime that was never looked at: the object was made empty, and may still be. */
export const UNREAD = -1n;

/** Somebody may execute it. */
export const ANY_EXECUTE = 0o111;

/** Where the real file is that programs which watch hear of; then there is no other name, and no descriptor is kept. */
export interface ShownName {
  readonly path: Buffer;
  /** For other processes, where they could not use `path`. */
  readonly foreignPath: Buffer | undefined;
  /** What is changed now is changed by who asked for it; `truncate` and `times` do nothing. */
  readonly elsewhere: boolean;
  truncate(length: number): void;
  /** Seconds since the epoch; one that is undefined stays. */
  times(atime: number | undefined, mtime: number | undefined): void;
  /** Nobody in the watched directories hears what is done by this path. */
  quietly(use: (path: string) => void): void;
  /** The same for reading. Where the file itself is watched it is heard as a read: the lesser evil. */
  readQuietly(use: (path: string | Buffer) => void): void;
}

export class ObjectFile {
  readonly oid: number;
  /** In the object directory. */
  readonly ownPath: string;
  shown: ShownName | null = null;
  /** Record whose bytes these are, and the layer it lives in. */
  node: Inode;
  layer: LowerLayer;
  /** Of a real file's bytes: the one branch (its upper layer) whose processes read them here. */
  readIn: LowerLayer | null = null;
  /** Index of its dirty mark in the shared page. */
  slot = NO_SLOT;
  /** Processes that may hold a descriptor of it. */
  readonly holders = new Set<number>();
  /** Size and mtime (ns) that the last event or operation accounted for. */
  toldSize = 0;
  toldMtime = UNREAD;
  /** mtime and atime of the file as last read: only a change of them is news to the inode. */
  seenMtime = UNREAD;
  seenAtime = 0n;
  blocks = 0;
  /** Our own descriptor, -1 while closed. */
  fd = -1;
  /** The same for writing, kept only while nobody may execute the file: exec would fail with ETXTBSY. */
  writer = -1;

  constructor(oid: number, path: string, node: Inode, layer: LowerLayer) {
    this.oid = oid;
    this.ownPath = path;
    this.node = node;
    this.layer = layer;
  }

  get path(): string | Buffer {
    return this.shown ? this.shown.path : this.ownPath;
  }
}

/** Keeps one descriptor for each of the most recently used objects. */
export class ObjectFds {
  readonly #limit: number;
  readonly #open = new Map<number, ObjectFile>();

  constructor(limit = 256) {
    this.#limit = limit;
  }

  /**
   * A descriptor for reading: a kept one for writing would make exec of the file fail with ETXTBSY.
   * @throws the system's error
   */
  fd(object: ObjectFile): number {
    if (object.fd < 0) {
      object.fd = openSync(object.path, constants.O_RDONLY);
      this.adopt(object);
    } else if (this.#open.size * 2 > this.#limit) {
      this.#open.delete(object.oid);
      this.#open.set(object.oid, object);
    }
    return object.fd;
  }

  /** Run `use` with a descriptor for reading. @throws the system's error */
  reading<T>(object: ObjectFile, use: (fd: number) => T): T {
    return object.shown ? once(object.path, constants.O_RDONLY, use) : use(this.fd(object));
  }

  /** Run `use` with a descriptor for writing. @throws the system's error, ETXTBSY while the file is executed */
  writing<T>(object: ObjectFile, use: (fd: number) => T): T {
    if (object.shown) return once(object.path, constants.O_WRONLY, use);
    if (!(object.node.mode & ANY_EXECUTE)) {
      if (object.writer < 0) {
        object.writer = openSync(object.path, constants.O_RDWR);
        this.adopt(object);
      }
      return use(object.writer);
    }
    this.closeWriter(object);
    return once(object.path, constants.O_RDWR, use);
  }

  /** Somebody is about to open the file, perhaps to execute it. */
  closeWriter(object: ObjectFile): void {
    if (object.writer >= 0) closeSync(object.writer);
    object.writer = -1;
  }

  /** Count a descriptor that is open already. */
  adopt(object: ObjectFile): void {
    this.#open.set(object.oid, object);
    if (this.#open.size <= this.#limit) return;
    for (const oldest of this.#open.values()) {
      this.close(oldest);
      break;
    }
  }

  close(object: ObjectFile): void {
    this.#open.delete(object.oid);
    if (object.fd >= 0) closeSync(object.fd);
    object.fd = -1;
    this.closeWriter(object);
  }

  /** Undefined where nobody has made the object yet: a FIFO between its opening here and there. */
  stat(object: ObjectFile): BigIntStats | undefined {
    // To open it would be to take part.
    if (!object.node.isFile()) return lstatSync(object.path, { bigint: true, throwIfNoEntry: false });
    if (object.shown) return statSync(object.path, { bigint: true, throwIfNoEntry: false });
    return fstatSync(this.fd(object), { bigint: true });
  }

  remove(object: ObjectFile): void {
    this.close(object);
    if (object.shown) {
      // The name is the mirror's.
      object.shown = null;
      return;
    }
    try {
      unlinkSync(object.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  closeAll(): void {
    for (const object of [...this.#open.values()]) this.close(object);
  }
}

/** Open, use, close: heard as what it is. */
function once<T>(path: string | Buffer, flags: number, use: (fd: number) => T): T {
  const fd = openSync(path, flags);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}
