/** Virtual files together with all other filters of a kqueue, in threads, in other queues, over fork and exec. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildFixtures } from '../../fixtures/build.ts';
import {
  freshTree,
  hostCommand,
  openBridge,
  play,
  program,
  ScriptedProgram,
  startProgram,
  viewOf,
} from './support.ts';

const session = await openBridge();
const subject = startProgram(session);
const host = viewOf(session);

interface Context {
  D: string;
}
function scripts(name: string, list: Readonly<Record<string, string>>): void {
  const cases = suite<Context>(name);
  for (const [title, script] of Object.entries(list))
    cases(title, async () => {
      try {
        await play(script, { subject, host }, { D: freshTree(session) });
      } finally {
        await subject.send('forget');
      }
    });
  cases.run();
}

const WATCH = 'kqueue k\nopen f $D/f evtonly\nopen g $D/g evtonly\nchange k f VNODE ADD|CLEAR ALL';

scripts('blocked until the core changes something', {
  'in kevent': `
    ${WATCH}
    thread t wait k 4 -1
    host: append $D/f more
    join t => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]`,
  'in kevent64': `
    family kevent64
    ${WATCH}
    thread t wait k 1 -1
    host: append $D/f more
    join t => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]`,
  'in kevent_qos': `
    family kevent_qos
    ${WATCH}
    thread t wait k 1 -1
    host: chmod $D/f 0600
    join t => n=1 [f VNODE ADD|CLEAR ATTRIB 0 0]`,
  'in poll': `
    ${WATCH}
    thread t poll k 20000
    host: append $D/f more
    join t => ready
    wait k 1 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]
    poll k 0 => idle`,
  'in select': `
    ${WATCH}
    thread t select k 20000
    host: append $D/f more
    join t => ready
    wait k 1 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]
    select k 0 => idle`,
  'in an outer queue, whose data counts the kernel’s events, and all virtual events as one': `
    ${WATCH}
    change k g VNODE ADD|CLEAR ALL
    kqueue outer
    change outer k READ ADD 0
    thread t wait outer 4 -1
    host: append $D/f more
    join t => n=1 [k READ ADD 0 1 0]
    host: append $D/g more
    change k 5 USER ADD|CLEAR TRIGGER
    wait outer 4 0 => n=1 [k READ ADD 0 2 0]
    wait k 4 0 => ~n=3 .*
    wait outer 4 0 => n=0`,
  'watched only while the wait was on': `
    kqueue k
    open f $D/f evtonly
    thread t wait k 4 -1
    change k f VNODE ADD|CLEAR ALL
    host: append $D/f more
    join t => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]
    wait k 4 0 => n=0`,
  'through a duplicate of the queue': `
    ${WATCH}
    dup k l
    thread t wait l 4 -1
    host: append $D/f more
    join t => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]`,
  'close of the queue wakes with EBADF': `
    ${WATCH}
    thread t wait k 4 -1
    thread u wait k 1 -1
    sleep 20
    close k
    join t => EBADF
    join u => EBADF`,
  'a close of the watched descriptor wakes no waiter': `
    ${WATCH}
    thread t wait k 4 150
    close f
    host: append $D/f more
    join t => n=0`,
  'a deadline holds over events for others': `
    ${WATCH}
    change k g VNODE ADD|DISABLE|CLEAR ALL
    thread t wait k 4 150
    host: append $D/g more
    host: append $D/g more
    join t => n=0
    wait k 4 0 => n=0`,
});

scripts('beside other sources', {
  'READ, TIMER, USER and VNODE': `
    ${WATCH}
    socketpair a b
    change k a READ ADD|CLEAR 0 0 1
    change k 7 TIMER ADD|ONESHOT 0 20 2
    change k 7 USER ADD|CLEAR 0 0 3
    thread t wait k 1 -1
    write b hello
    join t => n=1 [a READ ADD|CLEAR 0 5 1]
    thread t wait k 1 -1
    host: append $D/f more
    join t => ~n=1 \\[(f VNODE ADD\\|CLEAR WRITE\\|EXTEND 0 0|7 TIMER ADD\\|ONESHOT\\|CLEAR 0 1 2)\\]
    wait k 1 -1 => ~n=1 \\[(f VNODE ADD\\|CLEAR WRITE\\|EXTEND 0 0|7 TIMER ADD\\|ONESHOT\\|CLEAR 0 1 2)\\]
    thread t wait k 1 -1
    change k 7 USER 0 TRIGGER 0 3
    join t => n=1 [7 USER ADD|CLEAR 0 0 3]
    wait k 8 0 => n=0`,
  "the program's own user events do not touch ours": `
    ${WATCH}
    change k 0 USER ADD|CLEAR 0
    change k 0 USER DELETE 0
    change k 0 USER DELETE 0 => ENOENT
    change k 0 USER ADD|CLEAR TRIGGER
    host: append $D/f more
    wait k 1 -1 => ~n=1 .*
    wait k 1 -1 => ~n=1 .*
    wait k 4 0 => n=0`,
  'a watch of a real file on the same queue': `
    ${WATCH}
    open r /proc/self/status rdonly
    pipe p q
    change k p READ ADD 0
    write q xyz
    host: append $D/f more
    chmod /v/barrier 0644
    wait k 8 0 => n=2 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0] [p READ ADD 0 3 0]`,
});

const turns = suite('turns');
turns('with room for one event, neither a level-triggered socket nor a file starves', async () => {
  const D = { D: freshTree(session) };
  await play(
    `kqueue k\nopen f $D/f evtonly\nsocketpair a b\nchange k a READ ADD 0\nchange k f VNODE ADD ALL\nwrite b hello`,
    { subject },
    D,
  );
  hostCommand(host, `append ${D.D}/f more`);
  await subject.send('chmod /v/barrier 0644');
  const counts = { READ: 0, VNODE: 0 };
  for (let i = 0; i < 20; i++) {
    const answer = await subject.send('wait k 1 0');
    counts[/ (READ|VNODE) /.exec(answer)?.[1] as 'READ']++;
  }
  assert.is(counts.READ + counts.VNODE, 20);
  assert.ok(Math.min(counts.READ, counts.VNODE) >= 4, JSON.stringify(counts));
  await subject.send('forget');
});
turns.run();

const threads = suite('threads on one queue');
threads('four events, four threads with room for one: each gets one', async () => {
  const D = freshTree(session);
  const names = ['t0', 't1', 't2', 't3'];
  await subject.send('kqueue k');
  for (const name of names) {
    hostCommand(host, `create ${D}/${name}`);
    await subject.watch('k', `f${name}`, `${D}/${name}`);
    await subject.send(`thread ${name} wait k 1 -1`);
  }
  for (const name of names) hostCommand(host, `append ${D}/${name} x`);
  const got = new Set<string>();
  for (const name of names)
    got.add(
      /^n=1 \[(\S+) VNODE ADD|CLEAR WRITE|EXTEND 0 \d+\]$/.exec(await subject.send(`join ${name}`))?.[1] ??
        '',
    );
  assert.equal(
    [...got].sort(),
    names.map((name) => `f${name}`),
  );
  assert.is(await subject.send('wait k 8 0'), 'n=0');
  await subject.send('forget');
});
threads('one event, four threads: a single thread gets it, the others keep waiting', async () => {
  const D = freshTree(session);
  await subject.send('kqueue k');
  await subject.watch('k', 'f', `${D}/f`);
  for (let i = 0; i < 4; i++) await subject.send(`thread t${i} wait k 4 250`);
  hostCommand(host, `append ${D}/f more`);
  const answers = [];
  for (let i = 0; i < 4; i++) answers.push((await subject.send(`join t${i}`)).slice(0, 3));
  assert.equal(answers.sort(), ['n=0', 'n=0', 'n=0', 'n=1']);
  await subject.send('forget');
});
threads('many changes, four threads: each file is reported, no event twice', async () => {
  const D = freshTree(session);
  const paths = Array.from({ length: 40 }, (_, i) => `${D}/w${i}`);
  for (const path of paths) hostCommand(host, `create ${path}`);
  const run = session.start(buildFixtures().program('threads'), ['-n', '4', '-t', '10000', ...paths]);
  const program = new ScriptedProgram(run.child, run.status);
  assert.is(await program.line(), 'ready');
  for (const path of paths) hostCommand(host, `unlink ${path}`);
  const heard: string[] = [];
  for (let i = 0; i < paths.length; i++) heard.push((await program.line()).replace(/^event \d+ /, ''));
  assert.equal(heard.sort(), paths.map((_, i) => `${i} fflags=0x11`).sort());
  program.child.kill('SIGKILL');
  await program.status;
});
threads.run();

const generations = suite('fork and exec');
generations('a child has its own watches, the parent keeps its', async () => {
  const D = { D: freshTree(session) };
  await play(WATCH, { subject }, D);
  hostCommand(host, `append ${D.D}/f before`);
  await play(
    `child
     wait k 4 0 => EBADF
     change k f VNODE ADD|CLEAR ALL => EBADF
     kqueue c
     change c f VNODE ADD|CLEAR ALL 0 9
     host: append $D/f more
     wait c 4 -1 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 9]
     append $D/f again
     wait c 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 9]`,
    { subject, host },
    D,
  );
  assert.is(await subject.send('endchild'), 'child ended with 0');
  assert.is(await subject.send('wait k 4 0'), 'n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]');
  hostCommand(host, `chmod ${D.D}/f 0600`);
  assert.is(await subject.send('wait k 4 -1'), 'n=1 [f VNODE ADD|CLEAR ATTRIB 0 0]');
  await subject.send('forget');
});
generations('an exec starts without kqueues', async () => {
  const D = { D: freshTree(session) };
  const other = startProgram(session);
  await play(
    `${WATCH}\nappend $D/f more\nwait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]`,
    { other },
    D,
  );
  assert.is(await other.send(`exec ${program('kqtree')} again`), 'again');
  await play(
    `number k => 0
     ${WATCH}
     host: append $D/f more
     wait k 4 -1 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]`,
    { other, host },
    D,
  );
  assert.is(await other.end(), 0);
});
generations('fork in the midst of watching threads', async () => {
  const D = { D: freshTree(session) };
  await play(WATCH, { subject }, D);
  for (let i = 0; i < 10; i++) {
    await subject.send(`thread t${i} wait k 1 -1`);
    hostCommand(host, `append ${D.D}/f more`);
    assert.is(await subject.send('fork append /v/barrier x'), 'ok');
    assert.is(await subject.send(`join t${i}`), 'n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]');
  }
  await subject.send('forget');
});
generations.after(async () => {
  assert.is(await subject.end(), 0);
  await session.close();
});
generations.run();
