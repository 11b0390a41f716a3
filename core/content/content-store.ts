/**
 * The bytes of regular files.
 *
 * They start in memory, inside the inode. With a shared backstore the first native open promotes them to an
 * object file, which both sides use from then on: processes through their own descriptors, the core through
 * a descriptor it keeps. Size and times of a promoted inode are read from the object after native changes.
 */
import {
  constants,
  copyFileSync,
  ftruncateSync,
  mkdirSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { FsError } from '../errors.ts';
import type { Inode } from '../layers/inode.ts';
import type { LowerFile } from '../layers/lower-file.ts';
import type { LowerLayer } from '../layers/lower-layer.ts';
import type { MemoryLayer } from '../layers/memory-layer.ts';
import type { ObjectId } from '../numbers.ts';
import { OBJECT_NAMES } from '../protocol.ts';
import { copyLower, readLower, readLowerPart } from './lower-bytes.ts';
import { checkLease, ObjectFds, type ObjectFile } from './object-file.ts';
import { ObjectState } from './object-state.ts';
import { dropBuffer, ObjectTable, type VisibleFileProvider } from './object-table.ts';
import { Quota } from './quota.ts';
import { asFsError } from './system-error.ts';

/** Storage of bytes: inside this process, or also in object files below `directory` that processes open natively. */
export type Backstore = { readonly kind: 'memory' } | { readonly kind: 'shared'; readonly directory: string };

/** A file that grows beyond this in memory is promoted if possible: an object file is sparse. Bytes. */
const PROMOTE_ABOVE = 64 * 1024 * 1024;
const MAX_MEMORY_FILE = 0x7fff_0000;

/** Reads, writes and copies bytes, wherever they are; see above. */
export class ContentStore {
  readonly #quota: Quota;
  readonly #directory: string | undefined;
  readonly #fds = new ObjectFds();
  readonly #state: ObjectState;
  readonly #objects: ObjectTable;
  /**
   * Called before the core changes bytes that watchers see natively: the kernel notifies them at the write itself, and
   * answers that processes keep must be invalid by then.
   */
  onNativeChange: (ino: number) => void = () => {};

  constructor(backstore: Backstore, maxBytes: number) {
    this.#quota = new Quota(maxBytes);
    this.#state = new ObjectState(this.#fds, this.#quota);
    if (backstore.kind === 'shared') {
      this.#directory = `${backstore.directory}/${OBJECT_NAMES.objects}`;
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    }
    this.#objects = new ObjectTable(this.#directory, this.#fds, this.#state, this.#quota);
  }

  /** Total size of all files in bytes, promised growth included. */
  get used(): number {
    return this.#quota.used;
  }

  get maxBytes(): number {
    return this.#quota.maxBytes;
  }

  /** Source of real files for objects while branches are watched with inotify. */
  get visibleFiles(): VisibleFileProvider | undefined {
    return this.#objects.visibleFiles;
  }

  set visibleFiles(provider: VisibleFileProvider | undefined) {
    this.#objects.visibleFiles = provider;
  }

  /** Whether files can be opened natively. */
  get shared(): boolean {
    return this.#directory !== undefined;
  }

  object(oid: ObjectId): ObjectFile | undefined {
    return this.#objects.get(oid);
  }

  /** Gives the inode an object file. @param layer the layer that `node` is a record of @throws FsError */
  promote(node: Inode, layer: LowerLayer): ObjectFile {
    return this.#objects.promote(node, layer);
  }

  /** See ObjectTable. */
  closeWriter(object: ObjectFile): void {
    this.#objects.closeWriter(object);
  }

  /** See ObjectTable. */
  shut(object: ObjectFile): void {
    this.#objects.shut(object);
  }

  /** See ObjectTable. */
  abandon(node: Inode): void {
    this.#objects.abandon(node);
  }

  freeObject(object: ObjectFile): void {
    this.#objects.free(object);
  }

  /** See ObjectState. */
  sync(node: Inode): void {
    this.#state.sync(node);
  }

  /** See ObjectState. */
  syncObject(object: ObjectFile): void {
    this.#state.syncObject(object);
  }

  /** See ObjectState. */
  setTimes(node: Inode, which?: { readonly access?: boolean; readonly modify?: boolean }): void {
    this.#state.setTimes(node, which);
  }

  /** See ObjectState. */
  truncatedByOpener(node: Inode): void {
    this.#state.truncatedByOpener(node);
  }

  /** See ObjectState. */
  stamp(node: Inode): void {
    this.#state.stamp(node);
  }

  /** Copies the bytes up before a change, while the real file still holds them. `node` is a copy of its record. */
  #copyUp(node: Inode, lower: LowerFile, layer: MemoryLayer): void {
    if (this.shared) {
      this.promote(node, layer);
      return;
    }
    this.#quota.admit(node.size, 'open');
    const bytes = readLower(lower);
    node.lower = null;
    node.buf = bytes;
    node.size = node.capacity = bytes.length;
    this.#quota.used += bytes.length;
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
    this.#state.syncObject(node.object);
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
      if (object.visible) this.onNativeChange(node.ino);
      const n = asFsError('write', () => this.#fds.writing(object, put));
      this.#state.markReported(node);
      return n;
    }
    if (length === 0) return 0;
    this.#unshare(node);
    const before = node.size;
    node.write(from as Buffer, offset, length, position);
    this.#quota.used += node.size - before;
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
      this.#quota.resize(node, length);
      object.reportedSize = length;
      return;
    }
    if (object) {
      if (object.visible) this.onNativeChange(node.ino);
      asFsError('truncate', () => {
        if (object.visible) object.visible.truncate(length);
        else this.#fds.writing(object, (fd) => ftruncateSync(fd, length));
      });
      this.#state.markReported(node);
      return;
    }
    const before = node.size;
    if (length > 0) this.#unshare(node);
    else node.bufShared = false;
    node.truncate(length);
    this.#quota.used += node.size - before;
  }

  /** Checks quota and size limits, and moves the bytes to where they can be written. */
  #admit(node: Inode, layer: MemoryLayer, size: number, operation: string): void {
    if (node.object) this.#state.sync(node);
    else if (node.lower) asFsError(operation, () => this.#copyUp(node, node.lower!, layer));
    if (size <= node.size) return;
    if (this.#quota.used + size - node.size > this.#quota.maxBytes) throw new FsError('ENOSPC', operation);
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
  grow(oid: ObjectId, size: number, least = size - 1): number {
    const object = this.object(oid);
    if (!object) return size;
    this.#state.syncObject(object);
    const { node } = object;
    if (size <= node.size) return size;
    const promised = Math.min(size, node.size + Math.max(0, this.#quota.maxBytes - this.#quota.used));
    if (promised <= least) throw new FsError('ENOSPC', 'write');
    this.#quota.resize(node, Math.max(node.size, promised));
    return promised;
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
      this.#state.syncObject(from.object);
      const object = this.promote(to, toLayer);
      const source = from.object;
      const copy = (path: string) =>
        readQuietly(source, (bytes) => copyUnleased(bytes, path, constants.COPYFILE_FICLONE));
      asFsError('open', () => (object.visible ? object.visible.quietly(copy) : copy(object.ownPath)));
      this.#state.alignTimes(to);
      return;
    }
    to.buf = from.buf;
    to.size = from.size;
    to.capacity = from.size;
    this.#quota.used += to.size;
    from.bufShared = to.bufShared = from.size > 0;
  }

  /** Moves the object to the copy, so that processes reading the real file's bytes through it see later changes. */
  #handOver(from: Inode, to: Inode, layer: MemoryLayer): void {
    const object = from.object!;
    this.#quota.admit(from.size, 'open');
    this.#quota.used += from.size;
    to.size = from.size;
    to.object = object;
    from.object = null;
    object.node = to;
    object.layer = layer;
  }

  /** Writes all bytes to a new file; `path` must not exist. @throws the system's error */
  exportTo(node: Inode, path: string): void {
    if (node.object) this.#state.syncObject(node.object);
    if (node.object)
      copyUnleased(node.object.path, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    else if (node.lower) copyLower(node.lower, node.size, path);
    else writeFileSync(path, node.buf.subarray(0, node.size), { flag: 'wx', mode: 0o600 });
  }

  /** The inode has no names and no holders left: releases its bytes. */
  free(node: Inode): void {
    this.#quota.used -= node.isFile() && !node.lower ? node.size : 0;
    node.lower = null;
    // A FIFO's or socket's copies share the first record's.
    if (node.object?.node === node) this.#objects.free(node.object);
    node.object = null;
    node.size = 0;
    dropBuffer(node);
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

/** copyFileSync, which would wait for a process that holds a lease. @throws the system's EAGAIN in that case */
function copyUnleased(from: string | Buffer, to: string, mode: number): void {
  checkLease(from);
  copyFileSync(from, to, mode);
}
