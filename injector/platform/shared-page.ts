/**
 * The host's side of the shared page (`SHARED` in core/protocol.ts).
 *
 * A file that the host and every gate map, so that a native write or a new watch is announced by a memory store
 * instead of a system call. All accesses go through `Atomics` on a view of the mapping, which V8 compiles to the
 * machine's atomic instructions whether or not the buffer is a SharedArrayBuffer.
 */
import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import {
  DIRTY_SLOTS,
  GENERATIONS,
  generationIndex,
  HostState,
  MAGIC,
  MOUNTS_BYTES,
  PROTOCOL_VERSION,
  SHARED,
  SHARED_AREAS,
  TOKEN_BYTES,
  WATCHED_SLOTS,
} from '../../core/protocol.ts';
import { libc, MAP_SHARED, type Pointer, PROT_READ, PROT_WRITE } from './libc.ts';

export interface SharedPageContent {
  /** Absolute mount paths. */
  readonly mounts: readonly string[];
  /** Device number of every virtual inode. */
  readonly device: bigint;
  /** A set of `SharedFlag`. */
  readonly flags: number;
  readonly socketPath: string;
  /** `TOKEN_BYTES` secret bytes. */
  readonly token: Uint8Array;
  /** Default: this process. */
  readonly hostPid?: number;
}

const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
const SATURATED = 0xff;
const NOTHING = new ArrayBuffer(0);

export class SharedPage {
  readonly path: string;
  #address: Pointer | undefined;
  #header: Uint32Array;
  #dirty: Uint32Array;
  #watched: Uint8Array;
  #generations: Uint32Array;
  /** Exact counts. The bytes in the page saturate at 255, from which they could not be decremented. */
  readonly #counts = new Uint32Array(WATCHED_SLOTS);

  /** The file must not exist. @throws if the content does not fit, or the file cannot be created or mapped */
  static create(path: string, content: SharedPageContent): SharedPage {
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      // Not sparse: on a full filesystem a store into a hole raises SIGBUS, in every process of the session.
      writeFileSync(fd, new Uint8Array(SHARED_AREAS.total));
      return new SharedPage(path, fd, content);
    } finally {
      // The mapping keeps the file open.
      closeSync(fd);
    }
  }

  private constructor(path: string, fd: number, content: SharedPageContent) {
    this.path = path;
    const size = SHARED_AREAS.total;
    const address = libc().mmap(null, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (address === null || address === MAP_FAILED) {
      throw new Error(`cannot map ${path}: errno ${libc().errno()}`);
    }
    this.#address = address;
    const buffer = libc().view(address, size);
    this.#header = new Uint32Array(buffer, 0, SHARED.size / 4);
    this.#dirty = new Uint32Array(buffer, SHARED_AREAS.dirty, DIRTY_SLOTS);
    this.#watched = new Uint8Array(buffer, SHARED_AREAS.watched, WATCHED_SLOTS);
    this.#generations = new Uint32Array(buffer, SHARED_AREAS.generations, GENERATIONS);
    try {
      writeContent(buffer, content);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** `Starting` → `Alive` → `Dead`; gates turn `Dead` into EIO. */
  setHostState(state: (typeof HostState)[keyof typeof HostState]): void {
    Atomics.store(this.#header, SHARED.at.host_state / 4, state);
  }

  /** Pid of the last writer that marked `slot` since the last call, 0 for none. Clears the mark. */
  takeDirty(slot: number): number {
    return Atomics.exchange(this.#dirty, slot, 0);
  }

  /** Increments or decrements the watch count of an inode. Inodes that share a slot are watched together. */
  watch(ino: number | bigint, delta: number): void {
    const slot = Number(BigInt(ino) % BigInt(WATCHED_SLOTS));
    const count = this.#counts[slot] + delta;
    if (count < 0) throw new RangeError(`inode ${ino} has no watch to take away`);
    this.#counts[slot] = count;
    Atomics.store(this.#watched, slot, Math.min(count, SATURATED));
  }

  /** Invalidates the gates' caches of this inode. */
  outdate(ino: number): void {
    Atomics.add(this.#generations, generationIndex(ino), 1);
  }

  /** Invalidates the gates' caches completely. */
  outdateAll(): void {
    Atomics.add(this.#generations, 0, 1);
  }

  /** A process was bound to another branch: a process that starts a child first requests its binding again. */
  rebound(): void {
    Atomics.add(this.#header, SHARED.at.rebindings / 4, 1);
  }

  /** @param index of `generationIndex`, or 0 */
  generation(index: number): number {
    return Atomics.load(this.#generations, index);
  }

  /** Unmaps the page; the file stays. Only `close` may be called afterwards. Idempotent. */
  close(): void {
    if (this.#address === undefined) return;
    // A view of unmapped memory would crash; an empty view throws a RangeError.
    this.#header = new Uint32Array(NOTHING);
    this.#dirty = new Uint32Array(NOTHING);
    this.#watched = new Uint8Array(NOTHING);
    this.#generations = new Uint32Array(NOTHING);
    libc().munmap(this.#address, SHARED_AREAS.total);
    this.#address = undefined;
  }
}

/** Writes all fields but `host_state`, which is `Starting` until the host sets it. */
function writeContent(buffer: ArrayBuffer, content: SharedPageContent): void {
  const text = new TextEncoder();
  const mounts = text.encode(content.mounts.map((mount) => `${mount}\0`).join(''));
  const socket = text.encode(`${content.socketPath}\0`);
  if (content.token.length !== TOKEN_BYTES) throw new RangeError(`a token has ${TOKEN_BYTES} bytes`);
  const needed = mounts.length + socket.length + TOKEN_BYTES;
  if (needed > MOUNTS_BYTES) {
    throw new RangeError(`the mount paths take ${needed} bytes, and there is room for ${MOUNTS_BYTES}`);
  }
  const socketAt = SHARED_AREAS.mounts + mounts.length;
  const tokenAt = socketAt + socket.length;
  const bytes = new Uint8Array(buffer);
  bytes.set(mounts, SHARED_AREAS.mounts);
  bytes.set(socket, socketAt);
  bytes.set(content.token, tokenAt);

  const header = new DataView(buffer);
  const u32 = (field: keyof typeof SHARED.at, value: number) =>
    header.setUint32(SHARED.at[field], value, true);
  u32('version', PROTOCOL_VERSION);
  u32('host_state', HostState.Starting);
  u32('host_pid', content.hostPid ?? process.pid);
  header.setBigUint64(SHARED.at.device, content.device, true);
  u32('mount_count', content.mounts.length);
  u32('session_flags', content.flags);
  u32('mounts_offset', SHARED_AREAS.mounts);
  u32('watched_offset', SHARED_AREAS.watched);
  u32('dirty_offset', SHARED_AREAS.dirty);
  u32('total_size', SHARED_AREAS.total);
  u32('socket_offset', socketAt);
  u32('token_offset', tokenAt);
  u32('generations_offset', SHARED_AREAS.generations);
  // Last, because a reader checks it first.
  u32('magic', MAGIC);
}
