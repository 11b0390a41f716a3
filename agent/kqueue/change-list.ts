/**
 * The change list of one kevent call: changes on virtual descriptors become ours, the rest goes to the kernel
 * one by one, and what failed or asked for a receipt is told as if one kernel had done it all.
 *
 * Order is what makes this right: a change may depend on the one before it, and the event list may be the
 * same memory as the change list. Entry k is written after change i ≥ k was read, so nothing unread is lost.
 */
import { EV_ADD, EV_ERROR, EV_RECEIPT, EV_SYSFLAGS, EVFILT_VNODE } from './constants.ts';
import { type KeventCodec, KeventRecord } from './kevent-codec.ts';
import { type Knote, simplified } from './knote.ts';
import type { KnoteRegistry } from './knote-registry.ts';

export interface ChangePorts {
  /** The inode behind a descriptor, undefined when that is not open on something virtual. */
  lookupFd(fd: number): { readonly ino: number } | undefined;
  /**
   * Let the kernel apply change `index` of the list that is being processed.
   * @returns 0 or the errno of that change
   */
  applyKernel(index: number): number;
}

export interface ChangeCall {
  readonly kq: number;
  readonly codec: KeventCodec;
  readonly changes: DataView;
  readonly changeCount: number;
  readonly events: DataView;
  readonly eventCount: number;
}

const echoed = new KeventRecord();

export class ChangeList {
  readonly #registry: KnoteRegistry;
  readonly #ports: ChangePorts;
  readonly #change = new KeventRecord();

  constructor(registry: KnoteRegistry, ports: ChangePorts) {
    this.#registry = registry;
    this.#ports = ports;
  }

  /**
   * Apply the list in order. An error that finds no free entry ends it: what came before stays applied, what comes
   * after is not looked at.
   * @returns how many entries (errors and receipts) were written, or a negative errno
   */
  apply(call: ChangeCall): number {
    const { codec, changes, events } = call;
    const change = this.#change;
    let produced = 0;
    for (let index = 0; index < call.changeCount; index++) {
      codec.read(changes, index, change);
      change.flags &= ~EV_SYSFLAGS;
      const receipt = (change.flags & EV_RECEIPT) !== 0;
      const errno = this.#applyOne(call.kq, index);
      if (errno === 0 && !receipt) continue;
      if (produced < call.eventCount) {
        codec.echo(changes, index, events, produced++, change.flags | EV_ERROR, errno, echoed);
      } else if (errno !== 0) {
        return -errno;
      }
    }
    return produced;
  }

  #applyOne(kq: number, index: number): number {
    const change = this.#change;
    const fd = change.fd;
    if (change.filter !== EVFILT_VNODE || fd < 0) return this.#kernel(index);

    const ino = this.#ports.lookupFd(fd)?.ino;
    let knote = this.#registry.find(kq, change);
    if (knote !== undefined && this.#isStale(knote, ino)) {
      this.#registry.dropStale(knote);
      knote = undefined;
    }
    if (ino === undefined && knote === undefined) return this.#kernel(index);
    return this.#registry.apply(kq, change, knote, ino);
  }

  /** Does the number mean another file by now, or nothing, so that what hung on it is void? */
  #isStale(knote: Knote, ino: number | undefined): boolean {
    const adds = (simplified(this.#change.flags) & EV_ADD) !== 0;
    // Closed, and known to be: it waits to be told or acknowledged, unless the number is registered anew.
    if (knote.orphan) return adds;
    return ino === undefined ? adds : knote.ino !== ino;
  }

  #kernel(index: number): number {
    this.#change.flags = simplified(this.#change.flags);
    return this.#ports.applyKernel(index);
  }
}
