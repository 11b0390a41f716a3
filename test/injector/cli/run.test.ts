/** `shimfs run`: an ordinary child process, and refusals. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cacheDirectory } from '../../../injector/engine/venv.ts';
import { Command, ended, lines, stop } from './command.ts';

const test = suite('run');
const shimfs = await Command.prepare();
const inV = (script: string, input?: string | Uint8Array) =>
  shimfs.run(['run', '--mount', '/v', '--', 'sh', '-c', script], input);
const path = (name: string): string => join(shimfs.scratch, name);

test('programs share virtual files, which are nowhere else', async () => {
  const { status, text, stderr } = await inV('mkdir /v/d; echo hi > /v/d/a; cat /v/d/a; ls /v');
  assert.is(`${status}${stderr}`, '0');
  assert.is(text, 'hi\nd\n');
  assert.not.ok(existsSync('/v/d'));
});

test('exit status, and 128+n for a signal', async () => {
  assert.is((await inV('exit 7')).status, 7);
  assert.is((await inV('kill -TERM $$')).status, 143);
  assert.is((await inV('kill -KILL $$')).status, 137);
});

test('streams pass through, bytes untouched', async () => {
  const bytes = randomBytes(300_000);
  const { stdout } = await inV('cat > /v/in; cat /v/in', bytes);
  assert.ok(stdout.equals(bytes));
  assert.is((await inV('echo only-here >&2')).stderr, 'only-here\n');
});

test('--import, --env, --branch and --hide', async () => {
  mkdirSync(path('tree'));
  writeFileSync(path('tree/shown'), 'shown');
  writeFileSync(path('tree/hidden'), 'hidden');
  const { text, stderr } = await shimfs.run([
    ...['run', '--import', `${path('tree')}:/srv/tree`, '--branch', 'mine', '--hide', '/srv/tree/hidden'],
    ...['--env', 'WORD=a=b', '--', 'sh', '-c', 'ls /srv/tree; cat /srv/tree/shown; echo $WORD'],
  ]);
  assert.is(stderr, '');
  assert.is(text, 'shown\nshowna=b\n');
});

test('--max-bytes limits the bytes of the files', async () => {
  const { status, stderr } = await shimfs.run(
    ['run', '--mount', '/v', '--max-bytes', '64k', '--', 'sh', '-c', 'echo ok > /v/a; cat /v/a; rm /v/a'],
    '',
  );
  assert.is(`${status}${stderr}`, '0');
});

test('a program that is virtual itself', async () => {
  writeFileSync(path('tool'), '#!/bin/sh\necho tool $1\n');
  chmodSync(path('tool'), 0o755);
  mkdirSync(path('bin'));
  writeFileSync(path('bin/tool'), '#!/bin/sh\necho "$0 $1"\n');
  chmodSync(path('bin/tool'), 0o755);
  const { text, stderr } = await shimfs.run(['run', '--import', `${path('bin')}:/v`, '--', '/v/tool', 'x']);
  assert.is(stderr, '');
  assert.is(text, '/v/tool x\n');
});

const badMounts: readonly (readonly [string[], RegExp])[] = [
  [['relative'], /it is relative/],
  [[''], /an empty path|is relative/],
  [['/'], /it is the root/],
  [['/../'], /it is the root/],
  [['/proc/x'], /need the real files there/],
  [['/usr'], /need the real files there/],
  [['/a:b'], /colon/],
  [[process.execPath], /it is a real file/],
  [[`${process.execPath}/x`], /is a real file/],
  [[process.cwd()], /with files in it/],
  [['/v', '/v/sub'], /overlap/],
  [['/v', '/v/'], /overlap/],
];
for (const [mounts, cause] of badMounts)
  test(`refused mount: ${mounts.join(' and ')}`, async () => {
    const { status, stderr, text } = await shimfs.run([
      'run',
      ...mounts.flatMap((one) => ['--mount', one]),
      '--',
      'echo',
      'started',
    ]);
    assert.ok(status === 1 || status === 2, stderr);
    assert.match(stderr, cause);
    assert.is(text, '');
  });

test('a command that is not there: 127', async () => {
  for (const name of ['no-such-command-here', '/no/such/file', '/v/no-such']) {
    const { status, stderr } = await shimfs.run(['run', '--mount', '/v', '--', name]);
    assert.is(status, 127, `${name}: ${stderr}`);
    assert.match(stderr, /not found|not exist|No such/i);
  }
});

test('a file that is no program: 126', async () => {
  writeFileSync(path('plain'), 'text');
  for (const name of [path('plain'), shimfs.scratch]) {
    const { status, stderr } = await shimfs.run(['run', '--mount', '/v', '--', name]);
    assert.is(status, 126, stderr);
    assert.match(stderr, /cannot be run/);
  }
});

/** @returns why it could not be made */
function make(output: string, command: string, args: readonly string[], source: string): string | undefined {
  writeFileSync(source.endsWith('.go') ? source : `${output}.c`, source.endsWith('.go') ? GO : C);
  const made = spawnSync(command, args, {
    encoding: 'utf8',
    env: {
      ...process.env,
      CGO_ENABLED: '0',
      GOCACHE: join(cacheDirectory(), 'go-build'),
      GO111MODULE: 'off',
    },
  });
  return made.error?.message ?? (made.status === 0 ? undefined : made.stderr);
}
const C = '#include <stdio.h>\nint main(void) { puts("ran"); return 0; }\n';
const GO = 'package main\nimport "os"\nfunc main() { os.Stdout.WriteString("ran\\n") }\n';

