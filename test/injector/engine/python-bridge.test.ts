import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EngineError, type FridaEngine } from '../../../injector/engine/frida-engine.ts';
import { FRIDA_VERSION, pythonEngine } from '../../../injector/engine/python-bridge.ts';
import { EventLog, endLeftovers, startCat, within } from './target.ts';

const HELLO = {
  name: 'hello',
  source: "send({ hello: Process.id }); recv('ping', m => send({ pong: m.n }));",
};
const SIGKILL = 9;

async function rejection(promise: Promise<unknown>): Promise<EngineError> {
  const outcome = await within(
    promise.then(
      () => undefined,
      (error: unknown) => error,
    ),
    'a rejection',
  );
  assert.instance(outcome, EngineError, `rejected with an EngineError, not ${outcome}`);
  return outcome as EngineError;
}

const test = suite('python bridge');
let engine: FridaEngine;
test.before(() => {
  engine = pythonEngine();
});
test.after.each(endLeftovers);
test.after(() => engine.close());

test('names itself', async () => {
  const info = await engine.info();
  assert.is(info.adapter, 'python');
  assert.is(info.version, FRIDA_VERSION);
  const status = readFileSync(`/proc/${info.helperPid}/stat`, 'utf8').split(') ')[1].split(' ');
  // Field 5 of proc(5) is the process group: its own, so that Ctrl-C does not reach it.
  assert.is(Number(status[2]), info.helperPid);
});

test('a script answers, takes a post and leaves', async () => {
  const cat = await startCat();
  const log = new EventLog();
  const script = await within(engine.inject(cat.pid, HELLO, log.sink), 'the inject');
  assert.is(script.pid, cat.pid);
  assert.equal((await log.take('message')).payload, { hello: cat.pid });

  await script.post({ type: 'ping', n: 7 });
  assert.equal((await log.take('message', 1)).payload, { pong: 7 });

  await script.detach();
  assert.is((await log.take('detached')).reason, 'application-requested');
  assert.is(await cat.echo('still here'), 'still here');

  await script.detach();
  assert.is(log.all('detached').length, 1, 'the end is told once');
  assert.is((await rejection(script.post({}))).code, 'no-such-process');
  assert.is(await cat.finish(), 0);
});

test('posts arrive in order', async () => {
  const cat = await startCat();
  const log = new EventLog();
  const source = "const next = () => recv('n', m => { send(m.n); next(); }); next();";
  const script = await engine.inject(cat.pid, { name: 'order', source }, log.sink);
  const numbers = Array.from({ length: 50 }, (_, n) => n);
  await Promise.all(numbers.map((n) => script.post({ type: 'n', n })));
  await log.take('message', numbers.length - 1);
  assert.equal(
    log.all('message').map((message) => message.payload),
    numbers,
  );
  await script.detach();
  await cat.finish();
});

test("a target's end is reported", async () => {
  const cat = await startCat();
  const log = new EventLog();
  const script = await engine.inject(cat.pid, HELLO, log.sink);
  assert.is(await cat.finish(), 0);
  assert.is((await log.take('detached')).reason, 'process-terminated');
  await script.detach();
  assert.is((await rejection(script.post({}))).code, 'no-such-process');
});

test('an uncaught error in a script is reported, and the target lives', async () => {
  const cat = await startCat();
  const log = new EventLog();
  const script = await engine.inject(
    cat.pid,
    { name: 'thrower', source: "throw new Error('on purpose')" },
    log.sink,
  );
  assert.match((await log.take('error')).description, 'on purpose');
  assert.is(await cat.echo('alive'), 'alive');
  await script.detach();
  await cat.finish();
});

test('a script that does not parse is refused, and the target lives', async () => {
  const cat = await startCat();
  const log = new EventLog();
  const error = await rejection(engine.inject(cat.pid, { name: 'broken', source: 'let = =' }, log.sink));
  assert.is(error.code, 'script');
  assert.match(error.message, /expect|unexpected|syntax|invalid/i);
  assert.equal(log.events, []);
  assert.is(await cat.echo('alive'), 'alive');
  await cat.finish();
});

test('a pid of no process', async () => {
  const cat = await startCat();
  await cat.finish();
  const error = await rejection(engine.inject(cat.pid, HELLO, () => {}));
  assert.is(error.code, 'no-such-process');
  assert.match(error.message, `${cat.pid}`);
  assert.ok(error.remedy.length > 0);
});

