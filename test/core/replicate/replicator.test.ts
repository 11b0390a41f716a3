import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FsCore } from '../../../core/index.ts';
import { branchOrigin } from '../../../core/replicate/origin.ts';
import { Replicator, type ReplicatorOptions } from '../../../core/replicate/replicator.ts';
import type { ReplicaState, StateStore } from '../../../core/replicate/state-file.ts';
import { branchTarget, PRIVATE } from '../../../core/replicate/target.ts';
import { ManualTimers } from '../watch/manual-timers.ts';
import { type Faults, suffering } from './faults.ts';
import { attempt, type Fs, isWhole, PATHS, picture, type Step, whole } from './trees.ts';

class MemoryState implements StateStore {
  state: ReplicaState | undefined;
  load(): Promise<ReplicaState | undefined> {
    return Promise.resolve(this.state);
  }
  save(state: ReplicaState): Promise<void> {
    this.state = state;
    return Promise.resolve();
  }
}

function cores(journal = {}) {
  let ticks = 0n;
  const clock = () => 1_700_000_000_000_000_000n + ticks++ * 1_000_000n;
  const owner = { uid: 0, gid: 0 };
  const from = new FsCore({ clock, owner, journal });
  const to = new FsCore({ owner });
  from.fs.mkdirSync('/src');
  return { from, to, state: new MemoryState(), src: from.fs as unknown as Fs, dst: to.fs as unknown as Fs };
}

type Parts = ReturnType<typeof cores>;
const QUICK = { latency: 1, scanInterval: 0, backoff: { first: 1, most: 2, tries: 10 } } as const;

const replicator = ({ from, to, state }: Parts, more: Partial<ReplicatorOptions> = {}) =>
  new Replicator({
    origin: branchOrigin(from, 'main', '/src'),
    target: branchTarget(to, 'main', '/dst'),
    state,
    ...QUICK,
    ...more,
  });

const same = ({ src, dst }: Parts, ties = true): void =>
  assert.equal(picture(dst, '/dst', [PRIVATE], ties), picture(src, '/src', [], ties));

const replicates = suite('replicator');

replicates('initial sync, live changes: contents, links, modes, times', async () => {
  const parts = cores();
  const { src } = parts;
  src.mkdirSync('/src/d');
  src.writeFileSync('/src/d/f', whole(1, 10));
  src.symlinkSync('d/f', '/src/l');
  src.chmodSync('/src/d/f', 0o640);
  const one = replicator(parts);
  await one.start();
  same(parts);
  src.writeFileSync('/src/d/f', whole(2, 20));
  src.renameSync('/src/d', '/src/e');
  src.mkdirSync('/src/d');
  src.rmSync('/src/l');
  src.utimesSync('/src/e/f', 1, 2);
  await one.idle();
  same(parts);
  await one.stop();
});

replicates('a rename in the origin is a rename in the target', async () => {
  const parts = cores();
  parts.src.mkdirSync('/src/d');
  parts.src.writeFileSync('/src/d/f', whole(1, 10));
  const actions: string[] = [];
  const one = replicator(parts, { onProgress: ({ last }) => actions.push(`${last.action} ${last.path}`) });
  await one.start();
  actions.length = 0;
  parts.src.renameSync('/src/d', '/src/e');
  await one.idle();
  assert.equal(actions, ['rename e']);
  same(parts);
  await one.stop();
});

replicates('resumes from the last id: nothing is compared that did not change', async () => {
  const parts = cores();
  for (let i = 0; i < 20; i++) parts.src.writeFileSync(`/src/f${i}`, whole(i, i));
  const first = replicator(parts);
  await first.start();
  await first.stop();
  parts.src.writeFileSync('/src/f3', whole(99, 5));
  parts.src.rmSync('/src/f4');
  const looked: string[] = [];
  const origin = branchOrigin(parts.from, 'main', '/src');
  const second = replicator(parts, {
    origin: {
      ...origin,
      source: origin.source,
      root: origin.root,
      list: (p) => origin.list(p),
      read: (p) => origin.read(p),
      stat: (p) => {
        looked.push(p);
        return origin.stat(p);
      },
    },
  });
  await second.start();
  same(parts);
  assert.equal([...new Set(looked)].sort(), ['', 'f3', 'f4']);
  await second.stop();
});

replicates('history lost while it was away: everything is compared', async () => {
  const parts = cores({ maxEvents: 4 });
  const first = replicator(parts);
  await first.start();
  await first.stop();
  for (let i = 0; i < 20; i++) parts.src.writeFileSync(`/src/f${i}`, whole(i, i));
  const second = replicator(parts);
  await second.start();
  same(parts);
  await second.stop();
});

replicates('the state of another core means nothing', async () => {
  const parts = cores();
  parts.state.state = { epoch: 'another', lastId: 10 ** 6 };
  parts.src.writeFileSync('/src/f', whole(1, 1));
  const one = replicator(parts);
  await one.start();
  same(parts);
  await one.stop();
});

