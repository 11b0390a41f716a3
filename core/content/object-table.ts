/** The object files of a core: created by promotion, found by oid, freed with their inode. */
import { closeSync, constants, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { Inode } from '../layers/inode.ts';
import type { LowerFile } from '../layers/lower-file.ts';
import type { LowerLayer } from '../layers/lower-layer.ts';
import { copyMetadata } from '../layers/namespace.ts';
import type { ObjectId } from '../numbers.ts';
import { DIRTY_SLOTS } from '../protocol.ts';
import { copyLower } from './lower-bytes.ts';
import { type ObjectFds, ObjectFile, type VisibleFile } from './object-file.ts';
import type { ObjectState } from './object-state.ts';
import type { Quota } from './quota.ts';
import { Slots } from './slots.ts';
import { asFsError } from './system-error.ts';

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

export class ObjectTable {
  visibleFiles: VisibleFileProvider | undefined;
  readonly #directory: string | undefined;
  readonly #fds: ObjectFds;
  readonly #state: ObjectState;
  readonly #quota: Quota;
  readonly #objects = new Map<ObjectId, ObjectFile>();
  readonly #slots = new Slots(DIRTY_SLOTS);
  #nextOid = 1;

  /** @param directory of the object files; undefined: nothing is promoted */
  constructor(directory: string | undefined, fds: ObjectFds, state: ObjectState, quota: Quota) {
    this.#directory = directory;
    this.#fds = fds;
    this.#state = state;
    this.#quota = quota;
  }

  get(oid: ObjectId): ObjectFile | undefined {
    return this.#objects.get(oid);
  }

  /** Gives the inode an object file. @param layer the layer that `node` is a record of @throws FsError */
  promote(node: Inode, layer: LowerLayer): ObjectFile {
    return node.object ?? asFsError('open', () => this.#promote(node, layer));
  }

  #promote(node: Inode, layer: LowerLayer): ObjectFile {
    const oid = this.#nextOid++ as ObjectId;
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
    if (node.size > 0) dropBuffer(node);
    node.object = object;
    this.#objects.set(oid, object);
    // A new empty file needs no stat: its size and times are the inode's.
    if (node.size > 0) this.#state.alignTimes(node);
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
    if (own) this.#quota.admit(node.size, 'open');
    try {
      if (visible) this.#attach(object, visible, (path) => copyLower(lower, node.size, path, true));
      else copyLower(lower, node.size, object.ownPath);
      if (own) node.lower = null;
      node.object = object;
      object.slot = this.#slots.take();
      if (own) this.#quota.used += node.size;
      this.#state.alignTimes(node);
    } catch (error) {
      if (node.object && own) {
        this.#quota.used -= node.size;
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

  /** The real file changed: current holders keep the object with the old bytes; later opens get a new object. */
  abandon(node: Inode): void {
    const object = node.object!;
    if (object.holders.size === 0) {
      this.free(object);
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

  free(object: ObjectFile): void {
    this.#objects.delete(object.oid);
    this.#slots.give(object.slot);
    this.visibleFiles?.freed(object);
    this.#fds.remove(object);
    object.node.object = null;
  }

  /** Closes the host's descriptor for writing: the file may be executed next, and exec would fail with ETXTBSY. */
  closeWriter(object: ObjectFile): void {
    this.#fds.closeWriter(object);
  }

  /** Closes all of the host's descriptors of the object. */
  shut(object: ObjectFile): void {
    this.#fds.close(object);
  }
}

/** Releases an inode's bytes in memory. */
export function dropBuffer(node: Inode): void {
  node.buf = EMPTY;
  node.capacity = 0;
  node.bufShared = false;
}
