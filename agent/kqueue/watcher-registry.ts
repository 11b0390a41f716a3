/**
 * All knotes on virtual files: by kqueue and descriptor number for changes, by inode for events.
 *
 * The key is the descriptor number, as in the kernel: a knote ends when its number is closed, even if a duplicate keeps
 * the file open.
 */
import { EV_ADD, EV_DELETE, EV_DISPATCH2, EV_VANISHED, type KqueueErrno, NOTE_REVOKE } from './constants.ts';
import type { KeventRecord } from './kevent-codec.ts';
import { Knote, Next, type NoteMode, simplified } from './knote.ts';
import { type Kqueue, KqueueTable } from './kqueue-table.ts';
import { PendingQueues } from './pending-queues.ts';

/** A watched inode. `references` counts its knotes and the lingering EV_ONESHOT knotes. */
export class VnodeWatch {
  head: Knote | undefined;
  references = 0;
  constructor(readonly ino: number) {}
}

export interface RegistryPorts {
  /** Start or stop watching an inode at the host. */
  watch(ino: number, on: boolean): void;
  /** A kqueue, named by one of its numbers, now has pending events or has none. */
  signal(kq: number, pending: boolean): void;
}

export interface RegistryOptions {
  readonly notes: NoteMode;
  readonly errno: KqueueErrno;
}

/**
 * Number of descriptors whose inode stays watched at the host after their EV_ONESHOT knote was delivered. Programs
 * usually register such a knote again: lingering saves an unwatch and a watch request for each event, and leaves no time
 * in which the host does not watch the inode.
 */
const LINGER_LIMIT = 1024;

export class WatcherRegistry {
  readonly kqueues = new KqueueTable();
  readonly queues: PendingQueues;

  readonly #ports: RegistryPorts;
  readonly #notes: NoteMode;
  readonly #errno: KqueueErrno;
  readonly #byFd = new Map<number, Knote>();
  readonly #byIno = new Map<number, VnodeWatch>();
  readonly #lingering = new Map<number, { readonly vnode: VnodeWatch; readonly kqueue: Kqueue }>();
  #feedEnded = false;

