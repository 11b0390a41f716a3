/**
 * Darwin's numbers for kqueue (`bsd/sys/event.h`, `event_private.h`). FreeBSD uses some of the NOTE_ values with other
 * meanings.
 */

export const EVFILT_READ = -1;
export const EVFILT_WRITE = -2;
export const EVFILT_AIO = -3;
export const EVFILT_VNODE = -4;
export const EVFILT_PROC = -5;
export const EVFILT_SIGNAL = -6;
export const EVFILT_TIMER = -7;
export const EVFILT_MACHPORT = -8;
export const EVFILT_FS = -9;
export const EVFILT_USER = -10;
export const EVFILT_VM = -12;
export const EVFILT_EXCEPT = -15;

export const EV_ADD = 0x0001;
export const EV_DELETE = 0x0002;
export const EV_ENABLE = 0x0004;
export const EV_DISABLE = 0x0008;
export const EV_ONESHOT = 0x0010;
export const EV_CLEAR = 0x0020;
export const EV_RECEIPT = 0x0040;
export const EV_DISPATCH = 0x0080;
export const EV_UDATA_SPECIFIC = 0x0100;
export const EV_DISPATCH2 = EV_DISPATCH | EV_UDATA_SPECIFIC;
export const EV_VANISHED = 0x0200;
export const EV_POLL = 0x1000;
export const EV_OOBAND = 0x2000;
export const EV_ERROR = 0x4000;
export const EV_EOF = 0x8000;
/** Flags that only the kernel sets: removed from every change. */
export const EV_SYSFLAGS = 0xf000;

export const NOTE_DELETE = 0x0001;
export const NOTE_WRITE = 0x0002;
export const NOTE_EXTEND = 0x0004;
export const NOTE_ATTRIB = 0x0008;
export const NOTE_LINK = 0x0010;
export const NOTE_RENAME = 0x0020;
export const NOTE_REVOKE = 0x0040;
/** Only makes READ filters check their state again. */
export const NOTE_NONE = 0x0080;
export const NOTE_FUNLOCK = 0x0100;
export const NOTE_LEASE_DOWNGRADE = 0x0200;
export const NOTE_LEASE_RELEASE = 0x0400;

export const NOTE_TRIGGER = 0x01000000;

export const KEVENT_FLAG_NONE = 0x0;
export const KEVENT_FLAG_IMMEDIATE = 0x1;
export const KEVENT_FLAG_ERROR_EVENTS = 0x2;
export const KEVENT_FLAG_STACK_DATA = 0x8;
export const KEVENT_FLAG_WORKQ = 0x20;
export const KEVENT_FLAG_WORKLOOP = 0x400;
export const KEVENT_FLAG_PARKING = 0x800;
export const KEVENT_FLAG_DYNAMIC_KQ_MUST_EXIST = 0x20000;
export const KEVENT_FLAG_DYNAMIC_KQ_MUST_NOT_EXIST = 0x40000;
/** Valid for kevent_id only; kevent64 and kevent_qos return EINVAL. */
export const KEVENT_FLAG_WORKLOOP_ONLY =
  KEVENT_FLAG_WORKLOOP | KEVENT_FLAG_DYNAMIC_KQ_MUST_EXIST | KEVENT_FLAG_DYNAMIC_KQ_MUST_NOT_EXIST;

/**
 * Errors of a change, in the numbers of the system that the program runs on, because they are written to the program's
 * records. Only EINPROGRESS differs between Linux and Darwin.
 */
export interface KqueueErrno {
  readonly ENOENT: number;
  readonly EBADF: number;
  readonly EINVAL: number;
  readonly EINPROGRESS: number;
}
export const LINUX_ERRNO: KqueueErrno = { ENOENT: 2, EBADF: 9, EINVAL: 22, EINPROGRESS: 115 };
export const DARWIN_ERRNO: KqueueErrno = { ENOENT: 2, EBADF: 9, EINVAL: 22, EINPROGRESS: 36 };
