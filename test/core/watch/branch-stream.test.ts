import { setImmediate as turn } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { WatchBatch } from '../../../core/watch/batch.ts';
import { branchSource } from '../../../core/watch/branch-source.ts';
import { WatcherError } from '../../../core/watch/errors.ts';
import { EventFlag, eventType, scanType, shouldRescan } from '../../../core/watch/event-flag.ts';
import { EventStream, type EventStreamOptions } from '../../../core/watch/event-stream.ts';
import { EventWatcher } from '../../../core/watch/event-watcher.ts';
import { plant, put, setup } from '../fixture.ts';
import { ManualTimers } from './manual-timers.ts';

const line = ({ kind, from, path, count }: WatchBatch[number]): string =>
  `${kind} ${from === undefined ? '' : `${from} -> `}${path}${count === undefined ? '' : ` ${count}`}`;

function world(options: Parameters<typeof setup>[0] = {}) {
  const { core, view } = setup(options);
  const source = branchSource(core);
  const timers = new ManualTimers();
  const stream = (paths: string | string[], more: EventStreamOptions = {}) => {
    const batches: string[][] = [];
    const one = new EventStream(paths, { source, timers, ...more }, (batch) => batches.push(batch.map(line)));
    return { stream: one, batches };
  };
  return { core, view, source, timers, stream };
}

const streams = suite('streams of a branch');

streams('one batch, collapsed, after the latency', () => {
  const { view, timers, stream } = world();
  plant(view, ['/d/', '/d/a', '/e/']);
  const { batches } = stream('/d');
  put(view, '/d/b', 'x');
  put(view, '/d/b', 'y');
  view.unlink({ path: '/d/a' });
  put(view, '/e/x', '');
  assert.equal(batches, []);
  timers.advance(99);
  assert.equal(batches, []);
  timers.advance(1);
  assert.equal(batches, [['create /d/b', 'delete /d/a']]);
});

const RENAMES: readonly [string, string, string, string[]][] = [
  ['inside', '/w/a', '/w/b', ['rename /w/a -> /w/b']],
  ['out', '/w/a', '/out', ['delete /w/a']],
  ['in', '/x', '/w/x', ['create /w/x']],
  ['in, onto one that was there', '/x', '/w/a', ['update /w/a']],
  [
    'a directory in: with what it holds',
    '/y',
    '/w/y',
    ['create /w/y', 'create /w/y/f', 'create /w/y/s', 'create /w/y/s/g'],
  ],
  ['a directory out', '/w/d', '/d', ['delete /w/d']],
  ['elsewhere', '/x', '/z', []],
  ['a sibling whose name begins alike', '/x', '/wx', []],
];
for (const [name, from, to, expected] of RENAMES)
  streams(`rename ${name}`, () => {
    const { view, stream } = world();
    plant(view, ['/w/', '/w/a', '/w/d/', '/w/d/i', '/x', '/y/', '/y/f', '/y/s/', '/y/s/g']);
    const { stream: one, batches } = stream('/w');
    view.rename({ path: from }, { path: to });
    one.flush();
    assert.equal(batches.flat(), expected);
  });

streams('a rename across a filter is a creation or a deletion', () => {
  const { view, stream } = world();
  plant(view, ['/w/', '/w/a', '/w/.b', '/w/.d/', '/w/.d/x']);
  const { stream: one, batches } = stream('/w', { rules: [{ kind: 'exclude-hidden' }] });
  view.rename({ path: '/w/a' }, { path: '/w/.a' });
  view.rename({ path: '/w/.b' }, { path: '/w/b' });
  view.rename({ path: '/w/.d' }, { path: '/w/d' });
  one.flush();
  assert.equal(batches.flat(), ['delete /w/a', 'create /w/b', 'create /w/d', 'create /w/d/x']);
});

streams('ignore and include', () => {
  const { view, stream } = world();
  plant(view, ['/w/', '/w/node_modules/']);
  const { stream: one, batches } = stream('/w', { ignore: ['node_modules'], include: ['*.ts'] });
  for (const path of ['/w/a.ts', '/w/a.js', '/w/node_modules/b.ts']) put(view, path, '');
  one.flush();
  assert.equal(batches.flat(), ['create /w/a.ts']);
});

