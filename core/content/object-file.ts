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
import type { Holder, ObjectId } from '../numbers.ts';

/** An mtime that was never read: the object was created empty, and may still be. */
export const UNREAD = -1n;

/**
 * For every open of an object: a process that holds a lease (fcntl(2), F_SETLEASE) must not make the core wait. Such an
 * open fails with EAGAIN, and the lease is being broken.
 */
const NO_WAIT = constants.O_NONBLOCK ?? 0;

/** For a copy by path, which would wait. @throws the system's EAGAIN while a process holds a lease on the file */
export function checkLease(path: string | Buffer): void {
  closeSync(openSync(path, constants.O_RDONLY | NO_WAIT));
}

/** Mode bits of which any makes a file executable. */
export const ANY_EXECUTE = 0o111;

/** A real file in an inotify mirror that holds an object's bytes. It has no other name, and no descriptor is kept. */
export interface VisibleFile {
  readonly path: Buffer;
  /** Path for other processes, if they cannot use `path`. */
  readonly foreignPath: Buffer | undefined;
  /** The requesting process makes the current change itself, natively; `truncate` and `times` are not called. */
  readonly changedByCaller: boolean;
  truncate(length: number): void;
  /** Seconds since the epoch; undefined leaves a time unchanged. */
  times(atime: number | undefined, mtime: number | undefined): void;
  /** Runs `use` with a path in no watched directory, so that watchers of directories are not notified. */
  quietly(use: (path: string) => void): void;
  /** The same for reading. If the file itself is watched, its watchers are notified of the read; the extra name would be worse. */
  readQuietly(use: (path: string | Buffer) => void): void;
}

export class ObjectFile {
  readonly oid: ObjectId;
  /** In the object directory. */
  readonly ownPath: string;
  visible: VisibleFile | null = null;
  /** The record whose bytes these are, and the layer it is in. */
  node: Inode;
  layer: LowerLayer;
  /** For a real file's bytes: the upper layer of the branch whose processes read them here. */
  readIn: LowerLayer | null = null;
  /** Index of the object's dirty mark in the shared page. */
  slot = NO_SLOT;
  /** May hold a descriptor of the object. */
  readonly holders = new Set<Holder>();
  /** Size and mtime (ns) that the last event or operation reported. */
  reportedSize = 0;
  reportedMtime = UNREAD;
  /** mtime and atime of the file as last read: only a change of them updates the inode. */
  seenMtime = UNREAD;
  seenAtime = 0n;
  blocks = 0;
  /** The host's descriptor for reading, -1 while closed. */
  fd = -1;
  /** The host's descriptor for writing, kept only for files that are not executable: exec would fail with ETXTBSY. */
  writer = -1;

  constructor(oid: ObjectId, path: string, node: Inode, layer: LowerLayer) {
    this.oid = oid;
    this.ownPath = path;
    this.node = node;
    this.layer = layer;
  }

  get path(): string | Buffer {
    return this.visible ? this.visible.path : this.ownPath;
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
   * A descriptor for reading: keeping a writable descriptor would make exec of the file fail with ETXTBSY.
   * @throws the system's error
   */
  fd(object: ObjectFile): number {
    if (object.fd < 0) {
      object.fd = openSync(object.path, constants.O_RDONLY | NO_WAIT);
      this.adopt(object);
    } else if (this.#open.size * 2 > this.#limit) {
      this.#open.delete(object.oid);
      this.#open.set(object.oid, object);
    }
    return object.fd;
  }

  /** Runs `use` with a descriptor for reading. @throws the system's error */
  reading<T>(object: ObjectFile, use: (fd: number) => T): T {
    return object.visible ? once(object.path, constants.O_RDONLY, use) : use(this.fd(object));
  }

  /** Runs `use` with a descriptor for writing. @throws the system's error, ETXTBSY while the file is executed */
  writing<T>(object: ObjectFile, use: (fd: number) => T): T {
    if (object.visible) return once(object.path, constants.O_WRONLY, use);
    if (!(object.node.mode & ANY_EXECUTE)) {
      if (object.writer < 0) {
        object.writer = openSync(object.path, constants.O_RDWR | NO_WAIT);
        this.adopt(object);
      }
      return use(object.writer);
    }
    this.closeWriter(object);
    return once(object.path, constants.O_RDWR, use);
  }

  /** A process is about to open the file, perhaps to execute it. */
  closeWriter(object: ObjectFile): void {
    if (object.writer >= 0) closeSync(object.writer);
    object.writer = -1;
  }

  /** Counts a descriptor that is open already; closes the oldest above the limit. */
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

  /** Undefined if the file does not exist yet: a FIFO before the process that opens it creates it. */
  stat(object: ObjectFile): BigIntStats | undefined {
    // Opening a FIFO would act as a reader or writer.
    if (!object.node.isFile()) return lstatSync(object.path, { bigint: true, throwIfNoEntry: false });
    if (object.visible) return statSync(object.path, { bigint: true, throwIfNoEntry: false });
    try {
      return fstatSync(this.fd(object), { bigint: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      return statSync(object.path, { bigint: true });
    }
  }

  remove(object: ObjectFile): void {
    this.close(object);
    if (object.visible) {
      // The mirror removes the name.
      object.visible = null;
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

/** Opens, uses and closes the file, so that watchers see one complete access. */
function once<T>(path: string | Buffer, flags: number, use: (fd: number) => T): T {
  const fd = openSync(path, flags | NO_WAIT);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}