async function refused(program: string, reason: RegExp): Promise<void> {
  const { status, stderr, text } = await shimfs.run(['run', '--mount', '/v', '--', program]);
  assert.is(status, 126);
  assert.match(stderr, reason);
  assert.match(stderr, /--allow-uncovered/);
  assert.is(text, '', 'it did not run');
  const allowed = await shimfs.run(['run', '--mount', '/v', '--allow-uncovered', '--', program]);
  assert.is(`${allowed.status}${allowed.text}`, '0ran\n');
}

test('a static program is refused, unless it may be uncovered', async () => {
  const why = make(path('static'), 'cc', ['-static', '-o', path('static'), path('static.c')], 'c');
  if (why !== undefined) return console.log(`SKIP static program: ${why}`);
  await refused(path('static'), /statically linked/);
});

test('a Go program is refused, unless it may be uncovered', async () => {
  const go = ['/usr/local/go/bin/go', '/usr/bin/go'].find(existsSync);
  if (!go) return console.log('SKIP Go program: no Go compiler here');
  const why = make(path('gone'), go, ['build', '-o', path('gone'), path('gone.go')], path('gone.go'));
  if (why !== undefined) return console.log(`SKIP Go program: ${why}`);
  await refused(path('gone'), /Go program/);
});

test('signals reach the program', async () => {
  for (const [signal, status] of [
    ['SIGTERM', 9],
    ['SIGHUP', 8],
    ['SIGUSR1', 7],
  ] as const) {
    // Traps run between commands: the shell would not see a signal that arrives just before it blocks for ever.
    const script =
      "trap 'exit 9' TERM; trap 'exit 8' HUP; trap 'exit 7' USR1; echo ready; n=0; while [ $((n += 1)) -lt 600 ]; do sleep 0.05; done";
    const child = shimfs.start(['run', '--mount', '/v', '--', 'sh', '-c', script]);
    const end = ended(child);
    assert.is(await lines(child)(), 'ready');
    child.kill(signal);
    assert.is((await end).status, status);
  }
});

test('a child that the program leaves behind keeps its session alive', async () => {
  // The shell ends at once; its child writes when the test releases it.
  const fifo = path('go');
  assert.is(spawnSync('mkfifo', [fifo]).status, 0);
  const script = `(read -r go < ${fifo}; echo late > /v/late; cat /v/late) & exit 5`;
  const child = shimfs.start(['run', '--mount', '/v', '--', 'sh', '-c', script]);
  const end = ended(child);
  writeFileSync(fifo, 'go\n'); // opens when the child reads
  const { status, text, stderr } = await end;
  assert.is(`${status}${stderr}`, '5');
  assert.is(text, 'late\n');
});

test('a signal ends the wait for a child that was left behind', async () => {
  // The reader's end of input is the end of the shell, which alone holds the other end of the pipe.
  const fifo = path('alone');
  assert.is(spawnSync('mkfifo', [fifo]).status, 0);
  const heir = `exec 5>&-; echo $$; read -r x < ${fifo}; echo alone; exec sleep 1000`;
  const child = shimfs.start([
    ...['run', '--mount', '/v', '--', 'sh', '-c', `sh -c '${heir}' & exec 5> ${fifo}; exit 4`],
  ]);
  const next = lines(child);
  const left = Number(await next());
  assert.is(await next(), 'alone');
  // Until the command has noticed, a signal goes to the shell, which has no use for it.
  const again = setInterval(() => child.kill('SIGTERM'), 20);
  const [status] = await once(child, 'exit');
  clearInterval(again);
  process.kill(left, 'SIGKILL');
  assert.is(status, 4);
});

test('in a session: the host’s files, until the program ends', async () => {
  const host = await shimfs.host('shared');
  const session = (...args: string[]) => shimfs.run(['run', '--session', 'shared', ...args]);
  assert.is((await session('--', 'sh', '-c', 'echo one > /v/a')).status, 0);
  assert.is((await session('--', 'cat', '/v/a')).text, 'one\n');
  const hidden = await session('--hide', '/v/a', '--', 'sh', '-c', 'cat /v/a; echo two > /v/b; ls /v');
  assert.match(hidden.stderr, /\/v\/a: No such file/);
  assert.is(hidden.text, 'b\n');
  assert.is((await session('--', 'ls', '/v')).text, 'a\n');
  const none = await session('--branch', 'none', '--', 'true');
  assert.is(none.status, 1);
  assert.match(none.stderr, /no branch 'none'[\s\S]*shimfs branch create none/);
  assert.match((await session('--hide', '/etc', '--', 'true')).stderr, /outside every mount/);
  await stop(host);
});

test('run --session ends with its program, though a process that it started goes on', async () => {
  const host = await shimfs.host('daemon');
  const { status, text } = await shimfs.run([
    ...['run', '--session', 'daemon', '--', 'sh', '-c'],
    'sleep 1000 > /dev/null 2>&1 & echo $!',
  ]);
  // It throws where the process has ended: the command has then waited for it.
  process.kill(Number(text), 'SIGKILL');
  assert.is(status, 0);
  await stop(host);
});

test.run();
