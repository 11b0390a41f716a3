/**
 * A registration of EVFILT_VNODE: one kqueue, one descriptor number.
 *
 * A knote changes only its own state. Its caller uses `ready` and the result of `deliver` to place it in queues and
 * indexes, which own the link fields below.
 */
import {
  EV_ADD,
  EV_CLEAR,
  EV_DELETE,
  EV_DISABLE,
  EV_DISPATCH,
  EV_DISPATCH2,
  EV_ENABLE,
  EV_EOF,
  EV_ONESHOT,
  EV_SYSFLAGS,
  EV_UDATA_SPECIFIC,
  EV_VANISHED,
  NOTE_REVOKE,
} from './constants.ts';
import type { KeventRecord } from './kevent-codec.ts';
import type { Kqueue } from './kqueue-table.ts';
import type { VnodeWatch } from './watcher-registry.ts';

/** `masked`: a knote gets only the bits of its mask. `native`: a hint that matches one bit is delivered whole, as in Darwin. */
export type NoteMode = 'masked' | 'native';

/** The state of a knote after a delivery. */
export const Next = {
  /** Idle until its next hint, or until it is enabled. */
  Rest: 0,
  /** Level-triggered: goes to the tail of its queue. */
  Requeue: 1,
  /** Detached from its inode; waits for the program to acknowledge its deletion. */
  Defer: 2,
  /** Deleted. */
  Drop: 3,
} as const;
export type Next = (typeof Next)[keyof typeof Next];

export class Knote {
  /** NOTE_ bits of interest: the fflags of the latest change of any kind. */
  mask: number;
  /** NOTE_ bits collected since they were last cleared. */
  pending = 0;
  /** Flags of the EV_ADD that created it, which events echo together with system flags. */
  flags: number;
  disabled: boolean;
  /** Its deletion waits for the program's next EV_ENABLE. */
  deferredDelete = false;
  /** Its descriptor was closed, and EV_VANISHED has not been delivered yet. */
  vanished = false;
  /** Its descriptor was closed; the knote remains until EV_VANISHED is delivered and acknowledged. */
  orphan = false;
  /** The program asked for EV_VANISHED. */
  readonly wantsVanished: boolean;
  readonly specific: boolean;

  udataLow: number;
  udataHigh: number;
  readonly qos: number;
  /** Extension words to echo; undefined for layouts without them. */
  readonly ext: Uint32Array | undefined;

  /** Flags and fflags of the last delivery. */
  outFlags = 0;
  outFflags = 0;

  /** Links in the list of its inode's knotes, newest first. */
  vnode: VnodeWatch | undefined;
  nextOnVnode: Knote | undefined;
  previousOnVnode: Knote | undefined;
  /** Link in the list of its descriptor number's knotes. */
  nextOnFd: Knote | undefined;
  /** Links in its kqueue's queue of active knotes. */
  queued = false;
  nextQueued: Knote | undefined;
  previousQueued: Knote | undefined;

  /** @param change an EV_ADD with simplified flags */
  constructor(
    readonly kqueue: Kqueue,
    readonly fd: number,
    readonly ino: number,
    change: KeventRecord,
  ) {
    this.mask = change.fflags;
    this.flags = change.flags & ~(EV_SYSFLAGS | EV_VANISHED);
    this.disabled = (change.flags & EV_DISABLE) !== 0;
    this.wantsVanished = (change.flags & EV_VANISHED) !== 0;
    this.specific = (change.flags & EV_UDATA_SPECIFIC) !== 0;
    this.udataLow = change.udataLow;
    this.udataHigh = change.udataHigh;
    this.qos = change.qos;
    this.ext = change.extWords > 0 ? change.ext.slice(0, change.extWords) : undefined;
  }

  /** Whether a change on this kqueue refers to this knote. Specific and plain knotes never match each other. */
  matches(kqueue: Kqueue, change: KeventRecord): boolean {
    if (this.kqueue !== kqueue) return false;
    if (!this.specific) return (change.flags & EV_UDATA_SPECIFIC) === 0;
    return (
      (change.flags & EV_UDATA_SPECIFIC) !== 0 &&
      this.udataLow === change.udataLow &&
      this.udataHigh === change.udataHigh
    );
  }

  /** Whether it has an event to deliver once it is enabled. */
  get active(): boolean {
    return this.pending !== 0 || (this.flags & EV_EOF) !== 0 || this.vanished || this.deferredDelete;
  }

  /** Whether it belongs in its queue. */
  get ready(): boolean {
    return !this.disabled && this.active;
  }

  /** A hint on its vnode. Not called for a deferred or vanished knote, which is detached from its vnode. */
  post(hint: number, mode: NoteMode): void {
    if ((hint & NOTE_REVOKE) !== 0) {
      // EV_EOF is delivered even if the mask lacks NOTE_REVOKE.
      this.flags |= EV_EOF | EV_ONESHOT;
      this.pending |= this.mask & NOTE_REVOKE;
      return;
    }
    const wanted = hint & this.mask;
    if (wanted !== 0) this.pending |= mode === 'native' ? hint : wanted;
  }

  /** A change that neither creates nor deletes it. Pending bits stay, even those outside of the new mask. */
  touch(change: KeventRecord): void {
    if (!this.vanished && !this.deferredDelete) {
      this.mask = change.fflags;
      if (!this.specific) {
        this.udataLow = change.udataLow;
        this.udataHigh = change.udataHigh;
      }
      if ((this.flags & EV_EOF) !== 0) this.pending |= this.mask & NOTE_REVOKE;
    }
    if ((change.flags & EV_DISABLE) !== 0) this.disabled = true;
    else if ((change.flags & EV_ENABLE) !== 0) this.disabled = false;
  }

  /** Whether deletion has to wait, because another thread may still be handling the last event. */
  defersDelete(change: KeventRecord): boolean {
    return (change.flags & EV_ENABLE) === 0 && (this.flags & EV_DISPATCH2) === EV_DISPATCH2 && this.disabled;
  }

  /** Sets `outFlags` and `outFflags` to the event. Only when `ready`. */
  deliver(): Next {
    if (this.deferredDelete) {
      this.outFlags = EV_DELETE | EV_DISPATCH2 | EV_ONESHOT;
      this.outFflags = 0;
      return Next.Drop;
    }
    if (this.vanished) {
      this.outFlags = EV_DISPATCH2 | EV_ONESHOT | EV_VANISHED;
      this.outFflags = 0;
      return this.defer();
    }
    const flags = this.flags;
    this.outFlags = flags;
    this.outFflags = this.pending;
    if ((flags & EV_CLEAR) !== 0) this.pending = 0;
    if ((flags & EV_ONESHOT) !== 0) {
      return (flags & EV_DISPATCH2) === EV_DISPATCH2 ? this.defer() : Next.Drop;
    }
    if ((flags & EV_DISPATCH) !== 0) {
      this.disabled = true;
      return Next.Rest;
    }
    return (flags & EV_CLEAR) !== 0 ? Next.Rest : Next.Requeue;
  }

  private defer(): Next {
    this.vanished = false;
    this.deferredDelete = true;
    this.disabled = true;
    return Next.Defer;
  }
}

/** EV_DELETE has precedence over EV_ADD, EV_DISABLE over EV_ENABLE. */
export function simplified(flags: number): number {
  let out = flags;
  if ((out & EV_DELETE) !== 0) out &= ~EV_ADD;
  if ((out & EV_DISABLE) !== 0) out &= ~EV_ENABLE;
  return out;
}
