import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Candidate,
  chooseCandidate,
  chooseObjectDirectory,
  createObjectDirectory,
  objectDirectoryCandidates,
  probe,
} from '../../../injector/platform/object-directory.ts';
import { within } from '../engine/target.ts';
import { scratch } from './scratch.ts';

const test = suite('object directory');

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const shm: Candidate = { path: '/shm', ramBacked: true, executable: true, freeBytes: 8 * GIB };
const tmp: Candidate = { path: '/tmp', ramBacked: false, executable: true, freeBytes: 80 * GIB };

const rows: [string, Candidate[], string, boolean, RegExp][] = [
  ['memory first', [shm, tmp], '/shm', false, /\/shm \(in memory, 8\.0 GiB free\)$/],
  [
    'a small /dev/shm',
    [{ ...shm, freeBytes: 64 * MIB }, tmp],
    '/tmp',
    true,
    /not RAM-backed.*not \/shm: it has only 64 MiB free/,
  ],
  ['noexec', [{ ...shm, executable: false }, tmp], '/tmp', true, /not \/shm: it forbids execution/],
  [
    'unusable',
    [{ ...shm, unusable: '/shm is a symbolic link' }, tmp],
    '/tmp',
    true,
    /not \/shm: \/shm is a symbolic link/,
  ],
  [
    'a RAM-backed /tmp',
    [
      { ...shm, executable: false },
      { ...tmp, ramBacked: true },
    ],
    '/tmp',
    false,
    /in memory/,
  ],
  [
    'nothing is good: execution before room',
    [
      { ...shm, executable: false },
      { ...tmp, freeBytes: MIB },
    ],
    '/tmp',
    true,
    /only 1 MiB/,
  ],
  [
    'nothing is good: the most room',
    [
      { ...shm, freeBytes: 2 * MIB },
      { ...tmp, freeBytes: MIB },
    ],
    '/shm',
    true,
    /only 2 MiB/,
  ],
];
for (const [what, candidates, path, degraded, reason] of rows) {
  test(what, () => {
    const choice = chooseCandidate(candidates);
    assert.is(choice.path, path);
    assert.is(choice.degraded, degraded);
    assert.match(choice.reason, reason);
  });
}

test('no candidate at all is an error that names each', () => {
  const unusable = (one: Candidate) => ({ ...one, unusable: `${one.path} is broken` });
  assert.throws(() => chooseCandidate([shm, tmp].map(unusable)), /\/shm is broken.*\/tmp is broken/);
});

test('this machine has an object directory', () => {
  const choice = chooseObjectDirectory();
  assert.ok(objectDirectoryCandidates().includes(choice.path));
  assert.is(statSync(choice.path).mode & 0o777, 0o700);
});

test('a planted link is not followed', () => {
  const place = scratch();
  symlinkSync('/', join(place, 'shimfs'));
  assert.match(probe(join(place, 'shimfs')).unusable ?? '', 'symbolic link');
  writeFileSync(join(place, 'file'), '');
  assert.match(probe(join(place, 'file')).unusable ?? '', 'not a directory');
});

test('each session has its own, and takes it away', async () => {
  const choice = chooseObjectDirectory([join(scratch(), 'own')]);
  const one = await createObjectDirectory('s', choice);
  const two = await createObjectDirectory('s', choice);
  assert.is.not(one.path, two.path);
  assert.is(statSync(one.path).mode & 0o777, 0o700);
  assert.ok(existsSync(one.path), 'making the second left the first, which is in use');
  one.remove();
  one.remove();
  assert.not.ok(existsSync(one.path));
  two.remove();
});

test("a killed host's directory goes with the next session's start", async () => {
  const parent = join(scratch(), 'own');
  const module = fileURLToPath(new URL('../../../injector/platform/object-directory.ts', import.meta.url));
  const source = `import { chooseObjectDirectory, createObjectDirectory } from ${JSON.stringify(module)};
    setInterval(() => {}, 1000);
    console.log((await createObjectDirectory('dead', chooseObjectDirectory([${JSON.stringify(parent)}]))).path);`;
  const host = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(host, 'exit');
  const [line] = await within(once(host.stdout, 'data'), 'the other host');
  const left = String(line).trim();
  const choice = chooseObjectDirectory([parent]);
  const living = await createObjectDirectory('a', choice);
  assert.ok(existsSync(left), 'its host lives');
  host.kill('SIGKILL');
  await within(exit, 'its end');
  const next = await createObjectDirectory('b', choice);
  assert.not.ok(existsSync(left));
  assert.ok(existsSync(living.path));
  living.remove();
  next.remove();
});

test('a leftover that cannot be removed does not keep a session from starting', async () => {
  const parent = join(scratch(), 'own');
  const choice = chooseObjectDirectory([parent]);
  // The first cannot be locked; the second is not locked, and must still be removed.
  mkdirSync(join(parent, 'odd', '.lock'), { recursive: true });
  mkdirSync(join(parent, 'left'), { recursive: true });
  writeFileSync(join(parent, 'left', '.lock'), '');
  const one = await createObjectDirectory('s', choice);
  assert.ok(existsSync(join(parent, 'odd')));
  assert.not.ok(existsSync(join(parent, 'left')));
  one.remove();
});

test.run();
