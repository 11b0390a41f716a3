/** `shimfs attach`: a process that was started without us. Needs Frida's engine. */
import { spawn } from 'node:child_process';
import { watch } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { describeEngines } from '../../../injector/engine/select.ts';
import { Command, ended, lines, stop } from './command.ts';

const test = suite('attach');
const shimfs = await Command.prepare();

/** Reads a file for each line of input, and prints its first line or the error. */
const READER =
  'echo ready; while read -r file; do { read -r line < "$file" && echo "$line"; } 2>&1; done; exit 0';

async function reader() {
  const child = spawn('bash', ['-c', READER], { stdio: ['pipe', 'pipe', 'pipe'] });
  const next = lines(child);
  assert.is(await next(), 'ready');
  const ask = (file: string): Promise<string | undefined> => {
    child.stdin.write(`${file}\n`);
    return next();
  };
  return { child, ask, end: ended(child) };
}

/** Waits until the command reports that the process is in the virtual tree. */
async function inside(child: ReturnType<Command['start']>): Promise<void> {
  let told = '';
  for await (const chunk of child.stderr!.iterator({ destroyOnReturn: false })) {
    told += chunk;
    if (told.includes('in the virtual tree')) return;
  }
  throw new Error(`attach said: ${told}`);
}

const usable = (await describeEngines()).some(({ state }) => state !== 'missing');
const withEngine = usable
  ? test
  : (name: string, _: unknown) => console.log(`SKIP ${name}: no Frida engine here`);

withEngine('into a session, until the process ends', async () => {
  const host = await shimfs.host('attached');
  await shimfs.run(['fs', 'write', '/v/a', '--session', 'attached'], 'virtual\n');
  const { child, ask, end } = await reader();
  assert.match((await ask('/v/a'))!, /No such file/);
  const attach = shimfs.start(['attach', '--session', 'attached', String(child.pid)]);
  const attached = ended(attach);
  await inside(attach);
  assert.is(await ask('/v/a'), 'virtual');
  child.stdin.end();
  await end;
  assert.is((await attached).status, 0);
  await stop(host);
});

withEngine('into a session of its own, until Ctrl-C: then EIO, and the process lives', async () => {
  const { child, ask, end } = await reader();
  const attach = shimfs.start(['attach', '--mount', '/v', String(child.pid)]);
  const attached = ended(attach);
  await inside(attach);
  assert.match((await ask('/v/a'))!, /No such file/);
  attach.kill('SIGINT');
  assert.is((await attached).status, 0);
  assert.match((await ask('/v/a'))!, /Input\/output error/);
  child.stdin.end();
  assert.is((await end).status, 0);
});

withEngine('Ctrl-C during the attach: detaches when it is complete, and the process lives', async () => {
  const host = await shimfs.host('hasty');
  const sessions = watch(join(shimfs.scratch, 'shimfs'));
  const { child, end } = await reader();
  const attach = shimfs.start(['attach', '--mount', '/v', String(child.pid)]);
  const attached = ended(attach);
  // Its session is opened before the engine is started.
  for await (const { filename } of sessions) if (filename === `attach-${attach.pid}.json`) break;
  attach.kill('SIGINT');
  const { status, stderr } = await attached;
  child.stdin.end();
  assert.is((await end).status, 0);
  assert.is(status, 0, stderr);
  await stop(host);
});

test('a host is refused, and so is a process of another session', async () => {
  const host = await shimfs.host('first');
  const other = await shimfs.host('second', '--mount', '/w');
  const covered = shimfs.start(['run', '--session', 'second', '--', 'sh', '-c', 'echo $$; read -r line']);
  const inside = await lines(covered)();
  const places = [
    ['--mount', '/x'],
    ['--session', 'first'],
  ];
  for (const place of places) {
    for (const [pid, cause] of [
      [host.pid, /is the host of session 'first'/],
      [other.pid, /is the host of session 'second'/],
      [inside, /is already in another session/],
    ] as const) {
      const { status, stderr } = await shimfs.run(['attach', ...place, String(pid)]);
      assert.is(status, 1);
      assert.match(stderr, cause);
      assert.match(stderr, /\n {2}\S/);
    }
  }
  covered.stdin!.end();
  await ended(covered);
  await stop(host);
  await stop(other);
});

withEngine('a process that is not there', async () => {
  const gone = spawn('true');
  await ended(gone);
  const { status, stderr } = await shimfs.run(['attach', '--mount', '/v', String(gone.pid)]);
  assert.is(status, 1);
  assert.match(stderr, /no process \d+\n {2}\S/);
});

test('without an engine: cause and remedy', async () => {
  const { status, stderr } = await shimfs.run([
    'attach',
    '--engine',
    'npm',
    '--mount',
    '/v',
    String(process.pid),
  ]);
  if (status === 0) return console.log("SKIP no engine: npm's frida is installed");
  assert.is(status, 1);
  assert.match(stderr, /npm's `frida` package is not installed\n {2}Run `npm install frida`/);
});

test.run();
