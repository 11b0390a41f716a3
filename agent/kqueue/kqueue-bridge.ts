/**
 * The kqueue emulation. Inputs are the program's calls, as views of its memory, and the host's event chunks; outputs go
 * through four ports. No method blocks.
 *
 * The gate handles a kevent call in this order: `changes`; if that returned 0 and the call has room for events, `drain`;
 * if that returned 0 too, the kernel's wait, and another `drain` when the hidden knote wakes it. After a `drain` that
 * returned events the call returns: a second one would repeat level-triggered events.
 */
import { EventFeed } from '../events/event-feed.ts';
import type { FrameError } from '../events/event-frame.ts';
import { ChangeList } from './change-list.ts';
import { EVFILT_VNODE, KEVENT_FLAG_WORKLOOP_ONLY, type KqueueErrno, LINUX_ERRNO } from './constants.ts';
import { CODECS, Family, KeventRecord } from './kevent-codec.ts';
import type { Knote, NoteMode } from './knote.ts';
import { forEachPost } from './note-map.ts';
import { WatcherRegistry } from './watcher-registry.ts';

export interface KqueuePorts {
  /** The inode of a descriptor; undefined if it is not open on a virtual file. */
  lookupFd(fd: number): { readonly ino: number } | undefined;
  /** Have the kernel apply change `index` of the list given to `changes`. @returns 0 or an errno */
  applyKernel(index: number): number;
  /** Start or stop watching an inode at the host. */
  watch(ino: number, on: boolean): void;
  /** Make kqueue `kq` readable or not. At most once per kqueue in a call or chunk. */
  signal(kq: number, pending: boolean): void;
}

export interface KqueueOptions {
  /** Source of the events. Default: a feed of its own. */
  readonly feed?: EventFeed;
  /** Default: `masked`. */
  readonly notes?: NoteMode;
  /** Default: Linux's numbers. */
  readonly errno?: KqueueErrno;
}

export class KqueueBridge {
  readonly #registry: WatcherRegistry;
  readonly #changeList: ChangeList;
  readonly #feed: EventFeed;
  readonly #errno: KqueueErrno;
  readonly #out = new KeventRecord();

  constructor(ports: KqueuePorts, options: KqueueOptions = {}) {
    this.#errno = options.errno ?? LINUX_ERRNO;
    const registry = new WatcherRegistry(ports, { notes: options.notes ?? 'masked', errno: this.#errno });
    this.#registry = registry;
    this.#changeList = new ChangeList(registry, ports);
    const post = (ino: number, hint: number): void => registry.post(ino, hint);
    this.#feed = options.feed ?? new EventFeed();
    this.#feed.listen({
      event: (frame) => forEachPost(frame, post),
      batchEnd: () => registry.queues.flush(),
      feedEnded: () => registry.hostGone(),
    });
    this.#out.filter = EVFILT_VNODE;
  }

  /**
   * Apply a call's change list. The caller has validated timeout and kqueue.
   * @param nchanges,nevents a negative count is 0
   * @param flags KEVENT_FLAG_*, 0 for plain kevent
   * @returns number of entries written to `events` (if not 0, the call returns it immediately), or a negative errno
   */
  changes(
    kq: number,
    family: Family,
    changes: DataView,
    nchanges: number,
    events: DataView,
    nevents: number,
    flags: number,
  ): number {
    if (family !== Family.Kevent && (flags & KEVENT_FLAG_WORKLOOP_ONLY) !== 0) return -this.#errno.EINVAL;
    const result = this.#changeList.apply({
      kq,
      codec: CODECS[family],
      changes,
      changeCount: nchanges,
      events,
      eventCount: nevents,
    });
    this.#registry.queues.flush();
    return result;
  }

  /**
   * Write pending events to entries `offset`… of `events`, at most one for each knote. A negative capacity is 0.
   * @returns number of events written
   */
  drain(kq: number, family: Family, events: DataView, offset: number, capacity: number): number {
    const kqueue = this.#registry.kqueues.get(kq);
    if (kqueue === undefined) return 0;
    const codec = CODECS[family];
    const count = this.#registry.queues.collect(kqueue, capacity, (knote, position) =>
      codec.write(events, offset + position, this.#eventOf(knote)),
    );
    this.#registry.queues.flush();
    return count;
  }

  /**
   * The next bytes from the host.
   * @returns the error if the bytes are invalid: every knote has been revoked, and the caller closes the connection
   */
  onEvents(chunk: ArrayBuffer): FrameError | undefined {
    return this.#feed.push(chunk);
  }

  /** The host's connection ended. */
  hostGone(): void {
    this.#feed.end();
  }

  /** A descriptor number was closed or replaced. Has no effect for numbers without knotes. */
  fdClosed(fd: number): void {
    this.#registry.fdClosed(fd);
    this.#registry.queues.flush();
  }

  /** The descriptor of a kqueue was closed or replaced. */
  kqClosed(kq: number): void {
    this.#registry.kqClosed(kq);
    this.#registry.queues.flush();
  }

  kqDuplicated(from: number, to: number): void {
    this.#registry.kqDuplicated(from, to);
    this.#registry.queues.flush();
  }

  /** Whether the kqueue has virtual knotes. If not, calls without virtual changes need no `changes` and `drain`. */
  hasKnotes(kq: number): boolean {
    return this.#registry.hasKnotes(kq);
  }

  /** Number of pending events: at most one per knote. */
  pendingCount(kq: number): number {
    return this.#registry.kqueues.get(kq)?.queuedCount ?? 0;
  }

  /** A descriptor number of each kqueue with virtual knotes. */
  queues(): number[] {
    return [...this.#registry.kqueues.numbers()];
  }

  /** Sequence number of the last event decoded (0: none yet). */
  get seq(): number {
    return this.#feed.seq;
  }

  /** Number of inodes watched at the host. */
  get watchedCount(): number {
    return this.#registry.watchedCount;
  }

  #eventOf(knote: Knote): KeventRecord {
    const out = this.#out;
    out.identLow = knote.fd;
    out.flags = knote.outFlags;
    out.fflags = knote.outFflags;
    out.udataLow = knote.udataLow;
    out.udataHigh = knote.udataHigh;
    out.qos = knote.qos;
    out.extWords = knote.ext === undefined ? 0 : knote.ext.length;
    if (knote.ext !== undefined) out.ext.set(knote.ext);
    return out;
  }
}
