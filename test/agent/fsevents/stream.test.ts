import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WINDOW_LIMIT } from '../../../agent/fsevents/coalescing-window.ts';
import { CreateFlag, EventFlag, MAX_PATHS } from '../../../agent/fsevents/constants.ts';
import { OUTSTANDING_LIMIT } from '../../../agent/fsevents/stream.ts';
import { Detail, EventKind } from '../../../core/events/fs-event.ts';
import { WireType } from '../../../core/protocol.ts';
import { FileEvents, type Happened, ME, NoDefer, Rig, WatchRoot } from './rig.ts';

const { Created, Removed, Modified, Renamed, Attrib } = EventKind;
const { directory } = WireType;

const wrote = (path: string, more: Partial<Happened> = {}): Happened => ({ kind: Modified, path, ...more });
const made = (path: string, more: Partial<Happened> = {}): Happened => ({ kind: Created, path, ...more });
const gone = (path: string, more: Partial<Happened> = {}): Happened => ({
  kind: Removed,
  nlink: 0,
  path,
  ...more,
});
const moved = (from: string, path: string, more: Partial<Happened> = {}): Happened => ({
  kind: Renamed,
  from,
  path,
  ...more,
});

const life = suite('life');
life('created, scheduled, started, stopped, started, invalidated', () => {
  const rig = new Rig();
  const s = rig.create();
  const seen = [s.lifecycle.state];
  rig.streams.schedule(s);
  seen.push(s.lifecycle.state);
  assert.ok(rig.streams.start(s, 0));
  seen.push(s.lifecycle.state);
  rig.streams.stop(s);
  seen.push(s.lifecycle.state);
  assert.ok(rig.streams.start(s, 0));
  rig.streams.invalidate(s);
  seen.push(s.lifecycle.state);
  assert.equal(seen, ['created', 'scheduled', 'started', 'stopped', 'invalidated']);
  assert.is(rig.subscribed.size, 0);
  assert.equal(rig.said, []);
});
life('nothing before the start, nothing after the stop', () => {
  const rig = new Rig();
  const s = rig.create();
  rig.happen(made('/v/a'));
  rig.streams.schedule(s);
  rig.happen(made('/v/b'));
  rig.streams.start(s, 0);
  rig.streams.stop(s);
  rig.happen(made('/v/c'));
  assert.is(rig.told(), '');
});
for (const [name, act, says] of [
  [
    'start without a place',
    (rig: Rig) => rig.streams.start(rig.create(), 0),
    'FSEventStreamStart: it cannot be started before it is scheduled',
  ],
  [
    'start after its only place was taken away',
    (rig: Rig) => {
      const s = rig.create();
      rig.streams.schedule(s);
      rig.streams.unschedule(s);
      return rig.streams.start(s, 0);
    },
    'FSEventStreamStart: it cannot be started before it is scheduled',
  ],
  [
    'schedule after invalidate',
    (rig: Rig) => {
      const s = rig.create();
      rig.streams.invalidate(s);
      return rig.streams.schedule(s);
    },
    'FSEventStreamSchedule: it cannot be scheduled, for it has been invalidated',
  ],
  [
    'flush before start',
    (rig: Rig) => rig.streams.flush(rig.create()) > 0,
    'FSEventStreamFlush: it cannot be flushed before it is started',
  ],
  [
    'too many paths',
    (rig: Rig) => {
      const s = rig.create({ roots: Array.from({ length: MAX_PATHS + 1 }, (_, i) => `/v/${i}`) });
      rig.streams.schedule(s);
      return rig.streams.start(s, 0);
    },
    'FSEventStreamStart: it cannot be started with more than 4096 paths',
  ],
  [
    'exclusions once it runs',
    (rig: Rig) => rig.streams.exclude(rig.running(), ['/v/a']),
    'FSEventStreamSetExclusionPaths: paths are to be excluded before it is started',
  ],
  [
    'nine exclusions',
    (rig: Rig) => rig.streams.exclude(rig.create(), '123456789'.split('')),
    'FSEventStreamSetExclusionPaths: at most 8 paths can be excluded',
  ],
] as const)
  life(`refused with a word: ${name}`, () => {
    const rig = new Rig();
    assert.is(act(rig), false);
    assert.equal(rig.said, [says]);
  });