replicates('the periodic scan repairs missed and foreign changes', async () => {
  const parts = cores();
  const timers = new ManualTimers();
  parts.src.mkdirSync('/src/d');
  parts.src.writeFileSync('/src/d/f', whole(1, 10));
  const one = replicator(parts, { timers, scanInterval: 1000 });
  await one.start();
  parts.dst.rmSync('/dst/d', { recursive: true });
  parts.dst.writeFileSync('/dst/extra', 'x');
  timers.advance(1000);
  await one.idle();
  same(parts);
  parts.dst.writeFileSync('/dst/extra', 'x');
  timers.advance(1000);
  await one.idle();
  same(parts);
  await one.stop();
  assert.is(timers.pending, 0);
});

replicates('comparing bytes finds differences of equal size and time', async () => {
  const parts = cores();
  parts.src.writeFileSync('/src/f', whole(1, 10));
  parts.src.utimesSync('/src/f', 5, 5);
  const one = replicator(parts, { compare: 'bytes' });
  await one.start();
  parts.dst.writeFileSync('/dst/f', whole(2, 10));
  parts.dst.utimesSync('/dst/f', 5, 5);
  await one.scan();
  same(parts);
  await one.stop();
});

replicates('rules: excluded paths are left alone on both sides', async () => {
  const parts = cores();
  parts.src.mkdirSync('/src/node_modules');
  parts.src.writeFileSync('/src/node_modules/m', whole(1, 1));
  parts.src.writeFileSync('/src/a.ts', whole(1, 1));
  const one = replicator(parts, { rules: [{ kind: 'exclude-glob', glob: 'node_modules' }] });
  await one.start();
  parts.dst.mkdirSync('/dst/node_modules');
  await one.scan();
  assert.equal(parts.dst.readdirSync('/dst'), [PRIVATE, 'a.ts', 'node_modules']);
  assert.equal(parts.dst.readdirSync('/dst/node_modules'), []);
  await one.stop();
});

replicates('only included paths, and the directories above them', async () => {
  const parts = cores();
  parts.src.mkdirSync('/src/d');
  parts.src.writeFileSync('/src/d/a.ts', whole(1, 1));
  parts.src.writeFileSync('/src/d/a.js', whole(1, 1));
  const one = replicator(parts, { rules: [{ kind: 'include-glob', glob: '*.ts' }] });
  await one.start();
  parts.src.mkdirSync('/src/e');
  parts.src.writeFileSync('/src/e/b.ts', whole(1, 1));
  await one.idle();
  assert.equal(parts.dst.readdirSync('/dst/d'), ['a.ts']);
  assert.equal(parts.dst.readdirSync('/dst/e'), ['b.ts']);
  await one.stop();
});

replicates('a missing origin deletes nothing in the target', async () => {
  const parts = cores();
  parts.src.writeFileSync('/src/f', whole(1, 1));
  const one = replicator(parts);
  await one.start();
  parts.src.renameSync('/src', '/elsewhere');
  await one.idle();
  await one.scan();
  assert.ok(parts.dst.readdirSync('/dst').includes('f' as never));
  parts.src.renameSync('/elsewhere', '/src');
  parts.src.writeFileSync('/src/g', whole(2, 2));
  await one.idle();
  same(parts);
  await one.stop();
});

replicates('symbolic links are never followed', async () => {
  const parts = cores();
  parts.src.mkdirSync('/src/d');
  parts.src.writeFileSync('/src/d/f', whole(1, 1));
  const first = replicator(parts);
  await first.start();
  await first.stop();
  parts.dst.mkdirSync('/outside');
  parts.dst.rmSync('/dst/d', { recursive: true });
  parts.dst.symlinkSync('/outside', '/dst/d');
  parts.src.writeFileSync('/src/d/f', whole(2, 2));
  const second = replicator(parts);
  await second.start();
  same(parts);
  assert.equal(parts.dst.readdirSync('/outside'), []);
  await second.stop();
});