streams('noDefer: the first at once', () => {
  const { view, timers, stream } = world();
  const { batches } = stream('/', { noDefer: true });
  put(view, '/a', 'x');
  assert.equal(batches, [], 'never on the stack of the operation');
  timers.advance(0);
  put(view, '/b', 'x');
  timers.advance(50);
  assert.equal(batches, [['create /a']]);
  timers.advance(50);
  assert.equal(batches, [['create /a'], ['create /b']]);
});

streams('without file events: directories', () => {
  const { view, stream } = world();
  plant(view, ['/w/', '/w/d/', '/w/e/', '/w/d/a']);
  const { stream: one, batches } = stream('/w', { fileEvents: false });
  put(view, '/w/d/b', '');
  put(view, '/w/d/c', '');
  view.rename({ path: '/w/d/a' }, { path: '/w/e/a' });
  one.flush();
  assert.equal(batches.flat().sort(), ['update /w/d', 'update /w/e']);
});

streams('since: history, history-done, live changes', () => {
  const { core, view, stream } = world();
  plant(view, ['/w/', '/w/a', '/x']);
  const since = core.journal.newest;
  put(view, '/w/a', 'new');
  put(view, '/x', 'new');
  put(view, '/w/b', '');
  const { stream: one, batches } = stream('/w', { since });
  put(view, '/w/c', '');
  one.flush();
  assert.equal(batches.flat(), ['update /w/a', 'create /w/b', 'history-done /w', 'create /w/c']);
  assert.is(one.latestEventId, core.journal.newest);
});

streams('resuming from the last id of each batch misses nothing and repeats nothing', () => {
  const { view, stream } = world();
  plant(view, ['/w/']);
  const seen: string[] = [];
  let since: number | undefined;
  for (let round = 0; round < 5; round++) {
    const { stream: one, batches } = stream('/w', since === undefined ? {} : { since });
    put(view, `/w/live${round}`, '');
    one.flush();
    since = one.latestEventId;
    one.close();
    put(view, `/w/missed${round}`, '');
    seen.push(...batches.flat().filter((text) => !text.startsWith('history')));
  }
  assert.equal(
    seen,
    [0, 1, 2, 3, 4].flatMap((n) => [...(n ? [`create /w/missed${n - 1}`] : []), `create /w/live${n}`]),
  );
});

for (const [name, since] of [
  ['lost', 1],
  ['from another life', 10 ** 9],
] as const)
  streams(`history ${name}: rescan`, () => {
    const { view, stream } = world({ journal: { maxEvents: 2 } });
    for (let i = 0; i < 9; i++) put(view, `/f${i}`, 'x');
    const { stream: one, batches } = stream('/', { since });
    one.flush();
    assert.equal(batches.flat(), ['rescan /', 'history-done /']);
  });

streams('history-done passes every filter, once for all paths', () => {
  const { core, view, stream } = world();
  plant(view, ['/a/', '/b/']);
  const since = core.journal.newest;
  put(view, '/a/x', '');
  const { stream: one, batches } = stream(['/a', '/b'], { since, include: ['nothing-is-called-so'] });
  one.flush();
  assert.equal(batches.flat(), ['history-done /b']);
});

streams('roots: removed, created again, moved with a directory above', () => {
  const { view, stream } = world();
  plant(view, ['/w/', '/w/r/', '/v/', '/v/r/']);
  const { stream: one, batches } = stream(['/w/r', '/v/r'], { watchRoot: true });
  const told = () => {
    one.flush();
    return batches.splice(0).flat();
  };
  view.rmdir({ path: '/w/r' });
  assert.equal(told(), ['delete /w/r', 'root-removed /w/r']);
  view.mkdir({ path: '/w/r' });
  assert.equal(told(), ['create /w/r', 'rescan /w/r']);
  view.rename({ path: '/v' }, { path: '/vv' });
  assert.equal(told(), ['root-moved /v/r -> /vv/r']);
  put(view, '/vv/r/a', '');
  assert.equal(told(), []);
  view.rename({ path: '/vv' }, { path: '/v' });
  assert.equal(told(), ['rescan /v/r']);
  put(view, '/v/r/b', '');
  assert.equal(told(), ['create /v/r/b']);
});

