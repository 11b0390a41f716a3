/** The kevent calls of well-known watchers, in their order and with their flags; each case is named after its watcher. */
import { suite } from 'uvu';
import { freshTree, openBridge, play, startProgram, viewOf } from './support.ts';

const session = await openBridge();
const subject = startProgram(session);
const host = viewOf(session);

const CLIENTS: Readonly<Record<string, string>> = {
  'libuv: one-shot, added again after each event, the name from F_GETPATH': `
    kqueue k
    open f $D/f rdonly
    change k f VNODE ADD|ONESHOT DELETE|WRITE|EXTEND|ATTRIB|RENAME|REVOKE
    host: append $D/f more
    wait k 64 -1 => n=1 [f VNODE ADD|ONESHOT WRITE|EXTEND 0 0]
    getpath f => f
    change k f VNODE ADD|ONESHOT DELETE|WRITE|EXTEND|ATTRIB|RENAME|REVOKE
    host: chmod $D/f 0600
    wait k 64 -1 => n=1 [f VNODE ADD|ONESHOT ATTRIB 0 0]
    change k f VNODE ADD|ONESHOT DELETE|WRITE|EXTEND|ATTRIB|RENAME|REVOKE
    host: rename $D/f $D/renamed
    wait k 64 -1 => n=1 [f VNODE ADD|ONESHOT RENAME 0 0]
    getpath f => renamed
    change k f VNODE ADD|ONESHOT DELETE|WRITE|EXTEND|ATTRIB|RENAME|REVOKE
    host: unlink $D/renamed
    wait k 64 -1 => n=1 [f VNODE ADD|ONESHOT DELETE 0 0]
    close f
    wait k 64 0 => n=0`,
  'fsnotify: a directory and all in it, stopped through a pipe': `
    kqueue k
    pipe r w
    change k r READ ADD|ENABLE|ONESHOT 0
    open d $D/d evtonly
    open x $D/d/x evtonly
    change k d VNODE ADD|ENABLE|CLEAR DELETE|WRITE|ATTRIB|RENAME
    change k x VNODE ADD|ENABLE|CLEAR DELETE|WRITE|ATTRIB|RENAME
    host: create $D/d/new
    wait k 10 -1 => n=1 [d VNODE ADD|ENABLE|CLEAR WRITE 0 0]
    open n $D/d/new evtonly
    change k n VNODE ADD|ENABLE|CLEAR DELETE|WRITE|ATTRIB|RENAME
    host: append $D/d/new text
    wait k 10 -1 => n=1 [n VNODE ADD|ENABLE|CLEAR WRITE 0 0]
    host: unlink $D/d/x
    chmod /v/barrier 0600
    wait k 10 0 => n=2 [x VNODE ADD|ENABLE|CLEAR DELETE 0 0] [d VNODE ADD|ENABLE|CLEAR WRITE 0 0]
    change k x VNODE DELETE 0
    close x
    thread t wait k 10 -1
    close w
    join t => ~n=1 \\[r READ ADD\\|ENABLE\\|ONESHOT\\|EOF .*
    change k n VNODE DELETE 0
    change k d VNODE DELETE 0`,
  'notify: all watches registered again at each change, a nested queue, single events': `
    kqueue k
    kqueue mio
    change mio k READ ADD|CLEAR|RECEIPT 0 0 1
    open f $D/f rdonly
    change k f VNODE ADD|CLEAR ALL
    open g $D/g rdonly
    batch k 0 0 ; f VNODE ADD|CLEAR ALL ; g VNODE ADD|CLEAR ALL => n=0
    thread t wait mio 16 -1
    host: append $D/f more
    join t => ~n=1 \\[k READ ADD\\|CLEAR\\|RECEIPT 0 1 1\\]
    wait k 1 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]
    wait k 1 0 => n=0
    batch k 0 0 ; f VNODE ADD|CLEAR ALL ; g VNODE ADD|CLEAR ALL => n=0
    host: unlink $D/g
    wait mio 16 -1 => ~n=1 \\[k READ .*
    wait k 1 0 => n=1 [g VNODE ADD|CLEAR DELETE|LINK 0 0]
    wait k 1 0 => n=0`,
  'watchman: poll, then kevent without waiting; EV_DELETE for deleted files': `
    kqueue k
    linkitself f $D/f
    open d $D/d evtonly
    open top $D evtonly
    batch k 3 0 ; f VNODE ADD|CLEAR|RECEIPT DELETE|WRITE|EXTEND|ATTRIB|RENAME 0 10 ; d VNODE ADD|CLEAR|RECEIPT DELETE|WRITE|EXTEND|RENAME 0 11 ; top VNODE ADD|CLEAR|RECEIPT DELETE|WRITE|EXTEND|RENAME 0 12 => ~n=3 \\[f VNODE ADD\\|CLEAR\\|RECEIPT\\|ERROR DELETE\\|WRITE\\|EXTEND\\|ATTRIB\\|RENAME 0 10\\] \\[d VNODE ADD\\|CLEAR\\|RECEIPT\\|ERROR DELETE\\|WRITE\\|EXTEND\\|RENAME 0 11\\] \\[top .*
    thread t poll k -1
    host: append $D/f more
    join t => ready
    wait k 32 0 => n=1 [f VNODE ADD|CLEAR|RECEIPT WRITE|EXTEND 0 10]
    poll k 0 => idle
    host: chmod $D/d 0700
    host: unlink $D/f
    poll k 20000 => ready
    chmod /v/barrier 0600
    wait k 32 0 => n=2 [f VNODE ADD|CLEAR|RECEIPT DELETE 0 10] [top VNODE ADD|CLEAR|RECEIPT WRITE 0 12]
    change k f VNODE DELETE DELETE|WRITE|EXTEND|ATTRIB|RENAME
    close f
    host: mkdir $D/d/sub
    poll k 20000 => ready
    wait k 32 0 => n=1 [d VNODE ADD|CLEAR|RECEIPT WRITE 0 11]`,
  'entr: standard input beside the files, opened again after an atomic save': `
    kqueue k
    pipe in typed
    linkitself f $D/f
    change k f VNODE ADD|CLEAR DELETE|WRITE|ATTRIB|RENAME 0 5
    change k in READ ADD|CLEAR LOWAT 1
    host: create $D/f~
    host: append $D/f~ new
    host: rename $D/f~ $D/f
    wait k 32 -1 => n=1 [f VNODE ADD|CLEAR DELETE 0 5]
    change k f VNODE DELETE DELETE|WRITE|ATTRIB|RENAME
    close f
    linkitself f $D/f
    change k f VNODE ADD|CLEAR DELETE|WRITE|ATTRIB|RENAME 0 5
    host: append $D/f again
    wait k 32 -1 => n=1 [f VNODE ADD|CLEAR WRITE 0 5]
    write typed q
    wait k 32 -1 => ~n=1 \\[in READ ADD\\|CLEAR .*`,
  'tail -F: READ on the file itself, negative after a truncation, and its replacement': `
    kqueue k
    fopen f $D/f
    read f 100 => read 5
    batch k 0 0 ; f VNODE ADD|ENABLE|CLEAR DELETE|RENAME ; f READ ADD|ENABLE|CLEAR 0 => n=0
    thread t wait k 1 10000
    host: append $D/f more
    join t => n=1 [f READ ADD|ENABLE|CLEAR 0 4 0]
    read f 100 => read 4
    host: truncate $D/f 2
    wait k 1 10000 => n=1 [f READ ADD|ENABLE|CLEAR 0 -7 0]
    host: rename $D/f $D/f.1
    wait k 1 10000 => n=1 [f VNODE ADD|ENABLE|CLEAR RENAME 0 0]
    fclose
    wait k 1 0 => n=0`,
  'fswatch: all files added again in the very call that waits': `
    kqueue k
    linkitself f $D/f
    linkitself g $D/g
    linkitself d $D/d
    batch k 3 0 ; f VNODE ADD|ENABLE|CLEAR ALL ; g VNODE ADD|ENABLE|CLEAR ALL ; d VNODE ADD|ENABLE|CLEAR ALL => n=0
    host: append $D/f more
    batch k 3 2000 ; f VNODE ADD|ENABLE|CLEAR ALL ; g VNODE ADD|ENABLE|CLEAR ALL ; d VNODE ADD|ENABLE|CLEAR ALL => n=1 [f VNODE ADD|ENABLE|CLEAR WRITE|EXTEND 0 0]
    host: create $D/d/n
    host: rename $D/g $D/d/g
    chmod /v/barrier 0600
    batch k 3 2000 ; f VNODE ADD|ENABLE|CLEAR ALL ; g VNODE ADD|ENABLE|CLEAR ALL ; d VNODE ADD|ENABLE|CLEAR ALL => n=2 [d VNODE ADD|ENABLE|CLEAR WRITE 0 0] [g VNODE ADD|ENABLE|CLEAR RENAME 0 0]
    batch k 3 0 ; f VNODE ADD|ENABLE|CLEAR ALL ; g VNODE ADD|ENABLE|CLEAR ALL ; d VNODE ADD|ENABLE|CLEAR ALL => n=0`,
  'libinotify-kqueue: masks of its own making, a user event as its pipe': `
    kqueue k
    change k 1 USER ADD|CLEAR 0
    directory d $D/d
    linkitself x $D/d/x
    batch k 0 0 ; d VNODE ADD|ENABLE|CLEAR DELETE|WRITE|ATTRIB|REVOKE 0 7 => n=0
    batch k 0 0 ; x VNODE ADD|ENABLE|CLEAR WRITE|ATTRIB 0 8 => n=0
    change k 1 USER 0 TRIGGER
    wait k 1 -1 => n=1 [1 USER ADD|CLEAR 0 0 0]
    host: append $D/d/x more
    wait k 1 -1 => n=1 [x VNODE ADD|ENABLE|CLEAR WRITE 0 8]
    host: link $D/d/x $D/d/y
    chmod /v/barrier 0600
    wait k 1 0 => n=1 [d VNODE ADD|ENABLE|CLEAR WRITE 0 7]
    wait k 1 0 => n=0
    host: chmod $D/d 0700
    wait k 1 -1 => n=1 [d VNODE ADD|ENABLE|CLEAR ATTRIB 0 7]
    change k x VNODE DELETE 0
    close x`,
};

const clients = suite('clients');
for (const [name, script] of Object.entries(CLIENTS))
  clients(name, async () => {
    try {
      await play(script, { subject, host }, { D: freshTree(session) });
    } finally {
      await subject.send('forget');
    }
  });
clients.after(async () => {
  await subject.end();
  await session.close();
});
clients.run();
