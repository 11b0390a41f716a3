import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { branchSource } from '../../../core/watch/branch-source.ts';
import type { Change } from '../../../core/watch/change.ts';
import { DirectorySource } from '../../../core/watch/directory-source.ts';
import { ErrWatcherStopped, WatcherError } from '../../../core/watch/errors.ts';
import { watchEvent } from '../../../core/watch/event-flag.ts';
import { type ObjectEvent, ObjectWatcher, objectEvents } from '../../../core/watch/object-watcher.ts';
import { plant, put, setup } from '../fixture.ts';
import { ManualTimers } from './manual-timers.ts';

const show = ({ op, path, prefix }: ObjectEvent): string => `${op} ${path}${prefix ? '/' : ''}`;
const LIST = [
  { path: '/d2/f', type: 'file' },
  { path: '/d2/s', type: 'directory' },
] as const;

const CASES: readonly [Partial<Change>, string[]][] = [
  [{ kind: 'create' }, ['put /a']],
  [{ kind: 'update' }, ['put /a']],
  [{ kind: 'delete' }, ['delete /a']],
  [{ kind: 'attrib' }, []],
  [{ kind: 'rename', path: '/b', from: '/a' }, ['delete /a', 'put /b']],
  [
    { kind: 'rename', path: '/b', from: '/a', replaced: 'file', exchanged: true },
    ['delete /a', 'put /b', 'put /a'],
  ],
  [{ kind: 'create', path: '/d', type: 'directory' }, []],
  [{ kind: 'delete', path: '/d', type: 'directory' }, ['delete /d/']],
  [{ kind: 'rename', path: '/d2', from: '/d', type: 'directory' }, ['delete /d/', 'put /d2/f']],
  [{ kind: 'history-done' }, []],
  [{ kind: 'overflow', path: '/', count: 3 }, ['rescan /']],
  [{ kind: 'root-removed', path: '/r' }, ['rescan /r']],
  [{ kind: 'root-moved', path: '/s', from: '/r' }, ['rescan /r']],
];

const objects = suite('object watcher');

for (const [change, expected] of CASES)
  objects(`${change.kind} ${change.type ?? 'file'}${change.exchanged ? ', exchanged' : ''}`, () => {
    const whole: Change = { kind: 'create', path: '/a', type: 'file', id: 1, time: 1, ...change };
    assert.equal(objectEvents(watchEvent(whole), () => LIST).map(show), expected);
  });

objects('puts and deletes of a branch', async () => {
  const { core, view } = setup();
  plant(view, ['/b/']);
  const timers = new ManualTimers();
  const watcher = new ObjectWatcher({ source: branchSource(core), timers });
  await watcher.watch('/b');
  await watcher.watch('/b');
  const events = watcher.events();
  for (const name of ['k', '.hidden', 'k.metadata.json', 'k~', 'k.tmp']) put(view, `/b/${name}`, 'x');
  view.chmod({ path: '/b' }, 0o700);
  timers.advance(100);
  view.rename({ path: '/b/k' }, { path: '/b/m' });
  timers.advance(100);
  const told: string[] = [];
  for (let i = 0; i < 3; i++) told.push(show((await events.next()).value as ObjectEvent));
  assert.equal(told, ['put /b/k', 'delete /b/k', 'put /b/m']);
  await watcher.stop();
  assert.is((await events.next()).done, true);
});

objects('stop: again, at once, within the loop; nothing works after', async () => {
  const { core, view } = setup();
  const timers = new ManualTimers();
  const watcher = new ObjectWatcher({ source: branchSource(core), timers });
  await watcher.watch('/');
  put(view, '/a', '');
  timers.advance(100);
  let told = 0;
  for await (const _ of watcher.events()) {
    told++;
    await Promise.all([watcher.stop(), watcher.stop()]);
  }
  assert.is(told, 1);
  assert.throws(
    () => watcher.events(),
    (error: unknown) => error instanceof ErrWatcherStopped,
  );
  const error = await watcher.watch('/').catch((reason: unknown) => reason);
  assert.instance(error, ErrWatcherStopped);
});

objects('stop ends a loop that waits', async () => {
  const { core } = setup();
  const watcher = new ObjectWatcher({ source: branchSource(core) });
  await watcher.watch('/');
  const next = watcher.events().next();
  await watcher.stop();
  assert.is((await next).done, true);
});

objects('events that are not taken become a rescan', async () => {
  const { core, view } = setup();
  const timers = new ManualTimers();
  const watcher = new ObjectWatcher({ source: branchSource(core), timers, capacity: 2 });
  await watcher.watch('/');
  for (const name of ['a', 'b', 'c']) {
    put(view, `/${name}`, '');
    timers.advance(100);
  }
  const first = await watcher.events().next();
  assert.is(show(first.value as ObjectEvent), 'rescan /');
  await watcher.stop();
});

objects('a real directory: new directories bring their files; errors name operation and path', async () => {
  const top = realpathSync(mkdtempSync(join(tmpdir(), 'objects-')));
  const root = join(top, 'r');
  mkdirSync(root);
  mkdirSync(join(top, 'x/y'), { recursive: true });
  writeFileSync(join(top, 'x/y/k'), '1');
  const source = new DirectorySource();
  const watcher = new ObjectWatcher({ source, latency: 20 });
  await watcher.watch(root);
  renameSync(join(top, 'x'), join(root, 'x'));
  const { value } = await watcher.events().next();
  assert.is(show(value as ObjectEvent), `put ${root}/x/y/k`);
  const error = await watcher.watch(join(top, 'none')).catch((reason: unknown) => reason);
  assert.instance(error, WatcherError);
  assert.is((error as WatcherError).op, 'watch');
  assert.is((error as WatcherError).path, join(top, 'none'));
  await watcher.stop();
  assert.is(source.watches, 0);
  rmSync(top, { recursive: true });
});

objects.run();
