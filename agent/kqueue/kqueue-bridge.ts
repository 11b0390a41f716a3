/**
 * All of kqueue emulation behind one face: calls of the program come in as memory, events of the host as
 * chunks, and what has to happen outside goes out through four ports. Nothing here blocks.
 *
 * A call's way: `changes`; when that gave 0 and the call collects, `drain`; when that gave 0 too, the kernel's
 * wait, and `drain` again when the hidden knote wakes it. A drain that gave something is the call's only one:
 * a second would repeat level-triggered events.
 */
import { EventFeed } from '../events/event-feed.ts';
import type { FrameError } from '../events/event-frame.ts';
import { ChangeList } from './change-list.ts';
import { EVFILT_VNODE, KEVENT_FLAG_WORKLOOP_ONLY, type KqueueErrno, LINUX_ERRNO } from './constants.ts';
import { CODECS, Family, KeventRecord } from './kevent-codec.ts';
import type { Knote, NoteMode } from './knote.ts';
import { KnoteRegistry } from './knote-registry.ts';
import { forEachPost } from './note-map.ts';

export interface KqueuePorts {
  /** The inode behind a descriptor, undefined when that is not open on something virtual. */
  lookupFd(fd: number): { readonly ino: number } | undefined;
  /** Let the kernel apply change `index` of the list now given to `changes`. @returns 0 or an errno */
  applyKernel(index: number): number;
  /** Ask the host for events of an inode, or no more. */
  watch(ino: number, on: boolean): void;
  /** Make kqueue `kq` readable while events wait for it. At most once per kqueue in a call or chunk. */
  signal(kq: number, pending: boolean): void;
}

export interface KqueueOptions {
  /** Where events come from. Default: a feed of its own. */
  readonly feed?: EventFeed;
  /** Default: `masked`. */
  readonly notes?: NoteMode;
  /** Default: Linux's numbers. */
  readonly errno?: KqueueErrno;
}

export class KqueueBridge {
  readonly #registry: KnoteRegistry;
  readonly #changeList: ChangeList;
  readonly #feed: EventFeed;
  readonly #errno: KqueueErrno;
  readonly #out = new KeventRecord();

  constructor(ports: KqueuePorts, options: KqueueOptions = {}) {
    this.#errno = options.errno ?? LINUX_ERRNO;
    const registry = new KnoteRegistry(ports, { notes: options.notes ?? 'masked', errno: this.#errno });
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
   * Apply a call's change list. Only for a call whose timeout and kqueue are valid.
   * @param nchanges,nevents may be negative, which is 0
   * @param flags KEVENT_FLAG_*, 0 for plain kevent
   * @returns entries written to `events` (if any, the call returns that number at once), or a negative errno
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
   * Collect waiting events into entries `offset`… of `events`. Each knote gives at most one; capacity may be
   * anything, negative is 0.
   * @returns how many were written
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
   * @returns why the stream is no good, if so: the connection is to be closed; every watcher has been told
   */
  onEvents(chunk: ArrayBuffer): FrameError | undefined {
    return this.#feed.push(chunk);
  }

  /** The host's connection ended. */
  hostGone(): void {
    this.#feed.end();
  }

  /** A descriptor number was closed or replaced. Harmless for numbers never watched. */
  fdClosed(fd: number): void {
    this.#registry.fdClosed(fd);
    this.#registry.queues.flush();
  }

  /** Likewise for a number that was a kqueue. */
  kqClosed(kq: number): void {
    this.#registry.kqClosed(kq);
    this.#registry.queues.flush();
  }

  kqDuplicated(from: number, to: number): void {
    this.#registry.kqDuplicated(from, to);
    this.#registry.queues.flush();
  }

  /** Does anything virtual hang on this kqueue? If not, calls without virtual changes need not come here. */
  hasKnotes(kq: number): boolean {
    return this.#registry.hasKnotes(kq);
  }

  /** Events that wait: at most one per knote. */
  pendingCount(kq: number): number {
    return this.#registry.kqueues.get(kq)?.queuedCount ?? 0;
  }

  /** One number of each kqueue with something virtual. */
  queues(): number[] {
    return [...this.#registry.kqueues.numbers()];
  }

  /** Sequence number of the last event taken in (0: none yet). */
  get seq(): number {
    return this.#feed.seq;
  }

  /** Inodes that the host is asked about. */
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
