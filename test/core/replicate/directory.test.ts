/** Real directories, and a replicator that is killed during its work. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FsCore } from '../../../core/index.ts';
import { backoffMs } from '../../../core/replicate/backoff.ts';
import { FileChangeLog } from '../../../core/replicate/change-log.ts';
import { branchOrigin, directoryOrigin } from '../../../core/replicate/origin.ts';
import { Replicator } from '../../../core/replicate/replicator.ts';
import { StateFile } from '../../../core/replicate/state-file.ts';
import { branchTarget, directoryTarget, PRIVATE, type Target } from '../../../core/replicate/target.ts';
import { DirectorySource } from '../../../core/watch/directory-source.ts';
import { attempt, isWhole, PATHS, picture, type Step, whole } from './trees.ts';

interface World {
  readonly top: string;
  readonly src: string;
  readonly dst: string;
}

const replicates = suite<World>('replication of directories', {} as World);
const PROCESS = fileURLToPath(new URL('./replica-process.ts', import.meta.url));

replicates.before.each((world) => {
  const top = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'replica-')));
  Object.assign(world, { top, src: join(top, 'src'), dst: join(top, 'dst') });
  fs.mkdirSync(world.src);
});
replicates.after.each(({ top }) => fs.rmSync(top, { recursive: true, force: true }));

const same = ({ src, dst }: World): void => assert.equal(picture(fs, dst, [PRIVATE]), picture(fs, src));

/** Files below `dir` that are incomplete. A file may be removed during the check. */
function torn(dir: string): string[] {
  const found: string[] = [];
  for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.name === PRIVATE) continue;
    try {
      if (entry.isDirectory()) found.push(...torn(path));
      else if (entry.isFile() && !isWhole(fs.readFileSync(path, 'latin1'))) found.push(path);
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR'].includes((error as { code: string }).code)) throw error;
    }
  }
  return found;
}

/** Resolves with the next message that `wanted` accepts. */
async function message(child: ChildProcess, wanted: string): Promise<void> {
  for (;;) {
    const [told] = (await once(child, 'message', { signal: AbortSignal.timeout(20_000) })) as [object];
    if (wanted in told) return;
  }
}

replicates('directory to directory: everything kept; follows; stops', async (world) => {
  const { src, dst } = world;
  fs.mkdirSync(join(src, 'd'), { mode: 0o750 });
  fs.writeFileSync(join(src, 'd/f'), whole(1, 3_000_000), { mode: 0o640 });
  fs.symlinkSync('d/f', join(src, 'l'));
  fs.utimesSync(join(src, 'd'), 1000, 1000.25);
  const source = new DirectorySource();
  let wake: (action: string) => void = () => {};
  const one = new Replicator({
    origin: directoryOrigin(src, source),
    target: directoryTarget(dst),
    latency: 5,
    scanInterval: 0,
    onProgress: ({ last }) => wake(`${last.action} ${last.path}`),
  });
  await one.start();
  same(world);
  const acts: string[] = [];
  wake = (line) => acts.push(line);
  await one.scan();
  assert.equal(acts, [], 'a scan of what is in step does nothing');
  const told = new Promise<void>((resolve) => {
    wake = (line) => line === 'write d/g' && resolve();
  });
  fs.writeFileSync(join(src, 'd/g'), whole(2, 10));
  await told;
  await one.idle();
  same(world);
  await one.stop();
  assert.is(source.watches, 0);
});