life('stop and invalidate may be called at any time, twice, in silence', () => {
  const rig = new Rig();
  const s = rig.create();
  for (let i = 0; i < 2; i++) rig.streams.stop(s);
  for (let i = 0; i < 2; i++) rig.streams.invalidate(s);
  rig.streams.stop(s);
  rig.streams.release(s);
  assert.equal(rig.said, []);
  assert.is(rig.streams.size, 0);
});
life('a start that the host refuses fails, and may be tried again', () => {
  const rig = new Rig();
  const s = rig.create();
  rig.streams.schedule(s);
  rig.refusal = -5;
  assert.not(rig.streams.start(s, 0));
  rig.refusal = 0;
  assert.ok(rig.streams.start(s, 0));
  rig.happen(made('/v/a'));
  assert.is(rig.told(), '/v/a 10100');
});
life.run();

const time = suite('latency');
time('0: what comes together goes out together, at once', () => {
  const rig = new Rig();
  rig.running();
  rig.happen(made('/v/a'), made('/v/b', { ino: 101 }));
  rig.happen(made('/v/c', { ino: 102 }));
  assert.is(rig.told(), '/v/a 10100, /v/b 10100 | /v/c 10100');
});
time('by default the first after a rest starts the wait', () => {
  const rig = new Rig();
  rig.running({ latency: 100 });
  rig.happen(made('/v/a'));
  rig.advance(60);
  rig.happen(made('/v/b', { ino: 101 }));
  rig.advance(39);
  assert.is(rig.told(), '');
  rig.advance(1);
  assert.is(rig.told(), '/v/a 10100, /v/b 10100');
  rig.happen(made('/v/c', { ino: 102 }));
  assert.is(rig.told(), '');
  rig.advance(100);
  assert.is(rig.told(), '/v/c 10100');
  assert.is(rig.wake, undefined);
});
time('NoDefer: the first after a rest at once, the rest of the window at its end', () => {
  const rig = new Rig();
  rig.running({ latency: 100, flags: FileEvents | NoDefer });
  rig.happen(made('/v/a'));
  assert.is(rig.told(), '/v/a 10100');
  rig.advance(30);
  rig.happen(made('/v/b', { ino: 101 }));
  rig.advance(30);
  rig.happen(made('/v/c', { ino: 102 }));
  assert.is(rig.told(), '');
  rig.advance(40);
  assert.is(rig.told(), '/v/b 10100, /v/c 10100');
  rig.advance(100);
  rig.happen(made('/v/d', { ino: 103 }));
  assert.is(rig.told(), '/v/d 10100');
});
time('a negative latency is none', () => {
  const rig = new Rig();
  rig.running({ latency: -5 });
  rig.happen(made('/v/a'));
  assert.is(rig.told(), '/v/a 10100');
});
time('a flush does not wait, and tells the highest id so far', () => {
  const rig = new Rig();
  const s = rig.running({ latency: 1000 });
  assert.is(rig.streams.flush(s), 0);
  rig.happen(made('/v/a'));
  const last = rig.streams.flush(s);
  assert.is(rig.batches[0]!.entries[0]!.id, last);
  assert.is(rig.wake, undefined);
});
time('streams have their own clocks', () => {
  const rig = new Rig();
  rig.running({ latency: 50 });
  rig.running({ latency: 20 });
  rig.happen(made('/v/a'));
  rig.advance(20);
  assert.equal(
    rig.batches.map(({ stream }) => stream),
    [2],
  );
  rig.advance(30);
  assert.equal(
    rig.batches.map(({ stream }) => stream),
    [2, 1],
  );
});
time.run();

const folding = suite('coalescing');
folding('changes of one item are one, with all their flags and the last id', () => {
  const rig = new Rig();
  rig.running({ latency: 10 });
  rig.happen(made('/v/a'), made('/v/b', { ino: 101 }), wrote('/v/a'), {
    kind: Attrib,
    detail: Detail.Mode,
    path: '/v/a',
  });
  rig.advance(10);
  const { entries } = rig.batches[0]!;
  assert.is(rig.told(), '/v/b 10100, /v/a 15100');
  assert.ok(entries[0]!.id < entries[1]!.id);
});
folding('not across inodes: a file made anew is another', () => {
  const rig = new Rig();
  rig.running({ latency: 10 });
  rig.happen(gone('/v/a'), made('/v/a', { ino: 101 }));
  rig.advance(10);
  assert.is(rig.told(), '/v/a 10200, /v/a 10100');
});
folding('not across deliveries', () => {
  const rig = new Rig();
  rig.running();
  for (const event of [made('/v/a'), wrote('/v/a'), gone('/v/a')]) rig.happen(event);
  assert.is(rig.told(), '/v/a 10100 | /v/a 11000 | /v/a 10200');
});
folding('across deliveries where flags are to cling', () => {
  const rig = new Rig({ sticky: true });
  rig.running();
  for (const event of [made('/v/a'), wrote('/v/a'), gone('/v/a')]) rig.happen(event);
  assert.is(rig.told(), '/v/a 10100 | /v/a 11100 | /v/a 11300');
});
folding(
  'atomic save: what the temporary file was comes before its rename, what follows does not part the pair',
  () => {
    const rig = new Rig();
    rig.running({ latency: 10 });
    rig.happen(
      made('/v/t'),
      wrote('/v/t'),
      moved('/v/t', '/v/f', { replaced: 55, replacedType: 8 }),
      wrote('/v/f'),
    );
    rig.advance(10);
    const ids = rig.batches[0]!.entries.map(({ id }) => id);
    assert.is(rig.told(), '/v/t 11900, /v/f 10800, /v/f 10800, /v/f 11000');
    assert.is(ids[1]! - ids[0]!, 1);
  },
);
folding('a directory is told once in a batch', () => {
  const rig = new Rig();
  rig.running({ latency: 10, flags: 0 });
  rig.happen(made('/v/d/a'), made('/v/d/b', { ino: 101 }), made('/v/e/c', { ino: 102 }));
  rig.advance(10);
  assert.is(rig.told(), '/v/d/ 0, /v/e/ 0');
});
folding.run();

