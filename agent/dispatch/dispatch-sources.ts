/**
 * All VNODE sources on virtual files: by the gate's number for calls of the program, by inode for events, and by
 * descriptor for its close.
 *
 * Bits are merged into the DATA_OR source once for each source and chunk of events.
 */
import type { EventListener } from '../events/event-feed.ts';
import type { EventFrame } from '../events/event-frame.ts';
import { forEachPost } from '../kqueue/note-map.ts';
import { DispatchOp } from './constants.ts';
import { DispatchSource } from './dispatch-source.ts';

export interface DispatchPorts {
  /** The inode of a descriptor; undefined if it is not open on a virtual file. */
  lookupFd(fd: number): { readonly ino: number } | undefined;
  /** Start or stop watching an inode at the host. */
  watch(ino: number, on: boolean): void;
  /** Merge bits into the DATA_OR source. @returns false if it no longer exists */
  merge(id: number, bits: number): boolean;
}

export class DispatchSources implements EventListener {
  readonly #ports: DispatchPorts;
  readonly #byId = new Map<number, DispatchSource>();
  readonly #byFd = new Map<number, Set<DispatchSource>>();
  readonly #byIno = new Map<number, Set<DispatchSource>>();
  /** Sources that may have pending bits. */
  readonly #posted = new Set<DispatchSource>();
  #feedEnded = false;
  readonly #post = (ino: number, hint: number): void => this.post(ino, hint);

  constructor(ports: DispatchPorts) {
    this.#ports = ports;
  }

  /** A call of the program. Unknown numbers are ignored: the source was released. */
  handle(op: number, id: number, fd: number, mask: number): void {
    if (op === DispatchOp.Created) {
      this.#create(id, fd, mask);
      return;
    }
    const source = this.#byId.get(id);
    if (source === undefined) return;
    if (op === DispatchOp.Activate && source.activate()) this.#register(source);
    else if (op === DispatchOp.Resume && source.resume()) this.#register(source);
    else if (op === DispatchOp.Suspend) source.suspend();
    else if (op === DispatchOp.Cancel) this.#end(source);
    else if (op === DispatchOp.Released) this.#forget(source);
  }

  event(frame: EventFrame): void {
    if (this.#byIno.size > 0) forEachPost(frame, this.#post);
  }

  /** A hint for every source on an inode. */
  post(ino: number, hint: number): void {
    const sources = this.#byIno.get(ino);
    if (sources === undefined) return;
    for (const source of sources) {
      source.post(hint);
      if (source.pending !== 0) this.#posted.add(source);
    }
  }

  batchEnd(): void {
    if (this.#posted.size === 0) return;
    for (const source of this.#posted) {
      const bits = source.pending;
      source.pending = 0;
      if (bits !== 0 && !this.#ports.merge(source.id, bits)) this.#forget(source);
    }
    this.#posted.clear();
  }

  feedEnded(): void {
    this.#feedEnded = true;
    for (const source of this.#byId.values()) {
      source.revoke();
      if (source.pending !== 0) this.#posted.add(source);
    }
  }

  /** A descriptor was closed before its sources were cancelled: they end, and their pending bits are dropped. */
  fdClosed(fd: number): void {
    for (const source of this.#byFd.get(fd) ?? []) this.#end(source);
    this.#byFd.delete(fd);
  }

  /** Number of sources that the program still references. */
  get size(): number {
    return this.#byId.size;
  }

  #create(id: number, fd: number, mask: number): void {
    const source = new DispatchSource(id, fd, mask);
    this.#byId.set(id, source);
    add(this.#byFd, fd, source);
  }

  /** Looks the descriptor up now, as the kernel does: if it was closed since the creation, the source stays silent. */
  #register(source: DispatchSource): void {
    const file = this.#feedEnded ? undefined : this.#ports.lookupFd(source.fd);
    if (file === undefined) return;
    source.ino = file.ino;
    if (add(this.#byIno, file.ino, source)) this.#ports.watch(file.ino, true);
  }

  #end(source: DispatchSource): void {
    const { ino } = source;
    source.end();
    if (ino !== 0 && remove(this.#byIno, ino, source) && !this.#feedEnded) this.#ports.watch(ino, false);
  }

  #forget(source: DispatchSource): void {
    this.#end(source);
    this.#byId.delete(source.id);
    remove(this.#byFd, source.fd, source);
  }
}

/** @returns whether it is the first value of its key */
function add<K, V>(map: Map<K, Set<V>>, key: K, value: V): boolean {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else set.add(value);
  return set === undefined;
}

/** @returns whether it was the last value of its key */
function remove<K, V>(map: Map<K, Set<V>>, key: K, value: V): boolean {
  const set = map.get(key);
  if (set === undefined || !set.delete(value) || set.size > 0) return false;
  map.delete(key);
  return true;
}