replicates('hard links stay hard links, and are separated when the origin separates them', async (world) => {
  const { src, dst } = world;
  fs.mkdirSync(join(src, 'd'));
  fs.writeFileSync(join(src, 'a'), whole(1, 1000));
  fs.linkSync(join(src, 'a'), join(src, 'd/b'));
  fs.linkSync(join(src, 'a'), join(src, 'c'));
  const source = new DirectorySource();
  const make = (target: Target): Replicator =>
    new Replicator({ origin: directoryOrigin(src, source), target, scanInterval: 0 });
  const one = make(directoryTarget(dst));
  await one.start();
  same(world);
  const inode = (name: string): number => fs.statSync(join(dst, name)).ino;
  assert.is(inode('a'), inode('d/b'));
  fs.appendFileSync(join(src, 'c'), 'more');
  await one.scan();
  same(world);
  assert.is(inode('a'), inode('c'));
  // Same bytes and times, but two files now.
  fs.copyFileSync(join(src, 'a'), join(src, 'new'));
  const { atime, mtime } = fs.statSync(join(src, 'a'));
  fs.utimesSync(join(src, 'new'), atime, mtime);
  fs.renameSync(join(src, 'new'), join(src, 'a'));
  await one.scan();
  same(world);
  assert.is.not(inode('a'), inode('c'));
  fs.chmodSync(join(src, 'a'), 0o600);
  await one.scan();
  same(world);
  await one.stop();
  // A target without links has a copy under each name.
  const plain = directoryTarget(join(world.top, 'plain'));
  const other = make(
    new Proxy(plain, { get: (at, name) => (name === 'link' ? undefined : bound(at, name)) }),
  );
  await other.start();
  assert.equal(picture(fs, join(world.top, 'plain'), [PRIVATE], false), picture(fs, src, [], false));
  assert.is(fs.statSync(join(world.top, 'plain/c')).nlink, 1);
  await other.stop();
});

const bound = (target: Target, name: string | symbol): unknown => {
  const value: unknown = Reflect.get(target, name, target);
  return typeof value === 'function' ? value.bind(target) : value;
};

if (process.geteuid?.() === 0)
  replicates('owners are kept, where they can be', async ({ src, dst }) => {
    fs.mkdirSync(join(src, 'd'));
    fs.writeFileSync(join(src, 'd/f'), whole(1, 1));
    fs.symlinkSync('f', join(src, 'd/l'));
    for (const [n, name] of ['d/f', 'd/l', 'd'].entries()) fs.lchownSync(join(src, name), 1000 + n, 2000 + n);
    fs.chmodSync(join(src, 'd/f'), 0o4755);
    const one = new Replicator({
      origin: directoryOrigin(src, new DirectorySource()),
      target: directoryTarget(dst),
      scanInterval: 0,
    });
    await one.start();
    const facts = (name: string): number[] => {
      const { uid, gid, mode } = fs.lstatSync(join(dst, name));
      return [uid, gid, mode & 0o7777];
    };
    assert.equal(facts('d/f'), [1000, 2000, 0o4755]);
    assert.equal(facts('d/l').slice(0, 2), [1001, 2001]);
    assert.equal(facts('d').slice(0, 2), [1002, 2002]);
    fs.chownSync(join(src, 'd/f'), 5, 6);
    await one.scan();
    assert.equal(facts('d/f').slice(0, 2), [5, 6]);
    await one.stop();
  });
else console.log('skipped: replication of owners: only root can give files away');

replicates('branch to directory, directory to branch', async (world) => {
  const core = new FsCore();
  core.fs.mkdirSync('/v');
  core.fs.writeFileSync('/v/f', whole(3, 30));
  const out = new Replicator({
    origin: branchOrigin(core, 'main', '/v'),
    target: directoryTarget(world.dst),
    latency: 0,
    scanInterval: 0,
  });
  await out.start();
  core.fs.renameSync('/v/f', '/v/g');
  await out.idle();
  await out.stop();
  const there = picture(fs, world.dst, [PRIVATE]);
  assert.equal(there, picture(core.fs as never, '/v'));
  const source = new DirectorySource();
  const back = new Replicator({
    origin: directoryOrigin(world.dst, source),
    target: branchTarget(core, 'main', '/w'),
    rules: [{ kind: 'exclude-glob', glob: PRIVATE }],
    scanInterval: 0,
  });
  await back.start();
  assert.equal(picture(core.fs as never, '/w', [PRIVATE]), there);
  await back.stop();
});