  constructor(ports: RegistryPorts, options: RegistryOptions) {
    this.#ports = ports;
    this.#notes = options.notes;
    this.#errno = options.errno;
    this.queues = new PendingQueues({
      changed: (kqueue, nonEmpty) => {
        // The kqueue may have been closed since.
        const number = kqueue.number;
        if (number >= 0) ports.signal(number, nonEmpty);
      },
      ended: (knote, next) => (next === Next.Drop ? this.#drop(knote, true) : this.#detach(knote, false)),
    });
  }

  /** The knote that a change on kqueue `kq` refers to. */
  find(kq: number, change: KeventRecord): Knote | undefined {
    const kqueue = this.kqueues.get(kq);
    if (kqueue === undefined) return undefined;
    let knote = this.#byFd.get(change.fd);
    while (knote !== undefined && !knote.matches(kqueue, change)) knote = knote.nextOnFd;
    return knote;
  }

  /**
   * Apply a change. Its flags are simplified in place, for echoing.
   * @param knote result of `find`
   * @param ino inode of the descriptor, undefined if it is not open
   * @returns 0 or an errno
   */
  apply(kq: number, change: KeventRecord, knote: Knote | undefined, ino: number | undefined): number {
    const { ENOENT, EBADF, EINVAL, EINPROGRESS } = this.#errno;
    const needed = EV_ADD | EV_DISPATCH2;
    if ((change.flags & EV_VANISHED) !== 0 && (change.flags & needed) !== needed) return EINVAL;
    change.flags = simplified(change.flags);

    if (knote === undefined) {
      // The kernel looks up the knote before the descriptor: a closed descriptor gives ENOENT too.
      if ((change.flags & EV_ADD) === 0) return ENOENT;
      if (ino === undefined) return EBADF;
      this.#add(this.kqueues.ensure(kq), change, ino);
      return 0;
    }
    if ((change.flags & EV_DELETE) !== 0) {
      if (knote.defersDelete(change)) {
        knote.deferredDelete = true;
        this.#detach(knote, false);
        return EINPROGRESS;
      }
      this.#drop(knote, false);
      return 0;
    }
    knote.touch(change);
    this.queues.update(knote);
    return 0;
  }

  /** Posts a hint to all knotes on an inode, the newest first. */
  post(ino: number, hint: number): void {
    let knote = this.#byIno.get(ino)?.head;
    while (knote !== undefined) {
      const next = knote.nextOnVnode;
      knote.post(hint, this.#notes);
      if (knote.ready) this.queues.enqueue(knote);
      knote = next;
    }
  }

  /** A descriptor number was closed or replaced by dup2: its knotes end silently, or with EV_VANISHED if requested. */
  fdClosed(fd: number): void {
    this.#forgetLinger(fd);
    let knote = this.#byFd.get(fd);
    while (knote !== undefined) {
      const next = knote.nextOnFd;
      if (!knote.wantsVanished) this.#drop(knote, false);
      else {
        knote.orphan = true;
        knote.vanished = true;
        this.#detach(knote, false);
        this.queues.update(knote);
      }
      knote = next;
    }
  }

  kqClosed(kq: number): void {
    const kqueue = this.kqueues.close(kq);
    if (kqueue === undefined) return;
    for (const knote of kqueue.knotes) this.#drop(knote, false);
    for (const [fd, linger] of this.#lingering) if (linger.kqueue === kqueue) this.#forgetLinger(fd);
  }

  /** `to` became a duplicate of `from`, which closed the previous `to`. */
  kqDuplicated(from: number, to: number): void {
    if (from === to) return;
    this.kqClosed(to);
    this.kqueues.alias(from, to);
  }

  /** No further events will arrive: every knote is revoked, once, as by a forced unmount. */
  hostGone(): void {
    if (this.#feedEnded) return;
    this.#feedEnded = true;
    for (const ino of this.#byIno.keys()) this.post(ino, NOTE_REVOKE);
  }

  hasKnotes(kq: number): boolean {
    return (this.kqueues.get(kq)?.knotes.size ?? 0) > 0;
  }

  /** Number of inodes watched at the host. */
  get watchedCount(): number {
    return this.#byIno.size;
  }

  /** Deletes a knote whose descriptor was closed without a call of `fdClosed`. */
  dropStale(knote: Knote): void {
    this.#drop(knote, false);
  }

  #add(kqueue: Kqueue, change: KeventRecord, ino: number): void {
    const knote = new Knote(kqueue, change.fd, ino, change);
    kqueue.knotes.add(knote);
    knote.nextOnFd = this.#byFd.get(knote.fd);
    this.#byFd.set(knote.fd, knote);

    const vnode = this.#reference(ino);
    knote.vnode = vnode;
    knote.nextOnVnode = vnode.head;
    if (vnode.head !== undefined) vnode.head.previousOnVnode = knote;
    vnode.head = knote;
    // Its own reference replaces the lingering one.
    this.#forgetLinger(knote.fd);
  }

  /** Deletes a knote. @param lingers its inode stays watched for now */
  #drop(knote: Knote, lingers: boolean): void {
    this.queues.dequeue(knote);
    knote.kqueue.knotes.delete(knote);
    this.#unlinkFd(knote);
    this.#detach(knote, lingers);
  }

  /** Removes a knote from its inode. */
  #detach(knote: Knote, lingers: boolean): void {
    const vnode = knote.vnode;
    if (vnode === undefined) return;
    const { previousOnVnode, nextOnVnode } = knote;
    if (previousOnVnode === undefined) vnode.head = nextOnVnode;
    else previousOnVnode.nextOnVnode = nextOnVnode;
    if (nextOnVnode !== undefined) nextOnVnode.previousOnVnode = previousOnVnode;
    knote.vnode = undefined;
    knote.previousOnVnode = undefined;
    knote.nextOnVnode = undefined;
    if (lingers && !this.#feedEnded) this.#linger(knote.fd, vnode, knote.kqueue);
    else this.#release(vnode);
  }

  #unlinkFd(knote: Knote): void {
    const head = this.#byFd.get(knote.fd);
    if (head === knote) {
      if (knote.nextOnFd === undefined) this.#byFd.delete(knote.fd);
      else this.#byFd.set(knote.fd, knote.nextOnFd);
      return;
    }
    let before = head;
    while (before !== undefined && before.nextOnFd !== knote) before = before.nextOnFd;
    if (before !== undefined) before.nextOnFd = knote.nextOnFd;
  }

  #reference(ino: number): VnodeWatch {
    let vnode = this.#byIno.get(ino);
    if (vnode === undefined) {
      vnode = new VnodeWatch(ino);
      this.#byIno.set(ino, vnode);
      if (!this.#feedEnded) this.#ports.watch(ino, true);
    }
    vnode.references++;
    return vnode;
  }

  #release(vnode: VnodeWatch): void {
    if (--vnode.references > 0) return;
    this.#byIno.delete(vnode.ino);
    if (!this.#feedEnded) this.#ports.watch(vnode.ino, false);
  }

  /** Keeps a deleted knote's reference for its descriptor. */
  #linger(fd: number, vnode: VnodeWatch, kqueue: Kqueue): void {
    this.#forgetLinger(fd);
    this.#lingering.set(fd, { vnode, kqueue });
    if (this.#lingering.size <= LINGER_LIMIT) return;
    for (const oldest of this.#lingering.keys()) {
      this.#forgetLinger(oldest);
      break;
    }
  }

  #forgetLinger(fd: number): void {
    const linger = this.#lingering.get(fd);
    if (linger === undefined) return;
    this.#lingering.delete(fd);
    this.#release(linger.vnode);
  }
}