const scope = suite('scope');
scope('only what is below a root, by whole names', () => {
  const rig = new Rig();
  rig.running({ roots: ['/v/d', '/v/e/f'] });
  rig.happen(made('/v/dd'), made('/v/d/x'), made('/v/e/x'), made('/v/e/f/y', { ino: 1 }));
  assert.is(rig.told(), '/v/d/x 10100, /v/e/f/y 10100');
});
scope('the root of everything', () => {
  const rig = new Rig();
  rig.running({ roots: ['/'], flags: 0 });
  rig.happen(made('/v'), made('/v/d/x'));
  assert.is(rig.told(), '/ 0, /v/d/ 0');
});
scope('excluded directories: what is below is left out, they themselves are not', () => {
  const rig = new Rig();
  const s = rig.create();
  assert.ok(rig.streams.exclude(s, ['/v/n', '/v/m']));
  rig.streams.schedule(s);
  rig.streams.start(s, 0);
  rig.happen(
    made('/v/n', { type: directory }),
    made('/v/n/x'),
    made('/v/nn'),
    moved('/v/m/a', '/v/b', { ino: 7 }),
  );
  assert.is(rig.told(), '/v/n 20100, /v/nn 10100, /v/b 10800');
});
scope('own changes: told, left out, or marked', () => {
  for (const [flags, expected] of [
    [0, '/v/a 10100, /v/b 10100'],
    [CreateFlag.IgnoreSelf, '/v/b 10100'],
    [CreateFlag.MarkSelf, '/v/a 90100, /v/b 10100'],
  ] as const) {
    const rig = new Rig();
    rig.running({ flags: FileEvents | flags });
    rig.happen(made('/v/a', { pid: ME }), made('/v/b', { pid: 1, ino: 101 }));
    assert.is(rig.told(), expected);
  }
});
scope.run();

const roots = suite('WatchRoot');
const root = (events: readonly Happened[], path = '/v/d/r'): string => {
  const rig = new Rig();
  rig.running({ roots: [path], flags: FileEvents | WatchRoot });
  rig.happen(...events);
  return rig.told();
};
const dir = { type: directory, nlink: 2 };
roots('the root renamed: its event, then RootChanged without an id', () => {
  const rig = new Rig();
  rig.running({ roots: ['/v/d/r'], flags: FileEvents | WatchRoot });
  rig.happen(moved('/v/d/r', '/v/d/q', dir));
  assert.is(rig.batches[0]!.entries[1]!.id, 0);
  assert.is(rig.told(), '/v/d/r 20800, /v/d/r 20');
});
roots('the root deleted', () => assert.is(root([gone('/v/d/r', dir)]), '/v/d/r 20200, /v/d/r 20'));
roots('a directory above it renamed: nothing else', () =>
  assert.is(root([moved('/v/d', '/v/e', dir)]), '/v/d/r 20'),
);
roots('gone once, not again with what was above it', () =>
  assert.is(root([gone('/v/d/r', dir), gone('/v/d', dir)]), '/v/d/r 20200, /v/d/r 20'),
);
roots('there again', () => {
  const rig = new Rig();
  rig.running({ roots: ['/v/d/r'], flags: FileEvents | WatchRoot });
  rig.happen(gone('/v/d/r', dir));
  rig.told();
  rig.happen(made('/v/d/r', { ...dir, ino: 300 }));
  assert.is(rig.told(), '/v/d/r 20100, /v/d/r 20');
});
roots('what is made above it does not hold it; what is moved there may', () => {
  assert.is(root([made('/v/d', dir)]), '');
  assert.is(root([moved('/v/z', '/v/d', dir)]), '/v/d/r 20');
});
roots('nothing of it without the flag', () => {
  const rig = new Rig();
  rig.running({ roots: ['/v/d/r'] });
  rig.happen(moved('/v/d', '/v/e', dir), gone('/v/e/r', dir));
  assert.is(rig.told(), '');
});
roots('IgnoreSelf does not silence it', () => {
  const rig = new Rig();
  rig.running({ roots: ['/v/d'], flags: FileEvents | WatchRoot | CreateFlag.IgnoreSelf });
  rig.happen(gone('/v/d', { ...dir, pid: ME }));
  assert.is(rig.told(), '/v/d 20');
});
roots.run();