const killStep = fc.record({
  kind: fc.constantFrom<Step['kind']>(
    'write',
    'write',
    'write',
    'mkdir',
    'mkdir',
    'rename',
    'rm',
    'chmod',
    'symlink',
  ),
  path: fc.constantFrom(...PATHS),
  other: fc.constantFrom(...PATHS),
  seed: fc.integer({ min: 1, max: 1000 }),
});
/** For each life of the process: the steps made meanwhile, and the number of actions after which it is killed. */
const randomLives = () =>
  fc.sample(
    fc.record({
      steps: fc.array(killStep, { minLength: 15, maxLength: 40 }),
      actions: fc.integer({ min: 1, max: 25 }),
    }),
    { numRuns: 8 },
  );

replicates('killed again and again: converges, and no file is ever torn', async (world) => {
  const { top, src, dst } = world;
  let written = 0;
  const act = ({ kind, path, other, seed }: Step): void => {
    if (kind !== 'write') attempt(fs, src, { kind, path, other, seed });
    else {
      // Complete for every reader: another process would see a torn file between truncation and write.
      const ready = join(top, `ready${written++}`);
      fs.writeFileSync(ready, whole(seed, seed % 3 === 0 ? 2_000_000 : seed));
      try {
        fs.renameSync(ready, `${src}${path}`);
      } catch {
        fs.rmSync(ready);
      }
    }
  };
  const start = () =>
    fork(PROCESS, [src, dst], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  for (const { steps, actions } of randomLives()) {
    const child = start();
    const exit = once(child, 'exit');
    let left = actions;
    child.on('message', (told: object) => {
      if ('action' in told && --left <= 0) child.kill('SIGKILL');
      // It stopped earlier than that: killed while it waited.
      if ('started' in told) child.kill('SIGKILL');
    });
    for (const one of steps) act(one);
    await exit;
    if (fs.existsSync(dst)) assert.equal(torn(dst), []);
  }
  const last = start();
  await message(last, 'started');
  last.send('scan');
  await message(last, 'scanned');
  same(world);
  assert.equal(torn(dst), []);
  assert.equal(fs.readdirSync(join(dst, PRIVATE, 'stage')), [], 'nothing is left staged');
  const exit = once(last, 'exit');
  last.disconnect();
  await exit;
});

replicates('the change log is rotated', async ({ top }) => {
  const file = join(top, 'log/changes');
  const log = new FileChangeLog(file, { maxBytes: 200, keep: 2 });
  for (let i = 0; i < 20; i++) await log.append({ time: i, action: 'write', path: `file-${i}`, bytes: i });
  assert.equal(fs.readdirSync(join(top, 'log')).sort(), ['changes', 'changes.1', 'changes.2']);
  const entries = ['changes.2', 'changes.1', 'changes'].flatMap((name) =>
    fs
      .readFileSync(join(top, 'log', name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).time as number),
  );
  assert.equal(
    entries,
    Array.from({ length: entries.length }, (_, i) => 20 - entries.length + i),
  );
  for (const name of fs.readdirSync(join(top, 'log')))
    assert.ok(fs.statSync(join(top, 'log', name)).size <= 200);
  await new FileChangeLog(file, { maxBytes: 200, keep: 2 }).append({ time: 20, action: 'remove', path: 'x' });
  assert.match(fs.readFileSync(file, 'utf8'), '"time":20');
});

for (const [name, text] of [
  ['missing', null],
  ['damaged', '{"epoch":"a","las'],
  ['of another make', '{"epoch":1,"lastId":"x"}'],
] as const)
  replicates(`a state file that is ${name} is no state`, async ({ top }) => {
    const file = join(top, 'state.json');
    if (text !== null) fs.writeFileSync(file, text);
    const state = new StateFile(file);
    assert.is(await state.load(), undefined);
    await state.save({ epoch: 'e', lastId: 7 });
    assert.equal(await state.load(), { epoch: 'e', lastId: 7 });
    assert.equal(
      fs.readdirSync(top).filter((one) => one.startsWith('state')),
      ['state.json'],
    );
  });

const PAUSES: readonly [failures: number, random: number, ms: number][] = [
  [1, 0, 50],
  [1, 1, 100],
  [2, 1, 200],
  [4, 0.5, 600],
  [20, 1, 30_000],
  [2000, 0, 15_000],
];
replicates('backoff', () => {
  for (const [failures, random, ms] of PAUSES) assert.is(backoffMs(failures, random), ms);
});

replicates.run();
