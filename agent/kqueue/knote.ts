/**
 * One registration of EVFILT_VNODE on one descriptor number of one kqueue.
 *
 * The knote decides what a hint, a change or a delivery does to itself and says what its queues have to do
 * about it; it touches neither queue nor index.
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
import type { VnodeWatch } from './knote-registry.ts';
import type { Kqueue } from './kqueue-table.ts';

/** `masked`: a watcher is told the bits it asked for. `native`: one bit matching brings the whole hint, as Darwin does. */
export type NoteMode = 'masked' | 'native';

/** What happens to a knote after a delivery. */
export const Next = {
  /** It waits for its next hint, or for being enabled. */
  Rest: 0,
  /** Level-triggered: it goes to the tail of its queue. */
  Requeue: 1,
  /** It waits for its deletion to be acknowledged and hears of nothing any more. */
  Defer: 2,
  /** It is gone. */
  Drop: 3,
} as const;
export type Next = (typeof Next)[keyof typeof Next];

export class Knote {
  /** NOTE_ bits asked for; the last change's fflags, whatever that change was for. */
  mask: number;
  /** NOTE_ bits collected since they were last cleared. */
  pending = 0;
  /** Flags of the EV_ADD that made it, as events echo them; system bits come on top. */
  flags: number;
  disabled: boolean;
  /** Deletion waits for the program to enable it once more. */
  deferredDelete = false;
  /** Its descriptor was closed and that has not been told yet. */
  vanished = false;
  /** Its descriptor was closed; it lives on only to tell that. */
  orphan = false;
  /** The program asked to be told when the descriptor is closed. */
  readonly wantsVanished: boolean;
  readonly specific: boolean;

  udataLow: number;
  udataHigh: number;
  readonly qos: number;
  /** Extension words to echo; undefined where there are none. */
  readonly ext: Uint32Array | undefined;

  /** Flags and fflags of the last delivery. */
  outFlags = 0;
  outFflags = 0;

  /** Links of the list of knotes on one inode, newest first. */
  vnode: VnodeWatch | undefined;
  nextOnVnode: Knote | undefined;
  previousOnVnode: Knote | undefined;
  /** Link of the list of knotes on one descriptor number. */
  nextOnFd: Knote | undefined;
  /** Links of the queue of active knotes. */
  queued = false;
  nextQueued: Knote | undefined;
  previousQueued: Knote | undefined;

  /** @param change an EV_ADD whose flags are simplified already */
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

  /** Does this change of this kqueue mean this knote? Specific and plain knotes never match each other. */
  matches(kqueue: Kqueue, change: KeventRecord): boolean {
    if (this.kqueue !== kqueue) return false;
    if (!this.specific) return (change.flags & EV_UDATA_SPECIFIC) === 0;
    return (
      (change.flags & EV_UDATA_SPECIFIC) !== 0 &&
      this.udataLow === change.udataLow &&
      this.udataHigh === change.udataHigh
    );
  }

  /** Has it something to say, once it is enabled? */
  get active(): boolean {
    return this.pending !== 0 || (this.flags & EV_EOF) !== 0 || this.vanished || this.deferredDelete;
  }

  /** It belongs into its queue. */
  get ready(): boolean {
    return !this.disabled && this.active;
  }

  /** Something happened to the vnode. One that is deferred or vanished hangs on no vnode and hears nothing. */
  post(hint: number, mode: NoteMode): void {
    if ((hint & NOTE_REVOKE) !== 0) {
      // The end of the vnode is told even to those who did not ask.
      this.flags |= EV_EOF | EV_ONESHOT;
      this.pending |= this.mask & NOTE_REVOKE;
      return;
    }
    const wanted = hint & this.mask;
    if (wanted !== 0) this.pending |= mode === 'native' ? hint : wanted;
  }

  /** A change that neither creates nor deletes it. Pending bits stay, whatever the new mask. */
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

  /** Must deletion wait, because the program may still hold its last event? */
  defersDelete(change: KeventRecord): boolean {
    return (change.flags & EV_ENABLE) === 0 && (this.flags & EV_DISPATCH2) === EV_DISPATCH2 && this.disabled;
  }

  /** Tell what there is (in `outFlags` and `outFflags`); only when `ready`. */
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

/** DELETE overrules ADD, DISABLE overrules ENABLE. */
export function simplified(flags: number): number {
  let out = flags;
  if ((out & EV_DELETE) !== 0) out &= ~EV_ADD;
  if ((out & EV_DISABLE) !== 0) out &= ~EV_ENABLE;
  return out;
}
