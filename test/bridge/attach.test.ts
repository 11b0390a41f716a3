/** Attach: the gate and the agent are loaded into running programs. */
import { spawn } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildFixtures } from '../../fixtures/build.ts';
import { EngineError } from '../../injector/engine/frida-engine.ts';
import {
  freshTree,
  hostCommand,
  openBridge,
  play,
  type ScriptedProgram,
  startBare,
  viewOf,
} from './support.ts';

const session = await openBridge();
const host = viewOf(session);
const attach = (pid: number, to = session): Promise<void> => to.attach(pid);
const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error) => error,
  );

const running = suite('attach to a running program');
let subject: ScriptedProgram;
running.before.each(async () => {
  subject = startBare(buildFixtures().program('kqtable'));
  // Its kqueue was created before the attach.
  await play('kqueue k\nchange k 1 USER ADD|CLEAR 0', { subject });
});
running.after.each(async () => {
  const status = await subject.end();
  // A failing assertion in a hook reports only its place, so the reason is reported here.
  if (status !== 0) console.log(`the program ended with ${status}: ${subject.stderr}`);
  assert.is(status, 0);
});

running('before it nothing is virtual, after it all is', async () => {
  const D = { D: freshTree(session) };
  await play('open f $D/f rdwr => ENOENT', { subject }, D);
  await attach(subject.pid);
  await play(
    `open f $D/f rdwr
     change k f VNODE ADD|CLEAR ALL 0 7
     wait k 4 0 => n=0
     write f hello-world
     wait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 7]
     host: chmod $D/f 0600
     wait k 4 -1 => n=1 [f VNODE ADD|CLEAR ATTRIB 0 7]
     thread t wait k 4 -1
     host: append $D/f more
     join t => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 7]
     change k 1 USER 0 TRIGGER
     wait k 4 0 => n=1 [1 USER ADD|CLEAR 0 0 0]
     dup k l
     fchmod f 0644
     poll k 2000 => ready
     wait l 1 0 => n=1 [f VNODE ADD|CLEAR ATTRIB 0 7]
     close f
     chmod $D/f 0600
     wait k 4 0 => n=0
     fork append $D/f from-a-child
     rename $D/f $D/n
     unlink $D/n`,
    { subject, host },
    D,
  );
});
running('queues created after the attach, other families', async () => {
  const D = { D: freshTree(session) };
  await attach(subject.pid);
  await play(
    `family kevent_qos
     kqueue q
     open d $D/d evtonly
     change q d VNODE ADD|CLEAR ALL
     host: create $D/d/n
     wait q 4 -1 => n=1 [d VNODE ADD|CLEAR WRITE 0 0]
     close q
     close d`,
    { subject, host },
    D,
  );
});
running('twice is once', async () => {
  const D = { D: freshTree(session) };
  await Promise.all([attach(subject.pid), attach(subject.pid)]);
  await attach(subject.pid);
  await play(
    'open f $D/f evtonly\nchange k f VNODE ADD|CLEAR ALL\nappend $D/f x\nwait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]',
    { subject },
    D,
  );
});
running('the program continues after the end of the session', async () => {
  const other = await openBridge();
  const D = { D: freshTree(other) };
  await attach(subject.pid, other);
  await play(`open f $D/f evtonly\nchange k f VNODE ADD|CLEAR ALL\nthread t wait k 4 -1`, { subject }, D);
  await other.close();
  await play(
    `join t => n=1 [f VNODE ADD|ONESHOT|CLEAR|EOF REVOKE 0 0]
     wait k 4 0 => n=0
     append $D/f x => EIO
     close f
     change k 1 USER 0 TRIGGER
     wait k 4 0 => n=1 [1 USER ADD|CLEAR 0 0 0]
     open s /proc/self/status rdonly
     read s 5 => read 5`,
    { subject },
    D,
  );
});
running.run();

const failing = suite('attach that cannot be');
failing('no such process', async () => {
  const error = await rejection(attach(0x3ffffff0));
  assert.instance(error, EngineError);
  assert.is((error as EngineError).code, 'no-such-process');
});
failing('a process that ends during the attach', async () => {
  const child = spawn('sleep', ['60']);
  const attached = rejection(attach(child.pid!));
  child.kill('SIGKILL');
  const error = await attached;
  assert.ok(error === undefined || error instanceof EngineError, String(error));
  await session.agentEnded(child.pid!);
  // The agent's state is removed: the next request reports a missing process again.
  assert.instance(await rejection(attach(child.pid!)), EngineError);
});
failing('a program that has no kqueue at all', async () => {
  const D = freshTree(session);
  const child = spawn('bash', ['-c', 'read line; eval "$line"; echo status $?'], { stdio: 'pipe' });
  await attach(child.pid!);
  const said = new Promise<string>((resolve) => child.stdout.once('data', (text) => resolve(String(text))));
  child.stdin.write(`echo text > ${D}/made\n`);
  assert.is(await said, 'status 0\n');
  assert.is(host.readFile(host.stat({ path: `${D}/made` }).ino).toString(), 'text\n');
  hostCommand(host, `unlink ${D}/made`);
});
failing.after(() => session.close());
failing.run();