const history = suite('history');
history('asked for: the past, HistoryDone, then what happens', () => {
  const rig = new Rig();
  rig.newest = 10;
  const s = rig.running({ since: 7 * 4 + 3 });
  assert.equal(rig.replays, [[1, 7]]);
  rig.happen(made('/v/live', { id: 11 }));
  assert.is(rig.told(), '', 'it is in the past as well');
  rig.past(s, [made('/v/a', { id: 8 }), made('/v/live', { id: 11 })], { newest: 11 });
  rig.happen(made('/v/late', { id: 12, ino: 5 }));
  assert.is(rig.told(), '/v/a 10100, /v/live 10100 | /v 10 | /v/late 10100');
});
history('none of it without asking', () => {
  const rig = new Rig();
  rig.running();
  assert.equal(rig.replays, []);
});
history('lost: everything is to be scanned, and it is done all the same', () => {
  const rig = new Rig();
  const s = rig.running({ since: 4, roots: ['/v/a', '/v/b'] });
  rig.past(s, [], { newest: 20, lost: true });
  assert.is(rig.told(), '/v/a 3, /v/b 3 | /v/a 10');
});
history('IgnoreSelf and MarkSelf know nothing of the past', () => {
  const rig = new Rig();
  const s = rig.running({ since: 0, flags: FileEvents | CreateFlag.IgnoreSelf | CreateFlag.MarkSelf });
  rig.past(s, [made('/v/a', { id: 1, pid: ME })], { newest: 1 });
  assert.is(rig.told(), '/v/a 10100 | /v 10');
});
history('FullHistory goes back to where its chunk begins', () => {
  const rig = new Rig();
  rig.running({ since: 4 * 3000, flags: CreateFlag.FullHistory });
  assert.equal(rig.replays, [[1, 2048]]);
});
history('a restart goes on where delivery ended, without another HistoryDone', () => {
  const rig = new Rig();
  rig.newest = 5;
  const s = rig.running();
  rig.happen(made('/v/a', { id: 6 }));
  rig.happen(made('/v/b', { id: 7, ino: 1 }));
  const delivered = rig.batches[0]!.entries[0]!.id;
  rig.streams.stop(s);
  rig.told();
  rig.newest = 9;
  rig.streams.start(s, delivered);
  assert.equal(rig.replays, [[1, 6]]);
  rig.past(s, [made('/v/b', { id: 7, ino: 1 }), made('/v/c', { id: 8, ino: 2 })], { newest: 9 });
  assert.is(rig.told(), '/v/b 10100, /v/c 10100');
});
history('a restart before anything was delivered goes on from the first start', () => {
  const rig = new Rig();
  rig.newest = 5;
  const s = rig.running();
  rig.streams.stop(s);
  rig.newest = 9;
  rig.streams.start(s, 0);
  assert.equal(rig.replays, [[1, 5]]);
});
history('a change that the host told before the start is not told after it', () => {
  const rig = new Rig();
  rig.newest = 5;
  rig.running();
  rig.happen(made('/v/old', { id: 5 }));
  assert.is(rig.told(), '');
});
history.run();