replicates('a path that fails is given up, reported, and retried by a later scan', async () => {
  const parts = cores();
  for (const name of ['a', 'b', 'c']) parts.src.writeFileSync(`/src/${name}`, whole(1, 1));
  const timers = new ManualTimers();
  const target = branchTarget(parts.to, 'main', '/dst');
  let broken = true;
  const failing = suffering(target, { killAfter: Infinity, late: false, killed: false, fail: () => false });
  const commit = failing.commit.bind(failing);
  const errors: string[] = [];
  const one = replicator(parts, {
    timers,
    target: new Proxy(failing, {
      get: (at, name) =>
        name === 'commit'
          ? (...args: Parameters<typeof commit>) =>
              broken && args[1] === 'b' ? Promise.reject(new Error('no space')) : commit(...args)
          : Reflect.get(at, name, at),
    }),
    backoff: { first: 1, most: 1, tries: 2 },
    onError: (error, path) => errors.push(`${path}: ${(error as Error).message}`),
  });
  const started = one.start();
  let done = false;
  void started.then(() => (done = true));
  while (!done) {
    await turn();
    if (!done) timers.advance(0.6);
  }
  assert.ok(errors.length >= 2 && errors.every((line) => line === 'b: no space'), `${errors}`);
  assert.is(parts.state.state, undefined, 'the state does not claim what is not there');
  assert.equal(parts.dst.readdirSync('/dst'), [PRIVATE, 'a', 'c']);
  broken = false;
  timers.advance(1);
  await one.idle();
  same(parts);
  assert.not.equal(parts.state.state, undefined);
  await one.stop();
});

const RUNS = Number(process.env.RUNS ?? 400);
/** Bytes read at once: few, so that much can happen during the read of a file. */
const CHUNK = 8;

const path = fc.constantFrom(...PATHS);
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom<Step['kind']>(
    ...([
      'write',
      'write',
      'append',
      'append',
      'mkdir',
      'mkdir',
      'mkdir',
      'rename',
      'rename',
      'rename',
    ] as const),
    ...(['rm', 'chmod', 'symlink', 'utimes', 'link', 'link'] as const),
  ),
  path,
  other: path,
  seed: fc.integer({ min: 1, max: 1000 }),
});
/** Number of the replicator's turns after each step, and whether it starts on the changes received so far. */
const steps = fc.array(fc.record({ step, flush: fc.boolean(), turns: fc.oneof(fc.nat(15), fc.nat(400)) }), {
  maxLength: 30,
});
type Steps = typeof steps extends fc.Arbitrary<infer T> ? T : never;
const life = fc.record({
  steps,
  killAfter: fc.integer({ min: 1, max: 400 }),
  late: fc.boolean(),
  failures: fc.array(fc.integer({ min: 0, max: 19 }), { minLength: 1, maxLength: 30 }),
  journal: fc.boolean(),
});

async function run(one: Replicator, src: Fs, todo: Steps): Promise<void> {
  for (const { step: next, flush, turns } of todo) {
    attempt(src, '/src', next);
    if (flush) void one.idle();
    for (let i = 0; i < turns; i++) await Promise.resolve();
  }
}

replicates('random operations, kills and failures: converges, and never holds a torn file', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 4 }), async (lives) => {
      const parts = cores(lives[0]!.journal ? { maxEvents: 10 } : {});
      const { from, to, src, dst } = parts;
      const torn: string[] = [];
      to.subscribe(({ path: at, type }) => {
        if (
          type !== 'file' ||
          at.startsWith(`/dst/${PRIVATE}`) ||
          !dst.lstatSync(at, { throwIfNoEntry: false })
        )
          return;
        if (!isWhole(String(dst.readFileSync(at)))) torn.push(at);
      });
      for (const { steps: todo, killAfter, late, failures } of lives) {
        let call = 0;
        const faults: Faults = {
          killAfter,
          late,
          killed: false,
          fail: () => failures[call++ % failures.length] === 0,
        };
        const abort = new AbortController();
        const one = replicator(parts, {
          origin: suffering(branchOrigin(from, 'main', '/src', CHUNK), faults),
          target: suffering(branchTarget(to, 'main', '/dst'), faults),
          state: suffering(parts.state, faults),
          signal: abort.signal,
        });
        // The action during which it died never ends.
        void one.start().catch(() => {});
        await run(one, src, todo);
        for (let i = 0; i < 20 && !faults.killed; i++) await turn();
        faults.killed = true;
        abort.abort();
      }
      const last = replicator(parts);
      await last.start();
      same(parts, false);
      // Hard links are restored by a scan at the latest.
      await last.scan();
      same(parts);
      await last.stop();
      assert.equal(torn, []);
    }),
    { numRuns: RUNS },
  );
});

replicates('random operations without a crash need no scan', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (todo) => {
      const parts = cores();
      const one = replicator(parts, { origin: branchOrigin(parts.from, 'main', '/src', CHUNK) });
      await one.start();
      await run(one, parts.src, todo);
      await one.idle();
      same(parts, false);
      await one.scan();
      same(parts);
      await one.stop();
    }),
    { numRuns: RUNS },
  );
});

replicates('a change through one name of a file reaches all its names', async () => {
  const parts = cores();
  parts.src.writeFileSync('/src/a', whole(1, 1));
  const one = replicator(parts);
  await one.start();
  parts.src.linkSync('/src/a', '/src/b');
  await one.idle();
  parts.src.writeFileSync('/src/a', whole(2, 20));
  await one.idle();
  same(parts);
  await one.stop();
});

replicates.run();