test('five processes at once', async () => {
  const cats = await Promise.all(Array.from({ length: 5 }, startCat));
  const logs = cats.map(() => new EventLog());
  const scripts = await within(
    Promise.all(cats.map((cat, n) => engine.inject(cat.pid, HELLO, logs[n].sink))),
    'five injects',
  );
  const greetings = await Promise.all(logs.map((log) => log.take('message')));
  assert.equal(
    greetings.map(({ payload }) => payload),
    cats.map(({ pid }) => ({ hello: pid })),
  );
  await Promise.all(scripts.map((script) => script.detach()));
  await Promise.all(cats.map((cat) => cat.finish()));
});

test('an inject that outlives its limit is given up, and the target lives', async () => {
  const impatient = pythonEngine({ attachLimitMs: 1 });
  const cat = await startCat();
  await impatient.info();
  const error = await rejection(impatient.inject(cat.pid, HELLO, () => {}));
  assert.is(error.code, 'timeout');
  assert.is(await cat.echo('alive'), 'alive');
  assert.is(await cat.finish(), 0);
  await impatient.close();
});

test('a signal that a program sends to itself stays fatal', async () => {
  const program = 'import os; print(1, flush=True); input(); os.kill(os.getpid(), 11)';
  const child = spawn('python3', ['-c', program], { stdio: ['pipe', 'pipe', 'ignore'] });
  const exit = once(child, 'exit');
  const log = new EventLog();
  await within(once(child.stdout, 'data'), 'the program to start');
  await engine.inject(child.pid!, HELLO, log.sink);
  child.stdin.end('\n');
  assert.equal(await within(exit, 'the end'), [null, 'SIGSEGV']);
  assert.match((await log.take('detached')).reason, /process-terminated|crash/);
});

test('a killed helper rejects pending calls, and the next inject starts another helper', async () => {
  const cat = await startCat();
  const log = new EventLog();
  const script = await engine.inject(cat.pid, HELLO, log.sink);
  const { helperPid } = await engine.info();
  // Stopped first, so that the post is surely under way when the helper dies.
  process.kill(helperPid, 'SIGSTOP');
  const pending = rejection(script.post({ type: 'ping', n: 1 }));
  process.kill(helperPid, SIGKILL);
  assert.is((await pending).code, 'engine-failed');
  assert.is((await log.take('detached')).reason, 'connection-terminated');
  assert.is(await cat.echo('alive'), 'alive');

  const second = new EventLog();
  const again = await within(engine.inject(cat.pid, HELLO, second.sink), 'an inject by a new helper');
  assert.equal((await second.take('message')).payload, { hello: cat.pid });
  assert.is.not((await engine.info()).helperPid, helperPid);
  await again.detach();
  await cat.finish();
});

test('a killed host leaves no helper', async () => {
  const module = fileURLToPath(new URL('../../../injector/engine/python-bridge.ts', import.meta.url));
  const source = `import { pythonEngine } from ${JSON.stringify(module)};
    console.log((await pythonEngine().info()).helperPid); setInterval(() => {}, 1000);`;
  const host = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await within(once(host.stdout, 'data'), "the host's helper");
  const helper = Number(String(line));
  assert.ok(existsSync(`/proc/${helper}`));
  const watcher = waitForEnd(helper);
  host.kill('SIGKILL');
  await within(once(watcher, 'exit'), 'the end of the helper');
  assert.not.ok(
    existsSync(`/proc/${helper}`) && readFileSync(`/proc/${helper}/stat`, 'utf8').includes(') S'),
  );
});

/** A process that ends when `pid`, which need not be a child, has: it waits on a pidfd. */
const waitForEnd = (pid: number): ChildProcess =>
  spawn('python3', [
    '-c',
    `import os, select; p = select.poll(); p.register(os.pidfd_open(${pid})); p.poll()`,
  ]);

test('closes twice, and refuses work afterwards', async () => {
  const short = pythonEngine();
  const { helperPid } = await short.info();
  await short.close();
  await short.close();
  assert.not.ok(existsSync(`/proc/${helperPid}`));
  assert.is((await rejection(short.info())).code, 'engine-failed');
});

test.run();