const loss = suite('loss');
loss('more than a window holds: every root is to be scanned, once', () => {
  const rig = new Rig();
  rig.running({ latency: 10, roots: ['/v/a', '/v/b'] });
  for (let i = 0; i <= WINDOW_LIMIT + 5; i++) rig.happen(made(`/v/a/${i}`, { ino: i }));
  rig.advance(10);
  assert.is(rig.told(), '/v/a 3, /v/b 3');
  rig.happen(made('/v/a/x'));
  rig.advance(10);
  assert.is(rig.told(), '/v/a/x 10100');
});
loss('one file changed without end fills nothing', () => {
  const rig = new Rig();
  rig.running({ latency: 10 });
  for (let i = 0; i < 20_000; i++) rig.happen(wrote('/v/a'));
  rig.advance(10);
  assert.is(rig.told(), '/v/a 11000');
});
loss('a program that does not keep up: what comes meanwhile is coalesced, and told when it has', () => {
  const rig = new Rig();
  const s = rig.running();
  rig.outstanding = OUTSTANDING_LIMIT + 1;
  rig.happen(wrote('/v/a'));
  assert.is(rig.held, 1);
  rig.told();
  rig.happen(wrote('/v/a'));
  rig.happen(wrote('/v/a'));
  assert.is(rig.told(), '');
  rig.outstanding = 0;
  rig.streams.drained(s);
  assert.is(rig.told(), '/v/a 11000');
});
loss('told by the host', () => {
  const rig = new Rig();
  rig.running();
  rig.running({ roots: ['/v/d'] });
  rig.lose();
  assert.is(rig.told(), '/v 3 | /v/d 3');
});
loss('a loss that a stop comes before is told after the restart', () => {
  const rig = new Rig();
  const s = rig.running({ latency: 10 });
  rig.lose();
  rig.streams.stop(s);
  rig.streams.start(s, 0);
  rig.past(s, [], { newest: rig.newest });
  assert.is(rig.told(), '/v 3');
});
loss('the host gone: as after a forced unmount', () => {
  const rig = new Rig();
  rig.running({ roots: ['/'] });
  rig.running({ roots: ['/v/d'], flags: FileEvents | WatchRoot });
  rig.feed.end();
  assert.is(rig.told(), `/v ${EventFlag.Unmount.toString(16)} | /v/d 20, /v/d 3`);
  const late = rig.create();
  rig.streams.schedule(late);
  assert.not(rig.streams.start(late, 0));
});
loss.run();

const mixed = suite('partly real');
const real = (path: string, id: number, flags = 0x10100) => ({ path, flags, id, ino: 0 });
mixed('both in one batch, one rising sequence, shadowed paths left out', () => {
  const rig = new Rig();
  rig.newest = 24;
  const s = rig.running({ roots: ['/'], mixed: true, latency: 100 });
  rig.happen(made('/v/a', { id: 25 }));
  rig.streams.real(s, [
    real('/etc/x', 90),
    real('/v/shadowed', 95),
    real('/etc/y', 104),
    real('/v/', 105, 0),
  ]);
  const { entries } = rig.batches[0]!;
  assert.is(rig.told(), '/etc/x 10100, /v/a 10100, /etc/y 10100');
  assert.equal(
    entries.map(({ id }) => id),
    [90, 100, 104],
  );
  assert.equal(rig.raised, [26], 'ours go on above the system’s');
});
mixed('ids rise although the system is ahead, and neighbours stay neighbours', () => {
  const rig = new Rig();
  const s = rig.running({ roots: ['/'], mixed: true });
  rig.streams.real(s, [real('/etc/x', 1000)]);
  rig.happen(moved('/v/a', '/v/b', { id: 3 }));
  rig.streams.real(s, [real('/etc/y', 1001), real('/etc/z', 2000)]);
  const ids = rig.batches.flatMap(({ entries }) => entries.map(({ id }) => id));
  assert.equal(ids, [1000, 1001, 1002, 1003, 2000]);
});
mixed('losses of the system concern everybody', () => {
  const rig = new Rig();
  const s = rig.running({ roots: ['/'], mixed: true });
  rig.streams.real(s, [real('/v', 5, EventFlag.MustScanSubDirs | EventFlag.KernelDropped)]);
  assert.is(rig.told(), '/v 5');
});
mixed('history is done when both are', () => {
  for (const first of ['ours', 'theirs']) {
    const rig = new Rig();
    const s = rig.running({ roots: ['/'], mixed: true, since: 0 });
    const ours = () => rig.past(s, [made('/v/a', { id: 1 })], { newest: 1 });
    const theirs = () => rig.streams.real(s, [real('/etc/x', 9), real('/', 10, EventFlag.HistoryDone)]);
    for (const tell of first === 'ours' ? [ours, theirs] : [theirs, ours]) tell();
    const flags = rig.batches.flatMap(({ entries }) => entries.map((entry) => entry.flags));
    assert.equal(flags.filter((one) => one === EventFlag.HistoryDone).length, 1, first);
    assert.is(flags.at(-1), EventFlag.HistoryDone);
    assert.is(flags.length, 3);
  }
});
mixed.run();
