/**
 * The bytes of regular files.
 *
 * They start in memory, inside the inode. With a shared backstore the first native open promotes them to an
 * object file, which both sides use from then on: processes through their own descriptors, the core through
 * a descriptor it keeps. Size and times of a promoted inode are read from the object after native changes.
 */
import {
  closeSync,
  constants,
  copyFileSync,
  ftruncateSync,
  futimesSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { ERRNO, type ErrnoCode, FsError } from '../errors.ts';
import { Inode } from '../layers/inode.ts';
import type { LowerFile } from '../layers/lower-file.ts';
import type { LowerLayer } from '../layers/lower-layer.ts';
import type { MemoryLayer } from '../layers/memory-layer.ts';
import { copyMetadata } from '../layers/namespace.ts';
import { DIRTY_SLOTS, OBJECT_NAMES } from '../protocol.ts';
import { copyLower, readLower, readLowerPart } from './lower-bytes.ts';
import { ObjectFds, ObjectFile, UNREAD, type VisibleFile } from './object-file.ts';
import { Slots } from './slots.ts';

export type Backstore = { readonly kind: 'memory' } | { readonly kind: 'shared'; readonly directory: string };

/** A file that grows beyond this in memory is promoted if possible: an object file is sparse. Bytes. */
const PROMOTE_ABOVE = 64 * 1024 * 1024;
const MAX_MEMORY_FILE = 0x7fff_0000;
/** How far the clock that a kernel stamps files with may lag behind the precise clock. Nanoseconds. */
const TICK = 10_000_000n;
const NS = 1_000_000_000n;
const BOTH = { access: true, modify: true };
const EMPTY = Buffer.alloc(0);

/** Provides a real file of an inotify mirror to hold an inode's bytes. */
export interface VisibleFileProvider {
  /** The real file to become the inode's object, if a mirror has one. @param ownPath a free path for `quietly` */
  find(node: Inode, layer: LowerLayer, ownPath: string): VisibleFile | undefined;
  /** `object.visible` was set to a file that `find` returned. */
  attached(object: ObjectFile): void;
  /** The object is no longer used. */
  freed(object: ObjectFile): void;
}

export class ContentStore {
  /** Total size of all files' bytes, promised growth included. */
  used = 0;
  readonly maxBytes: number;
  readonly #objects = new Map<number, ObjectFile>();
  readonly #directory: string | undefined;
  readonly #fds = new ObjectFds();
  readonly #slots = new Slots(DIRTY_SLOTS);
  #nextOid = 1;
  visibleFiles: VisibleFileProvider | undefined;

  constructor(backstore: Backstore, maxBytes: number) {
    this.maxBytes = maxBytes;
    if (backstore.kind !== 'shared') return;
    this.#directory = `${backstore.directory}/${OBJECT_NAMES.objects}`;
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
  }

  /** Whether files can be opened natively. */
  get shared(): boolean {
    return this.#directory !== undefined;
  }

  object(oid: number): ObjectFile | undefined {
    return this.#objects.get(oid);
  }

  /** Gives the inode an object file. @param layer the layer that `node` is a record of @throws FsError */
  promote(node: Inode, layer: LowerLayer): ObjectFile {
    return node.object ?? asFsError('open', () => this.#promote(node, layer));
  }

  /** Closes the host's descriptor for writing: the file may be executed next, and exec would fail with ETXTBSY. */
  closeWriter(object: ObjectFile): void {
    this.#fds.closeWriter(object);
  }

  /** Closes all of the host's descriptors of the object. */
  shut(object: ObjectFile): void {
    this.#fds.close(object);
  }

  #promote(node: Inode, layer: LowerLayer): ObjectFile {
    const oid = this.#nextOid++;
    const object = new ObjectFile(oid, `${this.#directory}/${oid}`, node, layer);
    const visible = this.visibleFiles?.find(node, layer, object.ownPath);
    if (!node.isFile()) {
      // A FIFO or socket: only its path is reserved. The process that opens or binds it creates it.
      node.object = object;
      if (visible) {
        object.visible = visible;
        this.visibleFiles?.attached(object);
      }
      this.#objects.set(oid, object);
      return object;
    }
    if (node.lower) {
      this.#copyFromReal(node, node.lower, object, visible);
      return object;
    }
    if (visible)
      this.#attach(object, visible, (path) => writeFileSync(path, node.buf.subarray(0, node.size)));
    else this.#create(object, node);
    object.slot = this.#slots.take();
    if (node.size > 0) this.#dropBuffer(node);
    node.object = object;
    this.#objects.set(oid, object);
    // A new empty file needs no stat: its size and times are the inode's.
    if (node.size > 0) this.#alignTimes(node);
    return object;
  }

  #create(object: ObjectFile, node: Inode): void {
    const fd = openSync(object.ownPath, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o700);
    try {
      for (let at = 0; at < node.size; ) at += writeSync(fd, node.buf, at, node.size - at, at);
    } catch (error) {
      this.#fds.remove(object);
      throw error;
    } finally {
      closeSync(fd);
    }
  }

  /** @param fill writes the bytes to the file, which is empty or stale */
  #attach(object: ObjectFile, visible: VisibleFile, fill: (path: string) => void): void {
    if (object.node.size > 0 || statSync(visible.path).size > 0) visible.quietly(fill);
    object.visible = visible;
    this.visibleFiles?.attached(object);
  }

  /** Copies a real file's bytes into an object: a read-only copy for the real file's own record, the bytes themselves for a copy-up. */
  #copyFromReal(node: Inode, lower: LowerFile, object: ObjectFile, visible: VisibleFile | undefined): void {
    const own = lower.record !== node;
    if (own) this.#admitBytes(node.size);
    try {
      if (visible) this.#attach(object, visible, (path) => copyLower(lower, node.size, path, true));
      else copyLower(lower, node.size, object.ownPath);
      if (own) node.lower = null;
      node.object = object;
      object.slot = this.#slots.take();
      if (own) this.used += node.size;
      this.#alignTimes(node);
    } catch (error) {
      if (node.object && own) {
        this.used -= node.size;
        node.lower = lower;
      }
      node.object = null;
      this.#slots.give(object.slot);
      if (object.visible) this.visibleFiles?.freed(object);
      this.#fds.remove(object);
      throw error;
    }
    this.#objects.set(object.oid, object);
  }

  #admitBytes(size: number): void {
    if (this.used + size > this.maxBytes) throw new FsError('ENOSPC', 'open');
  }

  /** Copies the bytes up before a change, while the real file still holds them. `node` is a copy of its record. */
  #copyUp(node: Inode, lower: LowerFile, layer: MemoryLayer): void {
    if (this.shared) {
      this.promote(node, layer);
      return;
    }
    this.#admitBytes(node.size);
    const bytes = readLower(lower);
    node.lower = null;
    node.buf = bytes;
    node.size = node.capacity = bytes.length;
    this.used += bytes.length;
  }

  /** The real file changed: current holders keep the object with the old bytes; later opens get a new object. */
  abandon(node: Inode): void {
    const object = node.object!;
    if (object.holders.size === 0) {
      this.freeObject(object);
      return;
    }
    const rest = new Inode(node.ino, node.mode, node.uid, node.gid);
    copyMetadata(node, rest);
    rest.size = node.size;
    rest.lower = node.lower;
    rest.object = object;
    object.node = rest;
    node.object = null;
  }

  #dropBuffer(node: Inode): void {
    node.buf = EMPTY;
    node.capacity = 0;
    node.bufShared = false;
  }

  /** Reads the object's size and times, and leaves the inode's times alone. */
  #inspect(object: ObjectFile): void {
    const stat = this.#fds.stat(object);
    if (!stat) return;
    object.seenMtime = stat.mtimeNs;
    object.seenAtime = stat.atimeNs;
    object.blocks = Number(stat.blocks);
    this.#resize(object.node, Number(stat.size));
  }

  #resize(node: Inode, size: number): void {
    this.used += size - node.size;
    node.size = size;
  }

  /** Updates the inode from changes that native holders made to the object. */
  sync(node: Inode): void {
    const { object, lower } = node;
    if (lower && lower.record !== node && !object) {
      node.size = lower.size();
    }
    if (!object || object.holders.size === 0) return;
    this.syncObject(object);
  }

  syncObject(object: ObjectFile): void {
    const { node } = object;
    const mtime = object.seenMtime;
    const atime = object.seenAtime;
    this.#inspect(object);
    const unread = mtime === UNREAD;
    if (unread && node.size === 0) object.reportedMtime = object.seenMtime;
    else if (object.seenMtime !== mtime) {
      // No write is older than what the core did before it: a file made just now would be younger than its bytes.
      const before = BigInt(node.mtimeSec) * NS + BigInt(node.mtimeNsec);
      const at = object.seenMtime < before && before - object.seenMtime < TICK ? before : object.seenMtime;
      node.mtimeSec = node.ctimeSec = Number(at / NS);
      node.mtimeNsec = node.ctimeNsec = Number(at % NS);
    }
    if (!unread && object.seenAtime !== atime) {
      node.atimeSec = Number(object.seenAtime / NS);
      node.atimeNsec = Number(object.seenAtime % NS);
    }
  }

  /** Number of 512-byte blocks. */
  blocks(node: Inode): number {
    return node.object ? node.object.blocks : Math.ceil(node.size / 4096) * 8;
  }

  read(node: Inode, into: Uint8Array, offset: number, length: number, position: number): number {
    const { object, lower } = node;
    if (lower && !object)
      return asFsError('read', () => readLowerPart(lower, into, offset, length, position));
    if (object)
      return asFsError('read', () =>
        this.#fds.reading(object, (fd) => readSync(fd, into, offset, length, position)),
      );
    if (position >= node.size || length <= 0) return 0;
    const end = Math.min(node.size, position + length);
    into.set(node.buf.subarray(position, end), offset);
    return end - position;
  }

  /** All bytes, in a new buffer. */
  readAll(node: Inode): Buffer {
    if (node.lower && !node.object) return asFsError('read', () => readLower(node.lower!));
    if (!node.object) return Buffer.from(node.buf.subarray(0, node.size));
    this.syncObject(node.object);
    const bytes = Buffer.allocUnsafe(node.size);
    let at = 0;
    while (at < bytes.length) {
      const n = this.read(node, bytes, at, bytes.length - at, at);
      if (n === 0) break;
      at += n;
    }
    return bytes.subarray(0, at);
  }

  /** @throws FsError ENOSPC above the quota, EFBIG above the size limit of a file */
  write(
    node: Inode,
    layer: MemoryLayer,
    from: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): number {
    this.#admit(node, layer, position + length, 'write');
    const { object } = node;
    if (object) {
      const put = (fd: number) => writeSync(fd, from, offset, length, position);
      const n = asFsError('write', () => this.#fds.writing(object, put));
      this.markReported(node);
      return n;
    }
    if (length === 0) return 0;
    this.#unshare(node);
    const before = node.size;
    node.write(from as Buffer, offset, length, position);
    this.used += node.size - before;
    return length;
  }

  /** @throws FsError ENOSPC above the quota, EFBIG above the size limit of a file */
  truncate(node: Inode, layer: MemoryLayer, length: number): void {
    if (length === 0 && node.lower && !node.object) {
      node.lower = null;
      node.size = 0;
    }
    this.#admit(node, layer, length, 'truncate');
    const { object } = node;
    if (object?.visible?.changedByCaller) {
      this.#resize(node, length);
      object.reportedSize = length;
      return;
    }
    if (object) {
      asFsError('truncate', () => {
        if (object.visible) object.visible.truncate(length);
        else this.#fds.writing(object, (fd) => ftruncateSync(fd, length));
      });
      this.markReported(node);
      return;
    }
    const before = node.size;
    if (length > 0) this.#unshare(node);
    else node.bufShared = false;
    node.truncate(length);
    this.used += node.size - before;
  }

  /** Checks quota and size limits, and moves the bytes to where they can be written. */
  #admit(node: Inode, layer: MemoryLayer, size: number, operation: string): void {
    if (node.object) this.sync(node);
    else if (node.lower) asFsError(operation, () => this.#copyUp(node, node.lower!, layer));
    if (size <= node.size) return;
    if (this.used + size - node.size > this.maxBytes) throw new FsError('ENOSPC', operation);
    if (node.object) return;
    if (size > PROMOTE_ABOVE && this.shared) this.promote(node, layer);
    else if (size > MAX_MEMORY_FILE) throw new FsError('EFBIG', operation);
  }

  #unshare(node: Inode): void {
    if (!node.bufShared) return;
    node.buf = Buffer.from(node.buf.subarray(0, node.size));
    node.capacity = node.size;
    node.bufShared = false;
  }

  /**
   * Reserves room for a native writer: its object may become `size` bytes long, or as long as the quota permits if
   * that is more than `least`. Reserved bytes count as used until the object is next inspected.
   *
   * @returns the length granted @throws FsError ENOSPC above the quota
   */
  grow(oid: number, size: number, least = size - 1): number {
    const object = this.#objects.get(oid);
    if (!object) return size;
    this.syncObject(object);
    const { node } = object;
    if (size <= node.size) return size;
    const promised = Math.min(size, node.size + Math.max(0, this.maxBytes - this.used));
    if (promised <= least) throw new FsError('ENOSPC', 'write');
    this.#resize(node, Math.max(node.size, promised));
    return promised;
  }

  /** Records the object's current state as reported: the core's own operation has an event of its own. */
  markReported(node: Inode): void {
    const object = node.object!;
    this.#inspect(object);
    object.reportedSize = node.size;
    object.reportedMtime = object.seenMtime;
  }

  /** Sets the object's times to the inode's, after a change of the inode's. Times not selected by `which` stay. */
  setTimes(node: Inode, which: { readonly access?: boolean; readonly modify?: boolean } = BOTH): void {
    const { object } = node;
    // Times of a FIFO are read from its inode alone, unless it is in a mirror and may be watched.
    if (!object || (!node.isFile() && !object.visible)) return;
    if (object.visible?.changedByCaller) return;
    const { access = false, modify = false } = which;
    if (object.visible) {
      const atime = access ? node.atimeSec + node.atimeNsec / 1e9 : undefined;
      object.visible.times(atime, modify ? node.mtimeSec + node.mtimeNsec / 1e9 : undefined);
    } else futimes(this.#fds.fd(object), node);
    this.markReported(node);
  }

  /** Sets a new object's times to the inode's, unless watchers would be notified of it. */
  #alignTimes(node: Inode): void {
    if (node.object!.visible) this.markReported(node);
    else this.setTimes(node);
  }

  /** The process that opens the object is about to truncate it to zero; the event for that was emitted already. */
  truncatedByOpener(node: Inode): void {
    this.sync(node);
    this.#resize(node, 0);
    node.object!.reportedSize = 0;
  }

  /** The core changed the inode's bytes and set its times: makes the object's and the inode's times equal. */
  stamp(node: Inode): void {
    const { object } = node;
    if (!object) return;
    if (object.visible?.changedByCaller) return;
    // Setting them on a visible file would cause an inotify event of its own.
    if (!object.visible) this.setTimes(node);
    else {
      this.markReported(node);
      // No write is older than what the core did before it: a file made just now would be younger than its bytes.
      const before = BigInt(node.mtimeSec) * NS + BigInt(node.mtimeNsec);
      const at = object.seenMtime < before && before - object.seenMtime < TICK ? before : object.seenMtime;
      node.mtimeSec = node.ctimeSec = Number(at / NS);
      node.mtimeNsec = node.ctimeNsec = Number(at % NS);
    }
  }

  /** Gives `to` the bytes of `from`: shared until either is written, or a copy of the object. */
  copy(from: Inode, to: Inode, toLayer: MemoryLayer): void {
    if (!from.isFile()) return;
    if (from.lower) {
      // A changed attribute copies no bytes: the real file keeps them until they are changed.
      if (from.object?.readIn === toLayer) this.#handOver(from, to, toLayer);
      else {
        to.lower = from.lower;
        to.size = from.lower.record.size;
      }
      return;
    }
    if (from.object) {
      this.syncObject(from.object);
      const object = this.promote(to, toLayer);
      const source = from.object;
      const copy = (path: string) =>
        readQuietly(source, (bytes) => copyFileSync(bytes, path, constants.COPYFILE_FICLONE));
      asFsError('open', () => (object.visible ? object.visible.quietly(copy) : copy(object.ownPath)));
      this.#alignTimes(to);
      return;
    }
    to.buf = from.buf;
    to.size = from.size;
    to.capacity = from.size;
    this.used += to.size;
    from.bufShared = to.bufShared = from.size > 0;
  }

  /** Moves the object to the copy, so that processes reading the real file's bytes through it see later changes. */
  #handOver(from: Inode, to: Inode, layer: MemoryLayer): void {
    const object = from.object!;
    this.#admitBytes(from.size);
    this.used += from.size;
    to.size = from.size;
    to.object = object;
    from.object = null;
    object.node = to;
    object.layer = layer;
  }

  /** Writes all bytes to a new file; `path` must not exist. @throws the system's error */
  exportTo(node: Inode, path: string): void {
    if (node.object) this.syncObject(node.object);
    if (node.object)
      copyFileSync(node.object.path, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    else if (node.lower) copyLower(node.lower, node.size, path);
    else writeFileSync(path, node.buf.subarray(0, node.size), { flag: 'wx', mode: 0o600 });
  }

  /** The inode has no names and no holders left: releases its bytes. */
  free(node: Inode): void {
    this.used -= node.isFile() && !node.lower ? node.size : 0;
    node.lower = null;
    // A FIFO's or socket's copies share the first record's.
    if (node.object?.node === node) this.freeObject(node.object);
    node.object = null;
    node.size = 0;
    this.#dropBuffer(node);
  }

  freeObject(object: ObjectFile): void {
    this.#objects.delete(object.oid);
    this.#slots.give(object.slot);
    this.visibleFiles?.freed(object);
    this.#fds.remove(object);
    object.node.object = null;
  }

  close(): void {
    this.#fds.closeAll();
  }
}

/** Reads the object without notifying watchers of its directory. */
function readQuietly(object: ObjectFile, use: (path: string | Buffer) => void): void {
  if (object.visible) object.visible.readQuietly(use);
  else use(object.ownPath);
}

/** Converts the system's errors to FsError; codes that ERRNO lacks become EIO. */
function asFsError<T>(operation: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof FsError || code === undefined) throw error;
    throw new FsError(code in ERRNO ? (code as ErrnoCode) : 'EIO', operation);
  }
}

function futimes(fd: number, node: Inode): void {
  futimesSync(fd, node.atimeSec + node.atimeNsec / 1e9, node.mtimeSec + node.mtimeNsec / 1e9);
}
