/**
 * The behaviour of kevent with knotes on files, as scripts: one list for virtual files and for real files under the stand-in.
 * `$D` contains the files `f` (hello), `g` (empty) and `0` to `9`; `k` is a kqueue, `f` and `g` are open.
 */

export interface Script {
  readonly name: string;
  readonly text: string;
  /** Default: all three. */
  readonly families?: readonly Family[];
  /** Reason why the script does not run on real files under the stand-in. */
  readonly virtualOnly?: string;
}

export type Family = 'kevent' | 'kevent64' | 'kevent_qos';
export const FAMILIES: readonly Family[] = ['kevent', 'kevent64', 'kevent_qos'];
const TIMED: readonly Family[] = ['kevent', 'kevent64'];
const FLAGGED: readonly Family[] = ['kevent64', 'kevent_qos'];

const digits = [...'0123456789'];
const TEN = digits.map((n) => `open t${n} $D/${n} evtonly`).join('\n');

export const SCRIPTS: readonly Script[] = [
  {
    name: 'an event has ident, flags of the EV_ADD, bits, no data, udata',
    text: `
      change k f VNODE ADD|CLEAR ALL 5 77
      wait k 4 0 => n=0
      append $D/f more
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 77]
      wait k 4 0 => n=0`,
  },
  {
    name: 'no history: changes before EV_ADD are not reported',
    text: `
      append $D/f more
      unlink $D/f
      change k f VNODE ADD|CLEAR ALL
      wait k 4 0 => n=0`,
  },
  {
    name: 'flags are echoed as first given',
    text: `
      change k f VNODE ADD|ENABLE|CLEAR|RECEIPT ALL
      append $D/f more
      wait k 4 0 => n=1 [f VNODE ADD|ENABLE|CLEAR|RECEIPT WRITE|EXTEND 0 0]
      change k f VNODE ADD ALL
      append $D/f more
      wait k 4 0 => n=1 [f VNODE ADD|ENABLE|CLEAR|RECEIPT WRITE|EXTEND 0 0]
      wait k 4 0 => n=0`,
  },
  {
    name: 'system flags of a change are dropped',
    text: `
      change k f VNODE ADD|CLEAR|POLL|OOBAND|ERROR|EOF ALL
      append $D/f more
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]`,
  },
  {
    name: 'level-triggered: reported at every wait, accumulating bits',
    virtualOnly: 'its queue stays readable until the next call reads inotify',
    text: `
      change k f VNODE ADD ALL
      append $D/f more
      wait k 4 0 => n=1 [f VNODE ADD WRITE|EXTEND 0 0]
      wait k 4 0 => n=1 [f VNODE ADD WRITE|EXTEND 0 0]
      chmod $D/f 0600
      wait k 4 0 => n=1 [f VNODE ADD WRITE|EXTEND|ATTRIB 0 0]
      poll k 2000 => ready
      change k f VNODE DELETE 0
      poll k 0 => idle
      wait k 4 0 => n=0`,
  },
  {
    name: 'EV_CLEAR: reported once, then cleared',
    text: `
      change k f VNODE ADD|CLEAR ALL
      append $D/f more
      chmod $D/f 0600
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND|ATTRIB 0 0]
      wait k 4 0 => n=0
      link $D/f $D/l
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR LINK 0 0]`,
  },
  {
    name: 'EV_ONESHOT: reported once, then deleted',
    text: `
      change k f VNODE ADD|ONESHOT ALL
      append $D/f more
      wait k 4 0 => n=1 [f VNODE ADD|ONESHOT WRITE|EXTEND 0 0]
      append $D/f more
      wait k 4 0 => n=0
      change k f VNODE DELETE 0 => ENOENT
      change k f VNODE ADD|ONESHOT ALL
      wait k 4 0 => n=0
      chmod $D/f 0600
      wait k 4 0 => n=1 [f VNODE ADD|ONESHOT ATTRIB 0 0]`,
  },
  {
    name: 'EV_DISPATCH with EV_CLEAR: disabled until enabled, accumulating bits',
    text: `
      change k f VNODE ADD|CLEAR|DISPATCH ALL
      append $D/f more
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR|DISPATCH WRITE|EXTEND 0 0]
      chmod $D/f 0600
      wait k 4 0 => n=0
      poll k 0 => idle
      change k f VNODE ENABLE ALL
      poll k 2000 => ready
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR|DISPATCH ATTRIB 0 0]
      change k f VNODE ENABLE ALL
      wait k 4 0 => n=0`,
  },
  {
    name: 'EV_DISPATCH without EV_CLEAR: enabling reports the old bits again',
    text: `
      change k f VNODE ADD|DISPATCH ALL
      append $D/f more
      wait k 4 0 => n=1 [f VNODE ADD|DISPATCH WRITE|EXTEND 0 0]
      wait k 4 0 => n=0
      change k f VNODE ENABLE ALL
      wait k 4 0 => n=1 [f VNODE ADD|DISPATCH WRITE|EXTEND 0 0]`,
  },
  {
    name: 'EV_ENABLE with fflags 0 clears the mask, not the pending bits',
    text: `
      change k f VNODE ADD|CLEAR ALL
      append $D/f more
      change k f VNODE ENABLE 0
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]
      append $D/f more
      wait k 4 0 => n=0`,
  },
  {
    name: 'EV_DISABLE holds events back, EV_ENABLE delivers them',
    text: `
      change k f VNODE ADD|CLEAR ALL
      append $D/f more
      change k f VNODE DISABLE ALL
      wait k 4 0 => n=0
      chmod $D/f 0600
      wait k 4 0 => n=0
      change k f VNODE ENABLE ALL
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND|ATTRIB 0 0]`,
  },
  {
    name: 'born disabled; a second EV_ADD does not enable',
    text: `
      change k f VNODE ADD|DISABLE|CLEAR ALL
      append $D/f more
      wait k 4 0 => n=0
      change k f VNODE ADD|CLEAR ALL
      wait k 4 0 => n=0
      change k f VNODE ADD|ENABLE|CLEAR ALL
      wait k 4 0 => n=1 [f VNODE ADD|DISABLE|CLEAR WRITE|EXTEND 0 0]`,
  },
  {
    name: 'DISABLE beats ENABLE, DELETE beats ADD',
    text: `
      change k f VNODE ADD|ENABLE|DISABLE|CLEAR ALL
      append $D/f more
      wait k 4 0 => n=0
      change k f VNODE ADD|DELETE ALL
      change k f VNODE ADD|DELETE ALL => ENOENT`,
  },
  {
    name: 'EV_DELETE takes a waiting event along',
    virtualOnly: 'its queue stays readable until the next call reads inotify',
    text: `
      change k f VNODE ADD|CLEAR ALL
      append $D/f more
      poll k 2000 => ready
      change k f VNODE DELETE 0
      poll k 0 => idle
      wait k 4 0 => n=0
      change k f VNODE DELETE 0 => ENOENT`,
  },
  {
    name: 'a second EV_ADD changes mask and udata, nothing else',
    text: `
      change k f VNODE ADD|CLEAR ALL 0 1
      change k f VNODE ADD|ONESHOT ATTRIB 0 2
      append $D/f more
      wait k 4 0 => n=0
      chmod $D/f 0600
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR ATTRIB 0 2]
      chmod $D/f 0644
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR ATTRIB 0 2]`,
  },
  {
    name: 'pending bits survive a change of the mask',
    text: `
      change k f VNODE ADD|CLEAR ALL 0 1
      append $D/f more
      change k f VNODE ADD|CLEAR ATTRIB 0 3
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 3]`,
  },
  {
    name: 'EV_UDATA_SPECIFIC: udata is part of the key',
    text: `
      change k f VNODE ADD|CLEAR|SPECIFIC ALL 0 1
      change k f VNODE ADD|CLEAR|SPECIFIC ATTRIB 0 2
      change k f VNODE ADD|CLEAR ALL 0 3
      append $D/f more
      wait k 8 0 => n=2 [f VNODE ADD|CLEAR WRITE|EXTEND 0 3] [f VNODE ADD|CLEAR|SPECIFIC WRITE|EXTEND 0 1]
      chmod $D/f 0600
      wait k 8 0 => n=3 [f VNODE ADD|CLEAR ATTRIB 0 3] [f VNODE ADD|CLEAR|SPECIFIC ATTRIB 0 2] [f VNODE ADD|CLEAR|SPECIFIC ATTRIB 0 1]
      change k f VNODE DELETE|SPECIFIC 0 0 9 => ENOENT
      change k f VNODE DELETE|SPECIFIC 0 0 1
      change k f VNODE DELETE 0 0 0
      chmod $D/f 0644
      wait k 8 0 => n=1 [f VNODE ADD|CLEAR|SPECIFIC ATTRIB 0 2]
      change k f VNODE DELETE 0 0 2 => ENOENT`,
  },
  {
    name: 'EV_DISPATCH2: deletion while the program holds the event waits',
    virtualOnly: 'it tells of the deletion with the flags of the EV_ADD as well',
    text: `
      change k f VNODE ADD|CLEAR|DISPATCH|SPECIFIC ALL 0 5
      append $D/f more
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR|DISPATCH|SPECIFIC WRITE|EXTEND 0 5]
      change k f VNODE DELETE|SPECIFIC 0 0 5 => EINPROGRESS
      append $D/f more
      wait k 4 0 => n=0
      change k f VNODE ENABLE|SPECIFIC ALL 0 5
      wait k 4 0 => n=1 [f VNODE DELETE|ONESHOT|DISPATCH|SPECIFIC 0 0 5]
      wait k 4 0 => n=0
      change k f VNODE DELETE|SPECIFIC 0 0 5 => ENOENT`,
  },
  {
    name: 'EV_VANISHED reports a close, once',
    text: `
      change k f VNODE ADD|CLEAR|DISPATCH|SPECIFIC|VANISHED ALL 0 5
      number f => ~\\d+
      close f
      poll k 2000 => ready
      wait k 4 0 => n=1 [f VNODE ONESHOT|DISPATCH|SPECIFIC|VANISHED 0 0 5]
      wait k 4 0 => n=0`,
  },
  {
    name: 'EV_VANISHED wants EV_ADD and EV_DISPATCH2',
    text: `
      change k f VNODE ADD|CLEAR|VANISHED ALL => EINVAL
      change k f VNODE ADD|CLEAR|SPECIFIC|VANISHED ALL => EINVAL
      batch k 1 0 ; f VNODE ADD|CLEAR|VANISHED ALL 3 4 => n=1 [f VNODE ADD|CLEAR|VANISHED|ERROR DELETE|WRITE|EXTEND|ATTRIB|LINK|RENAME|REVOKE 22 4]
      change k f VNODE DELETE 0 => ENOENT`,
  },
  {
    name: 'receipts',
    text: `
      batch k 4 0 ; f VNODE ADD|CLEAR|RECEIPT ALL 8 9 => n=1 [f VNODE ADD|CLEAR|RECEIPT|ERROR DELETE|WRITE|EXTEND|ATTRIB|LINK|RENAME|REVOKE 0 9]
      append $D/f more
      batch k 4 0 ; f VNODE RECEIPT ALL 0 9 => n=1 [f VNODE RECEIPT|ERROR DELETE|WRITE|EXTEND|ATTRIB|LINK|RENAME|REVOKE 0 9]
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR|RECEIPT WRITE|EXTEND 0 9]
      change k f VNODE ADD|CLEAR|RECEIPT ALL
      batch k 1 0 ; f VNODE ADD|CLEAR|RECEIPT ALL ; g VNODE ADD|CLEAR|RECEIPT ALL => n=1 [f VNODE ADD|CLEAR|RECEIPT|ERROR DELETE|WRITE|EXTEND|ATTRIB|LINK|RENAME|REVOKE 0 0]
      change k g VNODE DELETE 0`,
  },
  {
    name: 'errors without room end the call at once',
    text: `
      change k f VNODE DELETE 0 => ENOENT
      change k f VNODE ENABLE ALL => ENOENT
      batch k 0 0 ; f VNODE ADD|CLEAR ALL ; g VNODE DELETE 0 ; g VNODE ADD|CLEAR ALL => ENOENT
      change k g VNODE DELETE 0 => ENOENT
      change k f VNODE DELETE 0`,
  },
  {
    name: 'errors with room are reported in order, and the list continues',
    text: `
      batch k 4 0 ; f VNODE DELETE 0 6 5 ; g VNODE ADD|CLEAR ALL => n=1 [f VNODE DELETE|ERROR 0 2 5]
      append $D/g more
      batch k 4 0 ; f VNODE DELETE 0 => n=1 [f VNODE DELETE|ERROR 0 2 0]
      wait k 4 0 => n=1 [g VNODE ADD|CLEAR WRITE|EXTEND 0 0]`,
  },
  {
    name: 'more errors than room',
    text: `
      batch k 2 0 ; f VNODE DELETE 0 ; g VNODE DELETE 0 ; 9 USER DELETE 0 ; g VNODE ADD|CLEAR ALL => ENOENT
      change k g VNODE DELETE 0 => ENOENT`,
  },
  {
    name: 'a descriptor that is closed',
    text: `
      change k f VNODE ADD|CLEAR ALL
      close f
      change k f VNODE DELETE 0 => ENOENT
      change k f VNODE ADD|CLEAR ALL => EBADF
      change k 4000 VNODE ADD|CLEAR ALL => EBADF
      wait k 4 0 => n=0`,
  },
  {
    name: 'changes of files and of other things keep their order',
    text: `
      pipe r w
      batch k 8 0 ; 7 USER ADD|CLEAR|RECEIPT 0 ; f VNODE ADD|CLEAR|RECEIPT ALL ; 8 USER DELETE 0 ; g VNODE DELETE 0 ; r READ ADD|CLEAR|RECEIPT 0 => n=5 [7 USER ADD|CLEAR|RECEIPT|ERROR 0 0 0] [f VNODE ADD|CLEAR|RECEIPT|ERROR DELETE|WRITE|EXTEND|ATTRIB|LINK|RENAME|REVOKE 0 0] [8 USER DELETE|ERROR 0 2 0] [g VNODE DELETE|ERROR 0 2 0] [r READ ADD|CLEAR|RECEIPT|ERROR 0 0 0]
      batch k 1 0 ; 7 USER DELETE 0 ; f VNODE DELETE 0 ; 8 USER DELETE 0 ; r READ DELETE 0 => n=1 [8 USER DELETE|ERROR 0 2 0]
      change k 7 USER DELETE 0 => ENOENT
      change k f VNODE DELETE 0 => ENOENT
      change k r READ DELETE 0 => ENOENT`,
  },
  {
    name: 'an error without room: earlier changes stay applied',
    text: `
      batch k 0 0 ; 7 USER ADD|CLEAR 0 ; f VNODE ADD|CLEAR ALL ; 8 USER DELETE 0 ; g VNODE ADD|CLEAR ALL => ENOENT
      change k 7 USER DELETE 0
      change k f VNODE DELETE 0
      change k g VNODE DELETE 0 => ENOENT`,
  },
  {
    name: 'changes and events in one call',
    text: `
      batch k 4 0 ; f VNODE ADD|CLEAR ALL ; g VNODE ADD|CLEAR ALL => n=0
      append $D/f more
      batch k 4 0 ; g VNODE DELETE 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]
      append $D/f more
      batch k 4 0 ; f VNODE DELETE 0 => n=0`,
  },
  {
    name: 'files of two queues, and two numbers of one file',
    text: `
      kqueue l
      open h $D/f evtonly
      change k f VNODE ADD|CLEAR ALL
      change k h VNODE ADD|CLEAR ATTRIB
      change l h VNODE ADD|CLEAR ALL
      append $D/f more
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]
      chmod $D/f 0600
      wait k 4 0 => n=2 [h VNODE ADD|CLEAR ATTRIB 0 0] [f VNODE ADD|CLEAR ATTRIB 0 0]
      wait l 4 0 => n=1 [h VNODE ADD|CLEAR WRITE|EXTEND|ATTRIB 0 0]`,
  },
  {
    name: 'no room, no waiting',
    text: `
      change k f VNODE ADD|CLEAR ALL
      wait k 0 -1 => n=0
      append $D/f more
      wait k 0 -1 => n=0
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]`,
  },
  {
    name: 'ten events, room for one: each once, in order of arrival',
    text: `
      ${TEN}
      ${digits.map((n) => `change k t${n} VNODE ADD|CLEAR DELETE|WRITE|EXTEND|ATTRIB|LINK|RENAME|REVOKE 0 ${n}`).join('\n')}
      ${digits.map((n) => `append $D/${n} x`).join('\n')}
      ${digits.map((n) => `wait k 1 0 => n=1 [t${n} VNODE ADD|CLEAR WRITE|EXTEND 0 ${n}]`).join('\n')}
      wait k 1 0 => n=0`,
  },
  {
    name: 'ten level-triggered ones take turns',
    text: `
      ${TEN}
      ${digits.map((n) => `change k t${n} VNODE ADD DELETE|WRITE|EXTEND|ATTRIB|LINK|RENAME|REVOKE 0 ${n}`).join('\n')}
      ${digits.map((n) => `append $D/${n} x`).join('\n')}
      ${[...digits, '0', '1'].map((n) => `wait k 1 0 => n=1 [t${n} VNODE ADD WRITE|EXTEND 0 ${n}]`).join('\n')}
      wait k 64 0 => ~n=10( \\[.*?\\]){10}`,
  },
  {
    name: 'some, and the rest',
    text: `
      ${TEN}
      ${digits.map((n) => `change k t${n} VNODE ADD|CLEAR DELETE|WRITE|EXTEND|ATTRIB|LINK|RENAME|REVOKE 0 ${n}`).join('\n')}
      ${digits.map((n) => `append $D/${n} x`).join('\n')}
      wait k 4 0 => ~n=4 \\[t0 .*\\[t1 .*\\[t2 .*\\[t3 .*
      wait k 64 0 => ~n=6 \\[t4 .*\\[t9 .*
      wait k 64 0 => n=0`,
  },
  {
    name: 'KEVENT_FLAG_IMMEDIATE and KEVENT_FLAG_ERROR_EVENTS',
    families: FLAGGED,
    text: `
      change k f VNODE ADD|CLEAR ALL
      flags k 4 IMMEDIATE => n=0
      append $D/f more
      flags k 4 ERROR_EVENTS => n=0
      flags k 4 IMMEDIATE|ERROR_EVENTS => n=0
      flags k 4 IMMEDIATE => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]
      flags k 4 WORKLOOP => EINVAL
      flags k 4 DYNAMIC_KQ_MUST_EXIST => EINVAL`,
  },
  {
    name: 'timeouts that are none',
    families: TIMED,
    text: `
      change k f VNODE ADD|CLEAR ALL
      timeout k -1 0 => EINVAL
      timeout k 0 -1 => EINVAL
      timeout k 0 1000000001 => EINVAL
      timeout k 2147483648 0 => EINVAL
      timeout 4000 -1 0 => EINVAL
      timeout 4000 0 0 => EBADF
      append $D/f more
      timeout k 0 1000000001 => EINVAL
      timeout k 2147483647 1000000000 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]`,
  },
  {
    name: 'a wait is neither cut short nor drawn out',
    families: TIMED,
    text: `
      change k f VNODE ADD|CLEAR ALL
      wait k 4 60 => n=0
      elapsed => ~(6\\d|7\\d|[89]\\d|[12]\\d\\d)`,
  },
  {
    name: 'a signal ends a wait',
    text: `
      change k f VNODE ADD|CLEAR ALL
      alarm 30
      wait k 4 -1 => EINTR
      append $D/f more
      wait k 4 -1 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]`,
  },
  {
    name: 'descriptors that are not kqueues',
    text: `
      change k f VNODE ADD|CLEAR ALL
      change f g VNODE ADD|CLEAR ALL => EBADF
      wait f 4 0 => EBADF
      wait 4000 4 0 => EBADF
      close k
      wait k 4 0 => EBADF
      change k f VNODE ADD|CLEAR ALL => EBADF`,
  },
  {
    name: 'kevent and the other two exclude each other',
    families: ['kevent'],
    text: `
      change k f VNODE ADD|CLEAR ALL
      append $D/f more
      family kevent64
      wait k 4 0 => EINVAL
      change k g VNODE ADD|CLEAR ALL => EINVAL
      family kevent_qos
      wait k 4 0 => EINVAL
      family kevent
      change k g VNODE DELETE 0 => ENOENT
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]`,
  },
  {
    name: 'kevent64 and kevent_qos share a queue',
    families: ['kevent64'],
    text: `
      change k f VNODE ADD|CLEAR ALL 0 5
      append $D/f more
      family kevent
      wait k 4 0 => EINVAL
      change k g VNODE ADD|CLEAR ALL => EINVAL
      family kevent_qos
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 5]
      chmod $D/f 0600
      family kevent64
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR ATTRIB 0 5]`,
  },
  {
    name: 'closing the watched number ends its knote; a duplicate gets no events',
    virtualOnly: 'its queue stays readable until the next call reads inotify',
    text: `
      dup f h
      change k f VNODE ADD|CLEAR ALL
      append $D/f more
      poll k 2000 => ready
      close f
      poll k 0 => idle
      append $D/f more
      wait k 4 0 => n=0
      change k h VNODE DELETE 0 => ENOENT
      change k h VNODE ADD|CLEAR ALL
      append $D/f more
      wait k 4 0 => n=1 [h VNODE ADD|CLEAR WRITE|EXTEND 0 0]`,
  },
  {
    name: 'closing a duplicate changes nothing',
    text: `
      change k f VNODE ADD|CLEAR ALL
      dup f h
      close h
      append $D/f more
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]`,
  },
  {
    name: 'dup2 over the watched number ends its knote',
    virtualOnly: 'its queue stays readable until the next call reads inotify',
    text: `
      change k f VNODE ADD|CLEAR ALL
      append $D/f more
      dup2 g f
      poll k 0 => idle
      append $D/f more
      append $D/g more
      wait k 4 0 => n=0
      change k f VNODE DELETE 0 => ENOENT
      change k f VNODE ADD|CLEAR ALL
      append $D/g more
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]`,
  },
  {
    name: 'a number that means another file by now',
    text: `
      change k f VNODE ADD|CLEAR ALL
      close f
      open f $D/3 evtonly
      append $D/f more
      append $D/3 more
      wait k 4 0 => n=0
      change k f VNODE ADD|CLEAR ALL
      append $D/f more
      wait k 4 0 => n=0
      append $D/3 more
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]`,
  },
  {
    name: 'two numbers of one queue',
    text: `
      dup k l
      change k f VNODE ADD|CLEAR ALL
      change l g VNODE ADD|CLEAR ALL
      append $D/f more
      append $D/g more
      poll l 2000 => ready
      wait l 1 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]
      wait k 4 0 => n=1 [g VNODE ADD|CLEAR WRITE|EXTEND 0 0]
      close k
      append $D/f more
      wait l 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]
      change l f VNODE DELETE 0
      wait k 4 0 => EBADF`,
  },
  {
    name: 'an orphan is watched to the end',
    text: `
      open w $D/f rdwr
      change k f VNODE ADD|CLEAR ALL
      unlink $D/f
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR DELETE|LINK 0 0]
      write w orphaned-text
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]
      fchmod w 0600
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR ATTRIB 0 0]`,
  },
  {
    name: 'a queue in poll, in select and in another queue',
    text: `
      kqueue outer
      change outer k READ ADD 0
      change k f VNODE ADD|CLEAR ALL
      change k g VNODE ADD|CLEAR ALL
      poll k 0 => idle
      select k 0 => idle
      wait outer 4 0 => n=0
      append $D/f more
      poll k 2000 => ready
      select k 2000 => ready
      poll outer 2000 => ready
      wait outer 4 0 => ~n=1 \\[k READ ADD 0 1 0\\]
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]
      poll k 0 => idle
      select k 0 => idle
      wait outer 4 0 => n=0
      poll outer 0 => idle`,
  },
  {
    name: 'readiness ends with the last event only',
    text: `
      change k f VNODE ADD|CLEAR ALL
      change k g VNODE ADD|CLEAR ALL
      append $D/f more
      append $D/g more
      wait k 1 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]
      poll k 2000 => ready
      wait k 1 0 => n=1 [g VNODE ADD|CLEAR WRITE|EXTEND 0 0]
      poll k 0 => idle`,
  },
  {
    name: 'an edge-triggered outer queue gets each arrival',
    virtualOnly: 'its outer queue hears of one coming twice',
    text: `
      kqueue outer
      change outer k READ ADD|CLEAR 0
      change k f VNODE ADD|CLEAR ALL
      append $D/f more
      poll outer 2000 => ready
      wait outer 4 0 => ~n=1 \\[k READ ADD\\|CLEAR .*
      wait outer 4 0 => n=0
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]
      append $D/f more
      poll outer 2000 => ready
      wait outer 4 0 => ~n=1 \\[k READ ADD\\|CLEAR .*`,
  },
  {
    name: 'everything on one queue',
    text: `
      socketpair a b
      change k a READ ADD|CLEAR 0 0 1
      change k 1 TIMER ADD|ONESHOT 0 1 2
      change k 1 USER ADD|CLEAR 0 0 3
      change k f VNODE ADD|CLEAR ALL 0 4
      sleep 5
      write b hello
      change k 1 USER 0 TRIGGER 0 3
      append $D/f more
      wait k 8 0 => ~n=4 .*
      wait k 8 0 => n=0
      append $D/f more
      write b hello
      wait k 1 0 => ~n=1 .*
      wait k 1 0 => ~n=1 .*
      wait k 1 0 => n=0`,
  },
  {
    name: 'a busy socket does not starve a file, nor the other way round',
    text: `
      socketpair a b
      change k a READ ADD 0 0 1
      change k f VNODE ADD ALL 0 2
      write b hello
      append $D/f more
      batch k 1 0 ; 99 USER ADD|CLEAR 0 => ~n=1 \\[(a|f) .*
      repeat 9 wait k 1 0 => ~n=1 \\[(a|f) .*
      change k f VNODE DELETE 0
      wait k 1 0 => ~n=1 \\[a .*`,
    virtualOnly: 'it asks for what another suite proves',
  },
  {
    name: 'a child has no kqueue; it makes its own',
    text: `
      change k f VNODE ADD|CLEAR ALL
      append $D/f more
      fork wait k 4 0 => EBADF
      wait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]`,
  },
];
