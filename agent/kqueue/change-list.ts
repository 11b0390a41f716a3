/**
 * The change list of a kevent call. Changes on virtual descriptors are applied here, every other change by the kernel;
 * errors and receipts are written as if the kernel had applied the whole list.
 *
 * Changes are applied in order, because a change can depend on its predecessor. The event list may be the same memory
 * as the change list: entry k is written after change i ≥ k was read, so no unread change is overwritten.
 */
import { EV_ADD, EV_ERROR, EV_RECEIPT, EV_SYSFLAGS, EVFILT_VNODE } from './constants.ts';
import { type KeventCodec, KeventRecord } from './kevent-codec.ts';
import { type Knote, simplified } from './knote.ts';
import type { WatcherRegistry } from './watcher-registry.ts';

export interface ChangePorts {
  /** The inode of a descriptor; undefined if it is not open on a virtual file. */
  lookupFd(fd: number): { readonly ino: number } | undefined;
  /**
   * Have the kernel apply change `index` of the current list.
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
  readonly #registry: WatcherRegistry;
  readonly #ports: ChangePorts;
  readonly #change = new KeventRecord();

  constructor(registry: WatcherRegistry, ports: ChangePorts) {
    this.#registry = registry;
    this.#ports = ports;
  }

  /**
   * Apply the list in order. An error for which the event list has no free entry ends the call: earlier changes stay
   * applied, later ones are not read.
   * @returns number of entries (errors and receipts) written, or a negative errno
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

  /** Whether the descriptor number was closed or reused since the knote was registered, so that the knote is void. */
  #isStale(knote: Knote, ino: number | undefined): boolean {
    const adds = (simplified(this.#change.flags) & EV_ADD) !== 0;
    // A close that was already noticed: the knote waits for delivery or acknowledgement, unless this change replaces it.
    if (knote.orphan) return adds;
    return ino === undefined ? adds : knote.ino !== ino;
  }

  #kernel(index: number): number {
    this.#change.flags = simplified(this.#change.flags);
    return this.#ports.applyKernel(index);
  }
}