streams('streams deliver the changes visible in their branch', () => {
  const { core, view, timers } = world();
  plant(view, ['/w/', '/w/a', '/w/b']);
  core.createBranch('side');
  const batches: string[] = [];
  const stream = new EventStream('/w', { source: branchSource(core, 'side'), timers }, (batch) =>
    batches.push(...batch.map(line)),
  );
  core.hide('side', '/w/b');
  put(view, '/w/a', 'shows through');
  put(view, '/w/b', 'hidden there');
  stream.flush();
  assert.equal(batches, ['delete /w/b', 'update /w/a']);
});

streams('a branch that is not there', async () => {
  const { core } = world();
  const stream = new EventStream('/', { source: branchSource(core, 'none') });
  const error = await stream.ready.then(
    () => null,
    (reason) => reason,
  );
  assert.instance(error, WatcherError);
  assert.is(error.op, 'watch');
  assert.is(error.path, '/');
  assert.is(error.code, 'ENOENT');
  await stream.closed;
});

streams('overflow is delivered, with a count', () => {
  const { view, stream } = world();
  const { stream: one, batches } = stream('/', { capacity: 10 });
  for (let i = 0; i < 11; i++) view.mkdir({ path: `/f${i}` });
  one.flush();
  assert.equal(batches, [['overflow / 11']]);
});

streams('close: no further delivery, and the subscription to the core ends', () => {
  const { core, view, timers, stream } = world();
  const before = subscribers(core);
  const { stream: one, batches } = stream('/');
  const { stream: two } = stream('/');
  assert.is(subscribers(core), before + 1, 'streams of a branch share a subscription');
  put(view, '/a', '');
  one.close();
  one.close();
  timers.advance(1000);
  assert.equal(batches, []);
  two[Symbol.dispose]();
  assert.is(subscribers(core), before);
  assert.is(timers.pending, 0);
});

/** Number of sinks that an event reaches. */
function subscribers(core: ReturnType<typeof setup>['core']): number {
  const add = Set.prototype.add;
  const size = { value: 0 };
  // Counted in the hub: adding and removing a sink reveals the set.
  Set.prototype.add = function <T>(this: Set<T>, value: T) {
    add.call(this, value);
    size.value = this.size;
    return this;
  };
  core.subscribe(() => {})();
  Set.prototype.add = add;
  return size.value - 1;
}

streams('an aborted signal closes, before and after', async () => {
  const { core, stream } = world();
  const before = subscribers(core);
  const abort = new AbortController();
  const { stream: one } = stream('/', { signal: abort.signal });
  assert.not(one.isClosed);
  abort.abort();
  assert.ok(one.isClosed);
  assert.ok(stream('/', { signal: abort.signal }).stream.isClosed);
  await one.closed;
  assert.is(subscribers(core), before);
});

streams('close within a callback', () => {
  const { view, source, timers } = world();
  let calls = 0;
  const stream = new EventStream('/', { source, timers }, () => {
    calls++;
    stream.close();
  });
  put(view, '/a', '');
  timers.advance(100);
  put(view, '/b', '');
  timers.advance(1000);
  assert.is(calls, 1);
});

streams(
  'for await: everything since construction; a slow loop gets larger batches; ends at close',
  async () => {
    const { view, source, timers } = world();
    const stream = new EventStream('/', { source, timers });
    put(view, '/a', '');
    timers.advance(100);
    put(view, '/b', '');
    timers.advance(100);
    const loop = stream[Symbol.asyncIterator]();
    assert.equal((await loop.next()).value?.map(line), ['create /a', 'create /b']);
    const next = loop.next();
    put(view, '/c', '');
    timers.advance(100);
    assert.equal((await next).value?.map(line), ['create /c']);
    const last = loop.next();
    stream.close();
    assert.is((await last).done, true);
    assert.is((await loop.next()).done, true);
  },
);

streams('a loop that is not read is bounded', async () => {
  const { view, source, timers } = world();
  const stream = new EventStream('/', { source, timers, capacity: 4 });
  for (let i = 0; i < 10; i++) {
    view.mkdir({ path: `/d${i}` });
    timers.advance(100);
  }
  const { value } = await stream[Symbol.asyncIterator]().next();
  assert.is(value?.[0].kind, 'overflow');
  assert.is((value?.[0].count ?? 0) + (value?.length ?? 0) - 1, 10);
});

