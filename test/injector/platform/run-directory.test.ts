import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PrivateDirectoryError } from '../../../injector/platform/private-directory.ts';
import {
  claimSession,
  liveSessions,
  runDirectory,
  SessionError,
  sessionPaths,
} from '../../../injector/platform/run-directory.ts';
import { within } from '../engine/target.ts';
import { scratch } from './scratch.ts';

const test = suite('run directory');

function sessionFailure(act: () => unknown): SessionError {
  try {
    act();
  } catch (error) {
    assert.instance(error, SessionError, String(error));
    return error as SessionError;
  }
  throw new Error('it should have been refused');
}

test('stands in XDG_RUNTIME_DIR, or else in the temporary directory', () => {
  const xdg = scratch();
  assert.is(runDirectory({ XDG_RUNTIME_DIR: xdg }), join(xdg, 'shimfs'));
  const own = join(tmpdir(), `shimfs-${process.getuid!()}`);
  assert.is(runDirectory({}), own);
  assert.is(runDirectory({ XDG_RUNTIME_DIR: join(xdg, 'absent') }), own);
  assert.is(runDirectory({ XDG_RUNTIME_DIR: 'relative' }), own);
});

test('is made private, and a planted link is refused', () => {
  const xdg = scratch();
  mkdirSync(join(xdg, 'shimfs'));
  chmodSync(join(xdg, 'shimfs'), 0o755);
  assert.is(statSync(runDirectory({ XDG_RUNTIME_DIR: xdg })).mode & 0o777, 0o700);
  const bad = scratch();
  symlinkSync(xdg, join(bad, 'shimfs'));
  assert.throws(
    () => runDirectory({ XDG_RUNTIME_DIR: bad }),
    (error: unknown) => error instanceof PrivateDirectoryError && /symbolic link/.test(error.message),
  );
});

for (const name of ['', '.', '..', 'a/b', 'a b', 'ä', 'x'.repeat(65), 'a\n']) {
  test(`${JSON.stringify(name)} is not a session name`, () =>
    assert.is(sessionFailure(() => sessionPaths(name, '/run')).code, 'bad-name'));
}
for (const name of ['a', 'A.b_c-9', 'x'.repeat(64)]) {
  test(`${name} is a session name`, () => assert.is(sessionPaths(name, '/run').socket, `/run/${name}.sock`));
}

test("a socket's path keeps to sockaddr_un", () => {
  const limit = process.platform === 'darwin' ? 104 : 108;
  const fill = (length: number) => `/${'d'.repeat(length - '//s.sock\0'.length)}`;
  assert.is(Buffer.byteLength(sessionPaths('s', fill(limit)).socket) + 1, limit);
  assert.is(sessionFailure(() => sessionPaths('s', fill(limit + 1))).code, 'path-too-long');
});

test('a second host gets the holder’s pid, until the name is released', () => {
  const directory = scratch();
  const first = claimSession('s', directory);
  const error = sessionFailure(() => claimSession('s', directory));
  assert.is(error.code, 'taken');
  assert.match(error.message, `process ${process.pid}`);
  const other = claimSession('t', directory);
  first.release();
  first.release();
  claimSession('s', directory).release();
  other.release();
});

test('a killed host’s name and files are taken over', async () => {
  const directory = scratch();
  const module = fileURLToPath(new URL('../../../injector/platform/run-directory.ts', import.meta.url));
  const source = `import { claimSession } from ${JSON.stringify(module)}; import { createServer } from 'node:net';
    createServer().listen(claimSession('s', ${JSON.stringify(directory)}).socket, () => console.log('ready'));`;
  const host = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(host, 'exit');
  await within(once(host.stdout, 'data'), 'the other host');
  assert.match(sessionFailure(() => claimSession('s', directory)).message, `process ${host.pid}`);
  assert.equal(liveSessions(directory), ['s']);
  host.kill('SIGKILL');
  await within(exit, 'its end');
  assert.ok(existsSync(sessionPaths('s', directory).socket));
  assert.equal(liveSessions(directory), []);
  const claim = claimSession('s', directory);
  assert.not.ok(existsSync(claim.socket));
  writeFileSync(claim.socket, '');
  assert.equal(liveSessions(directory), ['s']);
  claim.release();
  assert.equal(liveSessions(directory), []);
});

test.run();
