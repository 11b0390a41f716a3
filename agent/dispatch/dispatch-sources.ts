/**
 * Every VNODE source on something virtual: by the gate's number for what the program does to it, by inode for events,
 * by descriptor for the end of that.
 *
 * Bits are passed on once a source and chunk of events, OR-ed; the real source ORs them to what waits there.
 */

import type { EventListener } from '../events/event-feed.ts';
import type { EventFrame } from '../events/event-frame.ts';
import { forEachPost } from '../kqueue/note-map.ts';
import { DispatchOp } from './constants.ts';
import { DispatchSource } from './dispatch-source.ts';

export interface DispatchPorts {
  /** The inode behind a descriptor, undefined when that is not open on something virtual. */
  lookupFd(fd: number): { readonly ino: number } | undefined;
  /** Ask the host for events of an inode, or no more. */
  watch(ino: number, on: boolean): void;
  /** Give a source's handler bits. @returns false when the source has gone */
  merge(id: number, bits: number): boolean;
}

export class DispatchSources implements EventListener {
  readonly #ports: DispatchPorts;
  readonly #byId = new Map<number, DispatchSource>();
  readonly #byFd = new Map<number, Set<DispatchSource>>();
  readonly #byIno = new Map<number, Set<DispatchSource>>();
  /** Sources that may have something to pass on. */
  readonly #told = new Set<DispatchSource>();
  #gone = false;
  readonly #post = (ino: number, hint: number): void => this.post(ino, hint);

  constructor(ports: DispatchPorts) {
    this.#ports = ports;
  }

  /** What the program did. Numbers that are not known any more are ignored, as the real source does. */
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
      if (source.pending !== 0) this.#told.add(source);
    }
  }

  batchEnd(): void {
    if (this.#told.size === 0) return;
    for (const source of this.#told) {
      const bits = source.pending;
      source.pending = 0;
      if (bits !== 0 && !this.#ports.merge(source.id, bits)) this.#forget(source);
    }
    this.#told.clear();
  }

  feedEnded(): void {
    this.#gone = true;
    for (const source of this.#byId.values()) {
      source.revoke();
      if (source.pending !== 0) this.#told.add(source);
    }
  }

  /** A descriptor was closed without cancelling: its sources fall silent, what they had not told included. */
  fdClosed(fd: number): void {
    for (const source of this.#byFd.get(fd) ?? []) this.#end(source);
    this.#byFd.delete(fd);
  }

  /** Sources that the program still has. */
  get size(): number {
    return this.#byId.size;
  }

  #create(id: number, fd: number, mask: number): void {
    const source = new DispatchSource(id, fd, mask);
    this.#byId.set(id, source);
    add(this.#byFd, fd, source);
  }

  /** The descriptor is looked at now, as the kernel would: closed meanwhile, it never tells of anything. */
  #register(source: DispatchSource): void {
    const found = this.#gone ? undefined : this.#ports.lookupFd(source.fd);
    if (found === undefined) return;
    source.ino = found.ino;
    if (add(this.#byIno, found.ino, source)) this.#ports.watch(found.ino, true);
  }

  #end(source: DispatchSource): void {
    const { ino } = source;
    source.end();
    if (ino !== 0 && remove(this.#byIno, ino, source) && !this.#gone) this.#ports.watch(ino, false);
  }

  #forget(source: DispatchSource): void {
    this.#end(source);
    this.#byId.delete(source.id);
    remove(this.#byFd, source.fd, source);
  }
}

/** @returns whether it is the first under its key */
function add<K, V>(map: Map<K, Set<V>>, key: K, value: V): boolean {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else set.add(value);
  return set === undefined;
}

/** @returns whether it was the last under its key */
function remove<K, V>(map: Map<K, Set<V>>, key: K, value: V): boolean {
  const set = map.get(key);
  if (set === undefined || !set.delete(value) || set.size > 0) return false;
  map.delete(key);
  return true;
}