streams('leaving a loop leaves the stream open', async () => {
  const { view, source, timers } = world();
  const stream = new EventStream('/', { source, timers });
  put(view, '/a', '');
  timers.advance(100);
  for await (const batch of stream) {
    assert.is(batch.length, 1);
    break;
  }
  assert.not(stream.isClosed);
  stream.close();
  for await (const _ of stream) assert.unreachable();
});

streams('observables: batches, completion', () => {
  const { view, source, timers } = world();
  const stream = new EventStream('/', { source, timers });
  const seen: string[] = [];
  stream.events$.subscribe({
    next: (batch) => seen.push(...batch.map(line)),
    complete: () => seen.push('complete'),
  });
  put(view, '/a', '');
  timers.advance(100);
  stream.close();
  assert.equal(seen, ['create /a', 'complete']);
});

streams('watchers: spawn, drop, spawn again', async () => {
  const { core, view, source, timers } = world();
  const before = subscribers(core);
  for (let i = 0; i < 3; i++) {
    using watcher = EventWatcher.spawn('/', { source, timers });
    put(view, '/a', `${i}`);
    timers.advance(0);
    const { value } = await watcher[Symbol.asyncIterator]().next();
    assert.is(value?.length, 1);
    assert.is(watcher.dev, source.dev);
    assert.is(watcher.latestEventId, watcher.currentEventId());
  }
  assert.is(subscribers(core), before);
});

streams('a noop watcher delivers nothing and does not end', async () => {
  const watcher = EventWatcher.noop();
  const next = watcher[Symbol.asyncIterator]().next();
  assert.is(await Promise.race([next, turn('waiting')]), 'waiting');
  watcher.close();
  assert.is((await next).done, true);
});

streams('ids and times', () => {
  const { core, view, source } = world();
  put(view, '/a', '');
  const [event] = (core.journal.since(0) as { events: { id: number; time: number }[] }).events;
  assert.is(source.eventIdToTimestamp(event.id), event.time);
  assert.is(source.eventIdToTimestamp(10 ** 9), undefined);
  assert.is(source.currentEventId(), core.journal.newest);
});

const FLAGS: readonly [Parameters<typeof eventType>[0], string, string][] = [
  [EventFlag.ItemCreated | EventFlag.ItemIsFile, 'file', 'singleNode'],
  [EventFlag.ItemRemoved | EventFlag.ItemIsDir, 'dir', 'folder'],
  [EventFlag.ItemModified | EventFlag.ItemIsSymlink, 'symlink', 'singleNode'],
  [EventFlag.ItemModified | EventFlag.ItemIsFile | EventFlag.ItemIsHardlink, 'hardlink', 'singleNode'],
  [EventFlag.ItemCreated, 'unknown', 'singleNode'],
  [EventFlag.None, 'unknown', 'folder'],
  [EventFlag.MustScanSubDirs | EventFlag.UserDropped, 'unknown', 'rescan'],
  [EventFlag.RootChanged, 'unknown', 'rescan'],
  [EventFlag.HistoryDone, 'unknown', 'nop'],
  [EventFlag.EventIdsWrapped, 'unknown', 'nop'],
];
streams('flags: types and scans', () => {
  for (const [flag, type, scan] of FLAGS) {
    assert.is(eventType(flag), type);
    assert.is(scanType(flag), scan);
  }
});

const RESCANS: readonly [path: string, flag: number, expected: boolean][] = [
  ['/r', EventFlag.RootChanged, true],
  ['/r', EventFlag.MustScanSubDirs, true],
  ['/', EventFlag.MustScanSubDirs, true],
  ['/r/d', EventFlag.MustScanSubDirs, false],
  ['/r', EventFlag.ItemRemoved | EventFlag.ItemIsDir, true],
  ['/r', EventFlag.ItemInodeMetaMod | EventFlag.ItemIsDir, false],
  ['/r', EventFlag.HistoryDone, false],
  ['/r/a', EventFlag.ItemModified, false],
];
streams('flags: when a copy must be rebuilt', () => {
  for (const [path, flag, expected] of RESCANS) assert.is(shouldRescan({ path, flag }, '/r'), expected, path);
});

streams.run();
