/** Watching programs when hosts, programs and engines fail. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OBJECT_NAMES, SESSION_VARIABLE, SHARED_AREAS, WATCHED_SLOTS } from '../../core/protocol.ts';
import { EngineError } from '../../injector/engine/frida-engine.ts';
import { noteBits, noteNames } from '../fixtures/darwin/kevent-names.ts';
import type { TestSession } from '../support/session.ts';
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
const host = viewOf(session);
const kqtree = program('kqtree');

const WATCH = 'kqueue k\nopen f $D/f evtonly\nopen g $D/g evtonly\nchange k f VNODE ADD|CLEAR ALL';

/** Watches of an inode as writers see them: the counter in the shared page. */
function watchers(of: TestSession, path: string): number {
  const fd = openSync(join(of.host.session.objects, OBJECT_NAMES.shared), 'r');
  try {
    const byte = Buffer.alloc(1);
    readSync(fd, byte, 0, 1, SHARED_AREAS.watched + (viewOf(of).stat({ path }).ino % WATCHED_SLOTS));
    return byte[0]!;
  } finally {
    closeSync(fd);
  }
}

/** Waits until the condition holds; fails after the limit. */
async function until(what: string, holds: () => boolean): Promise<void> {
  const end = Date.now() + 15_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`it never came to this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

// ---- the host ends ----

interface LoneHost {
  readonly subject: ScriptedProgram;
  readonly say: (line: string) => Promise<string>;
  readonly kill: () => Promise<void>;
}

async function loneHost(): Promise<LoneHost> {
  const script = fileURLToPath(new URL('lone-host.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value, gate } = JSON.parse((await lines.next()).value);
  const subject = new ScriptedProgram(
    spawn(kqtree, [], {
      stdio: 'pipe',
      env: { ...process.env, LD_PRELOAD: gate, [SESSION_VARIABLE]: value },
    }),
  );
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    subject,
    say: async (line) => {
      child.stdin.write(`${line}\n`);
      return (await lines.next()).value;
    },
    kill: () => {
      child.kill('SIGKILL');
      return gone;
    },
  };
}

/** The watch ends as after a forced unmount, virtual calls fail, everything else continues. */
const AFTERMATH = `
  join t => n=1 [f VNODE ADD|ONESHOT|CLEAR|EOF REVOKE 0 7]
  wait k 4 0 => n=1 [quiet VNODE ADD|ONESHOT|CLEAR|EOF 0 0 8]
  wait k 4 0 => n=0
  poll k 0 => idle
  append /v/f x => EIO
  create /v/n => EIO
  open h /v/f rdonly => EIO
  close quiet
  change k f VNODE DELETE 0 => ENOENT
  change k 1 USER ADD|CLEAR TRIGGER
  wait k 4 -1 => n=1 [1 USER ADD|CLEAR TRIGGER 0 0]
  pipe r w
  change k r READ ADD|CLEAR 0
  write w text
  wait k 4 -1 => ~n=1 \\[\\S+ READ ADD\\|CLEAR 0 4 0\\]
  wait k 4 30 => n=0
  change k f VNODE ADD|CLEAR ALL => EIO
  close f
  close k
  kqueue l
  open s /proc/self/status rdonly
  read s 5 => read 5`;
const WAITING = `
  kqueue k
  open f /v/f evtonly
  open quiet /v/d evtonly
  change k f VNODE ADD|CLEAR ALL 0 7
  change k quiet VNODE ADD|CLEAR DELETE 0 8
  append /v/f x
  wait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 7]
  thread t wait k 1 -1`;

const hosts = suite('the host ends');
hosts('killed while a program waits', async () => {
  const { subject, say, kill } = await loneHost();
  await play(WAITING, { subject });
  assert.is(await say('chmod /v/barrier 0600'), 'ok');
  await kill();
  await play(AFTERMATH, { subject });
  assert.is(await subject.end(), 0);
});
hosts('closed while a program waits', async () => {
  const { subject, say, kill } = await loneHost();
  await play(WAITING, { subject });
  assert.is(await say('close'), 'ok');
  await play(AFTERMATH, { subject });
  assert.is(await subject.end(), 0);
  await kill();
});
hosts.run();

// ---- the program ends ----

const programs = suite('the program ends');
programs('killed: its watches go, those of others stay', async () => {
  const D = freshTree(session);
  const [one, two] = [startProgram(session), startProgram(session)];
  for (const subject of [one, two]) await play(WATCH, { subject }, { D });
  assert.is(watchers(session, `${D}/f`), 2);
  const agents = session.host.agents.size;
  one.child.kill('SIGKILL');
  assert.is(await one.status, 137);
  await until('its watch is gone', () => watchers(session, `${D}/f`) === 1);
  assert.is(session.host.agents.size, agents - 1);
  hostCommand(host, `append ${D}/f more`);
  assert.is(await two.send('wait k 4 -1'), 'n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]');
  await two.send('change k f VNODE DELETE 0');
  await until('the last watch is gone', () => watchers(session, `${D}/f`) === 0);
  assert.is(await two.end(), 0);
  await until('the agents are gone', () => session.host.agents.size === agents - 2);
});
programs('killed in the midst of changes', async () => {
  const D = freshTree(session);
  const subject = startProgram(session);
  await play(WATCH, { subject }, { D });
  for (let i = 0; i < 2000; i++) hostCommand(host, `append ${D}/f more`);
  subject.child.kill('SIGKILL');
  for (let i = 0; i < 2000; i++) hostCommand(host, `append ${D}/f more`);
  await subject.status;
  await until('its watch is gone', () => watchers(session, `${D}/f`) === 0);
});
programs('stopped and continued', async () => {
  const D = freshTree(session);
  const subject = startProgram(session);
  await play(WATCH, { subject }, { D });
  await subject.send('thread t wait k 4 -1');
  subject.child.kill('SIGSTOP');
  hostCommand(host, `append ${D}/f more`);
  hostCommand(host, `chmod ${D}/f 0600`);
  subject.child.kill('SIGCONT');
  // Two changes, delivered in one event or in two.
  let bits = noteBits(/ADD\|CLEAR (\S+)/.exec(await subject.send('join t'))?.[1] ?? '0');
  bits |= (await subject.heard('k')).get('udata 0') ?? 0;
  assert.is(noteNames(bits), 'WRITE|EXTEND|ATTRIB');
  assert.is(await subject.end(), 0);
});

const LIMITED = ['-c', `ulimit -c 0; exec ${kqtree}`];
for (const [how, status] of [
  ['status 0', 0],
  ['status 7', 7],
  ['abort', 134],
  ['fault', 139],
] as const)
  programs(`a program with an agent has the exit status of one without: ${how}`, async () => {
    const D = { D: freshTree(session) };
    const run = session.start('sh', LIMITED);
    const subject = new ScriptedProgram(run.child, run.status);
    await play(
      `${WATCH}\nappend $D/f more\nwait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]\nthread t wait k 4 -1`,
      { subject },
      D,
    );
    subject.child.stdin?.write(`${how}\n`);
    assert.is(await subject.status, status, subject.stderr);
  });
for (const [signal, status] of [
  ['SIGTERM', 143],
  ['SIGSEGV', 139],
] as const)
  programs(`a program with an agent dies as one without: ${signal} from outside`, async () => {
    const run = session.start('sh', LIMITED);
    const subject = new ScriptedProgram(run.child, run.status);
    await play(WATCH, { subject }, { D: freshTree(session) });
    subject.child.kill(signal);
    assert.is(await subject.status, status);
  });
programs.run();

// ---- the engine does not start ----

const engines = suite('the agent cannot be loaded');
engines('a virtual watch fails with ENOTSUP, the host logs the reason, everything else works', async () => {
  const without = await openBridge(() =>
    Promise.reject(new EngineError('engine-missing', 'there is no engine', 'Install one.')),
  );
  const subject = startProgram(without);
  await play(
    `kqueue k
     open f $D/f rdwr
     change k f VNODE ADD|CLEAR ALL => ENOTSUP
     batch k 1 0 ; f VNODE ADD|CLEAR ALL => ENOTSUP
     append $D/f more
     write f HELLO
     chmod $D/f 0600
     wait k 4 0 => n=0
     change k 1 USER ADD|CLEAR TRIGGER
     wait k 4 0 => n=1 [1 USER ADD|CLEAR TRIGGER 0 0]
     pipe r w
     change k r READ ADD|CLEAR 0
     write w text
     wait k 4 -1 => n=1 [r READ ADD|CLEAR 0 4 0]
     close f
     close k`,
    { subject },
    { D: freshTree(without) },
  );
  assert.is(await subject.end(), 0);
  assert.is(without.told.length, 2);
  assert.match(
    without.told[0]!,
    new RegExp(`^Process ${subject.pid} cannot watch virtual files: there is no engine\\. Install one\\.$`),
  );
  await without.close();
});
engines('an agent that fails to start', async () => {
  const broken = await openBridge(async () => ({
    info: () => Promise.reject(new Error('unused')),
    close: () => Promise.resolve(),
    inject: (pid, _source, onEvent) =>
      Promise.resolve({
        pid,
        detach: () => Promise.resolve(),
        post: async () =>
          onEvent({ type: 'message', payload: { type: 'failed', reason: 'it did not like it here' } }),
      }),
  }));
  const subject = startProgram(broken);
  await play(
    'kqueue k\nopen f $D/f evtonly\nchange k f VNODE ADD|CLEAR ALL => ENOTSUP\nappend $D/f x',
    { subject },
    { D: freshTree(broken) },
  );
  assert.match(broken.told.join(), /it did not like it here/);
  assert.is(await subject.end(), 0);
  await broken.close();
});
engines('a session that ends while an agent is being loaded reports nothing', async () => {
  let injecting!: () => void;
  const begun = new Promise<void>((resolve) => {
    injecting = resolve;
  });
  let interrupt!: (error: Error) => void;
  const interrupted = new Promise<never>((_, reject) => {
    interrupt = reject;
  });
  const ending = await openBridge(async () => ({
    info: () => Promise.reject(new Error('unused')),
    // As the engine's helper, whose end rejects the calls that are pending.
    close: async () => interrupt(new EngineError('engine-failed', 'the helper ended', 'Try again.')),
    inject: () => {
      injecting();
      return interrupted;
    },
  }));
  const subject = startProgram(ending);
  await play('kqueue k\nopen f $D/f evtonly', { subject }, { D: freshTree(ending) });
  const answer = subject.send('change k f VNODE ADD|CLEAR ALL').catch(() => '');
  await begun;
  subject.child.kill('SIGKILL');
  await subject.status;
  await ending.close();
  await answer;
  assert.equal(ending.told, []);
});
engines.run();

// ---- unusual places for the first watch ----

const places = suite('odd places for the first watch');
places('a constructor', async () => {
  const D = freshTree(session);
  const library = program('early', ['-shared', '-fPIC']);
  const run = session.start(kqtree, [], { env: { LD_PRELOAD: library, EARLY: `${D}/f` } });
  const subject = new ScriptedProgram(run.child, run.status);
  assert.is(await subject.line(), 'early fflags=0x8');
  await play(
    `${WATCH}\nappend $D/f more\nwait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]`,
    { subject },
    { D },
  );
  assert.is(await subject.end(), 0);
});
places('a thread, while the main thread reads', async () => {
  const D = freshTree(session);
  const subject = startProgram(session);
  await play('kqueue k\nopen f $D/f evtonly\nthread t change k f VNODE ADD|CLEAR ALL', { subject }, { D });
  // The main thread waits for its next line.
  await until('the watch is there', () => watchers(session, `${D}/f`) === 1);
  hostCommand(host, `append ${D}/f more`);
  await play('join t\nwait k 4 -1 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]', { subject });
  assert.is(await subject.end(), 0);
});
places('the main thread, while another reads', async () => {
  const D = freshTree(session);
  const subject = startProgram(session);
  await play(
    `pipe r w\nthread t read r 1\n${WATCH}\nappend $D/f more\nwait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]\nwrite w x\njoin t => read 1`,
    { subject },
    { D },
  );
  assert.is(await subject.end(), 0);
});
places('two threads at once', async () => {
  const D = freshTree(session);
  const subject = startProgram(session);
  await play(
    `kqueue k
     kqueue l
     open f $D/f evtonly
     open g $D/g evtonly
     thread a change k f VNODE ADD|CLEAR ALL
     thread b change l g VNODE ADD|CLEAR ALL
     join a
     join b
     append $D/f more
     append $D/g more
     wait k 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]
     wait l 4 0 => n=1 [g VNODE ADD|CLEAR WRITE|EXTEND 0 0]`,
    { subject },
    { D },
  );
  assert.is(await subject.end(), 0);
});
places('all descriptors above 2 closed: those of the agent stay open', async () => {
  const D = freshTree(session);
  const subject = startProgram(session);
  await play(
    `${WATCH}
     closerange
     wait k 4 0 => EBADF
     kqueue l
     open f $D/f evtonly
     change l f VNODE ADD|CLEAR ALL
     append $D/f more
     wait l 4 0 => n=1 [f VNODE ADD|CLEAR WRITE|EXTEND 0 0]
     thread t wait l 4 -1
     host: chmod $D/f 0600
     join t => n=1 [f VNODE ADD|CLEAR ATTRIB 0 0]`,
    { subject, host },
    { D },
  );
  assert.is(await subject.end(), 0);
});
places.after(() => session.close());
places.run();
