import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WINDOW_LIMIT } from '../../../agent/fsevents/coalescing-window.ts';
import { CreateFlag, EventFlag, MAX_PATHS } from '../../../agent/fsevents/constants.ts';
import { OUTSTANDING_LIMIT } from '../../../agent/fsevents/stream.ts';
import { Detail, EventKind } from '../../../core/events/fs-event.ts';
import { WireType } from '../../../core/protocol.ts';
import { type ChangeFields, FileEvents, ME, NoDefer, Rig, WatchRoot } from './rig.ts';

const { Created, Removed, Modified, Renamed, Attrib } = EventKind;
const { directory } = WireType;

const modified = (path: string, more: Partial<ChangeFields> = {}): ChangeFields => ({
  kind: Modified,
  path,
  ...more,
});
const created = (path: string, more: Partial<ChangeFields> = {}): ChangeFields => ({
  kind: Created,
  path,
  ...more,
});
const removed = (path: string, more: Partial<ChangeFields> = {}): ChangeFields => ({
  kind: Removed,
  nlink: 0,
  path,
  ...more,
});
const renamed = (from: string, path: string, more: Partial<ChangeFields> = {}): ChangeFields => ({
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
  assert.equal(rig.logged, []);
});
life('no events before the start and after the stop', () => {
  const rig = new Rig();
  const s = rig.create();
  rig.live(created('/v/a'));
  rig.streams.schedule(s);
  rig.live(created('/v/b'));
  rig.streams.start(s, 0);
  rig.streams.stop(s);
  rig.live(created('/v/c'));
  assert.is(rig.delivered(), '');
});
for (const [name, act, message] of [
  [
    'start without a schedule',
    (rig: Rig) => rig.streams.start(rig.create(), 0),
    'FSEventStreamStart: the stream is not scheduled: schedule it before starting it',
  ],
  [
    'start after the only unschedule',
    (rig: Rig) => {
      const s = rig.create();
      rig.streams.schedule(s);
      rig.streams.unschedule(s);
      return rig.streams.start(s, 0);
    },
    'FSEventStreamStart: the stream is not scheduled: schedule it before starting it',
  ],
  [
    'schedule after invalidate',
    (rig: Rig) => {
      const s = rig.create();
      rig.streams.invalidate(s);
      return rig.streams.schedule(s);
    },
    'FSEventStreamSchedule: the stream has been invalidated and cannot be scheduled',
  ],
  [
    'flush before start',
    (rig: Rig) => rig.streams.flush(rig.create()) > 0,
    'FSEventStreamFlush: the stream is not running: start it before flushing it',
  ],
  [
    'too many paths',
    (rig: Rig) => {
      const s = rig.create({ roots: Array.from({ length: MAX_PATHS + 1 }, (_, i) => `/v/${i}`) });
      rig.streams.schedule(s);
      return rig.streams.start(s, 0);
    },
    'FSEventStreamStart: the stream has more than 4096 paths and cannot be started',
  ],
  [
    'exclusions of a running stream',
    (rig: Rig) => rig.streams.exclude(rig.running(), ['/v/a']),
    'FSEventStreamSetExclusionPaths: the stream has been started: exclude paths before starting it',
  ],
  [
    'nine exclusions',
    (rig: Rig) => rig.streams.exclude(rig.create(), '123456789'.split('')),
    'FSEventStreamSetExclusionPaths: at most 8 paths can be excluded',
  ],
] as const)
  life(`refused with a message: ${name}`, () => {
    const rig = new Rig();
    assert.is(act(rig), false);
    assert.equal(rig.logged, [message]);
  });
life('stop and invalidate are allowed at any time, also twice, without a message', () => {
  const rig = new Rig();
  const s = rig.create();
  for (let i = 0; i < 2; i++) rig.streams.stop(s);
  for (let i = 0; i < 2; i++) rig.streams.invalidate(s);
  rig.streams.stop(s);
  rig.streams.release(s);
  assert.equal(rig.logged, []);
  assert.is(rig.streams.size, 0);
});
life('a start that the host refuses fails and can be repeated', () => {
  const rig = new Rig();
  const s = rig.create();
  rig.streams.schedule(s);
  rig.refusal = -5;
  assert.not(rig.streams.start(s, 0));
  rig.refusal = 0;
  assert.ok(rig.streams.start(s, 0));
  rig.live(created('/v/a'));
  assert.is(rig.delivered(), '/v/a 10100');
});
life.run();

const time = suite('latency');
time('0: the events of a chunk are delivered immediately, as one batch', () => {
  const rig = new Rig();
  rig.running();
  rig.live(created('/v/a'), created('/v/b', { ino: 101 }));
  rig.live(created('/v/c', { ino: 102 }));
  assert.is(rig.delivered(), '/v/a 10100, /v/b 10100 | /v/c 10100');
});
time('by default the first event after a pause starts the window', () => {
  const rig = new Rig();
  rig.running({ latency: 100 });
  rig.live(created('/v/a'));
  rig.advance(60);
  rig.live(created('/v/b', { ino: 101 }));
  rig.advance(39);
  assert.is(rig.delivered(), '');
  rig.advance(1);
  assert.is(rig.delivered(), '/v/a 10100, /v/b 10100');
  rig.live(created('/v/c', { ino: 102 }));
  assert.is(rig.delivered(), '');
  rig.advance(100);
  assert.is(rig.delivered(), '/v/c 10100');
  assert.is(rig.wake, undefined);
});
time(
  'NoDefer: the first event after a pause is delivered immediately, later ones at the end of the window',
  () => {
    const rig = new Rig();
    rig.running({ latency: 100, flags: FileEvents | NoDefer });
    rig.live(created('/v/a'));
    assert.is(rig.delivered(), '/v/a 10100');
    rig.advance(30);
    rig.live(created('/v/b', { ino: 101 }));
    rig.advance(30);
    rig.live(created('/v/c', { ino: 102 }));
    assert.is(rig.delivered(), '');
    rig.advance(40);
    assert.is(rig.delivered(), '/v/b 10100, /v/c 10100');
    rig.advance(100);
    rig.live(created('/v/d', { ino: 103 }));
    assert.is(rig.delivered(), '/v/d 10100');
  },
);
time('a negative latency is 0', () => {
  const rig = new Rig();
  rig.running({ latency: -5 });
  rig.live(created('/v/a'));
  assert.is(rig.delivered(), '/v/a 10100');
});
time('a flush does not wait, and returns the highest id so far', () => {
  const rig = new Rig();
  const s = rig.running({ latency: 1000 });
  assert.is(rig.streams.flush(s), 0);
  rig.live(created('/v/a'));
  const last = rig.streams.flush(s);
  assert.is(rig.batches[0]!.events[0]!.id, last);
  assert.is(rig.wake, undefined);
});
time('each stream has its own due time', () => {
  const rig = new Rig();
  rig.running({ latency: 50 });
  rig.running({ latency: 20 });
  rig.live(created('/v/a'));
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
folding('changes of an item are one event with all their flags and the last id', () => {
  const rig = new Rig();
  rig.running({ latency: 10 });
  rig.live(created('/v/a'), created('/v/b', { ino: 101 }), modified('/v/a'), {
    kind: Attrib,
    detail: Detail.Mode,
    path: '/v/a',
  });
  rig.advance(10);
  const { events } = rig.batches[0]!;
  assert.is(rig.delivered(), '/v/b 10100, /v/a 15100');
  assert.ok(events[0]!.id < events[1]!.id);
});
folding('not across inodes: a file created again is a different item', () => {
  const rig = new Rig();
  rig.running({ latency: 10 });
  rig.live(removed('/v/a'), created('/v/a', { ino: 101 }));
  rig.advance(10);
  assert.is(rig.delivered(), '/v/a 10200, /v/a 10100');
});
folding('not across deliveries', () => {
  const rig = new Rig();
  rig.running();
  for (const event of [created('/v/a'), modified('/v/a'), removed('/v/a')]) rig.live(event);
  assert.is(rig.delivered(), '/v/a 10100 | /v/a 11000 | /v/a 10200');
});
folding('across deliveries with sticky flags', () => {
  const rig = new Rig({ sticky: true });
  rig.running();
  for (const event of [created('/v/a'), modified('/v/a'), removed('/v/a')]) rig.live(event);
  assert.is(rig.delivered(), '/v/a 10100 | /v/a 11100 | /v/a 11300');
});
folding(
  'atomic save: changes of the temporary file precede its rename, later changes do not separate the pair',
  () => {
    const rig = new Rig();
    rig.running({ latency: 10 });
    rig.live(
      created('/v/t'),
      modified('/v/t'),
      renamed('/v/t', '/v/f', { replaced: 55, replacedType: 8 }),
      modified('/v/f'),
    );
    rig.advance(10);
    const ids = rig.batches[0]!.events.map(({ id }) => id);
    assert.is(rig.delivered(), '/v/t 11900, /v/f 10800, /v/f 10800, /v/f 11000');
    assert.is(ids[1]! - ids[0]!, 1);
  },
);
folding('a directory is reported once in a batch', () => {
  const rig = new Rig();
  rig.running({ latency: 10, flags: 0 });
  rig.live(created('/v/d/a'), created('/v/d/b', { ino: 101 }), created('/v/e/c', { ino: 102 }));
  rig.advance(10);
  assert.is(rig.delivered(), '/v/d/ 0, /v/e/ 0');
});
folding.run();

const scope = suite('scope');
scope('only paths below a root, compared by whole names', () => {
  const rig = new Rig();
  rig.running({ roots: ['/v/d', '/v/e/f'] });
  rig.live(created('/v/dd'), created('/v/d/x'), created('/v/e/x'), created('/v/e/f/y', { ino: 1 }));
  assert.is(rig.delivered(), '/v/d/x 10100, /v/e/f/y 10100');
});
scope('the root directory', () => {
  const rig = new Rig();
  rig.running({ roots: ['/'], flags: 0 });
  rig.live(created('/v'), created('/v/d/x'));
  assert.is(rig.delivered(), '/ 0, /v/d/ 0');
});
scope('excluded directories: events below them are dropped, their own are not', () => {
  const rig = new Rig();
  const s = rig.create();
  assert.ok(rig.streams.exclude(s, ['/v/n', '/v/m']));
  rig.streams.schedule(s);
  rig.streams.start(s, 0);
  rig.live(
    created('/v/n', { type: directory }),
    created('/v/n/x'),
    created('/v/nn'),
    renamed('/v/m/a', '/v/b', { ino: 7 }),
  );
  assert.is(rig.delivered(), '/v/n 20100, /v/nn 10100, /v/b 10800');
});
scope('own changes: reported, ignored, or marked', () => {
  for (const [flags, expected] of [
    [0, '/v/a 10100, /v/b 10100'],
    [CreateFlag.IgnoreSelf, '/v/b 10100'],
    [CreateFlag.MarkSelf, '/v/a 90100, /v/b 10100'],
  ] as const) {
    const rig = new Rig();
    rig.running({ flags: FileEvents | flags });
    rig.live(created('/v/a', { pid: ME }), created('/v/b', { pid: 1, ino: 101 }));
    assert.is(rig.delivered(), expected);
  }
});
scope.run();

const roots = suite('WatchRoot');
const root = (events: readonly ChangeFields[], path = '/v/d/r'): string => {
  const rig = new Rig();
  rig.running({ roots: [path], flags: FileEvents | WatchRoot });
  rig.live(...events);
  return rig.delivered();
};
const dir = { type: directory, nlink: 2 };
roots('a renamed root: its item event, then RootChanged without an id', () => {
  const rig = new Rig();
  rig.running({ roots: ['/v/d/r'], flags: FileEvents | WatchRoot });
  rig.live(renamed('/v/d/r', '/v/d/q', dir));
  assert.is(rig.batches[0]!.events[1]!.id, 0);
  assert.is(rig.delivered(), '/v/d/r 20800, /v/d/r 20');
});
roots('a deleted root', () => assert.is(root([removed('/v/d/r', dir)]), '/v/d/r 20200, /v/d/r 20'));
roots('a renamed directory above the root: RootChanged alone', () =>
  assert.is(root([renamed('/v/d', '/v/e', dir)]), '/v/d/r 20'),
);
roots('a deleted root is reported once, not again when its parent is deleted', () =>
  assert.is(root([removed('/v/d/r', dir), removed('/v/d', dir)]), '/v/d/r 20200, /v/d/r 20'),
);
roots('a root created again', () => {
  const rig = new Rig();
  rig.running({ roots: ['/v/d/r'], flags: FileEvents | WatchRoot });
  rig.live(removed('/v/d/r', dir));
  rig.delivered();
  rig.live(created('/v/d/r', { ...dir, ino: 300 }));
  assert.is(rig.delivered(), '/v/d/r 20100, /v/d/r 20');
});
roots('a directory created above the root does not contain it; a directory moved there may', () => {
  assert.is(root([created('/v/d', dir)]), '');
  assert.is(root([renamed('/v/z', '/v/d', dir)]), '/v/d/r 20');
});
roots('no RootChanged without the flag', () => {
  const rig = new Rig();
  rig.running({ roots: ['/v/d/r'] });
  rig.live(renamed('/v/d', '/v/e', dir), removed('/v/e/r', dir));
  assert.is(rig.delivered(), '');
});
roots('IgnoreSelf does not suppress RootChanged', () => {
  const rig = new Rig();
  rig.running({ roots: ['/v/d'], flags: FileEvents | WatchRoot | CreateFlag.IgnoreSelf });
  rig.live(removed('/v/d', { ...dir, pid: ME }));
  assert.is(rig.delivered(), '/v/d 20');
});
roots.run();

const history = suite('history');
history('with an id: the replay, HistoryDone, then live events', () => {
  const rig = new Rig();
  rig.newest = 10;
  const s = rig.running({ since: 7 * 4 + 3 });
  assert.equal(rig.replays, [[1, 7]]);
  rig.live(created('/v/live', { id: 11 }));
  assert.is(rig.delivered(), '', 'the replay contains it');
  rig.replay(s, [created('/v/a', { id: 8 }), created('/v/live', { id: 11 })], { newest: 11 });
  rig.live(created('/v/late', { id: 12, ino: 5 }));
  assert.is(rig.delivered(), '/v/a 10100, /v/live 10100 | /v 10 | /v/late 10100');
});
history('no replay without an id', () => {
  const rig = new Rig();
  rig.running();
  assert.equal(rig.replays, []);
});
history('an incomplete replay: MustScanSubDirs for every root, then HistoryDone', () => {
  const rig = new Rig();
  const s = rig.running({ since: 4, roots: ['/v/a', '/v/b'] });
  rig.replay(s, [], { newest: 20, lost: true });
  assert.is(rig.delivered(), '/v/a 3, /v/b 3 | /v/a 10');
});
history('IgnoreSelf and MarkSelf do not apply to a replay', () => {
  const rig = new Rig();
  const s = rig.running({ since: 0, flags: FileEvents | CreateFlag.IgnoreSelf | CreateFlag.MarkSelf });
  rig.replay(s, [created('/v/a', { id: 1, pid: ME })], { newest: 1 });
  assert.is(rig.delivered(), '/v/a 10100 | /v 10');
});
history('FullHistory replays from the start of its chunk', () => {
  const rig = new Rig();
  rig.running({ since: 4 * 3000, flags: CreateFlag.FullHistory });
  assert.equal(rig.replays, [[1, 2048]]);
});
history('a restart continues after the last delivered event, without another HistoryDone', () => {
  const rig = new Rig();
  rig.newest = 5;
  const s = rig.running();
  rig.live(created('/v/a', { id: 6 }));
  rig.live(created('/v/b', { id: 7, ino: 1 }));
  const delivered = rig.batches[0]!.events[0]!.id;
  rig.streams.stop(s);
  rig.delivered();
  rig.newest = 9;
  rig.streams.start(s, delivered);
  assert.equal(rig.replays, [[1, 6]]);
  rig.replay(s, [created('/v/b', { id: 7, ino: 1 }), created('/v/c', { id: 8, ino: 2 })], { newest: 9 });
  assert.is(rig.delivered(), '/v/b 10100, /v/c 10100');
});
history('a restart before the first delivery replays from the first start', () => {
  const rig = new Rig();
  rig.newest = 5;
  const s = rig.running();
  rig.streams.stop(s);
  rig.newest = 9;
  rig.streams.start(s, 0);
  assert.equal(rig.replays, [[1, 5]]);
});
history('a change older than the start is not reported', () => {
  const rig = new Rig();
  rig.newest = 5;
  rig.running();
  rig.live(created('/v/old', { id: 5 }));
  assert.is(rig.delivered(), '');
});
history.run();

const loss = suite('loss');
loss('more events than a window holds: MustScanSubDirs for every root, once', () => {
  const rig = new Rig();
  rig.running({ latency: 10, roots: ['/v/a', '/v/b'] });
  for (let i = 0; i <= WINDOW_LIMIT + 5; i++) rig.live(created(`/v/a/${i}`, { ino: i }));
  rig.advance(10);
  assert.is(rig.delivered(), '/v/a 3, /v/b 3');
  rig.live(created('/v/a/x'));
  rig.advance(10);
  assert.is(rig.delivered(), '/v/a/x 10100');
});
loss('any number of changes of one file occupy one place in the window', () => {
  const rig = new Rig();
  rig.running({ latency: 10 });
  for (let i = 0; i < 20_000; i++) rig.live(modified('/v/a'));
  rig.advance(10);
  assert.is(rig.delivered(), '/v/a 11000');
});
loss('a program that falls behind: events are coalesced until its queue is empty, then delivered', () => {
  const rig = new Rig();
  const s = rig.running();
  rig.outstanding = OUTSTANDING_LIMIT + 1;
  rig.live(modified('/v/a'));
  assert.is(rig.held, 1);
  rig.delivered();
  rig.live(modified('/v/a'));
  rig.live(modified('/v/a'));
  assert.is(rig.delivered(), '');
  rig.outstanding = 0;
  rig.streams.drained(s);
  assert.is(rig.delivered(), '/v/a 11000');
});
loss('a loss reported by the host', () => {
  const rig = new Rig();
  rig.running();
  rig.running({ roots: ['/v/d'] });
  rig.lose();
  assert.is(rig.delivered(), '/v 3 | /v/d 3');
});
loss('a loss that was not delivered before a stop is reported after the restart', () => {
  const rig = new Rig();
  const s = rig.running({ latency: 10 });
  rig.lose();
  rig.streams.stop(s);
  rig.streams.start(s, 0);
  rig.replay(s, [], { newest: rig.newest });
  assert.is(rig.delivered(), '/v 3');
});
loss('the end of the host is reported as a forced unmount', () => {
  const rig = new Rig();
  rig.running({ roots: ['/'] });
  rig.running({ roots: ['/v/d'], flags: FileEvents | WatchRoot });
  rig.feed.end();
  assert.is(rig.delivered(), `/v ${EventFlag.Unmount.toString(16)} | /v/d 20, /v/d 3`);
  const late = rig.create();
  rig.streams.schedule(late);
  assert.not(rig.streams.start(late, 0));
});
loss.run();

const mixed = suite('partly real');
const real = (path: string, id: number, flags = 0x10100) => ({ path, flags, id, ino: 0 });
mixed('both sources in one batch, in one rising sequence, without shadowed paths', () => {
  const rig = new Rig();
  rig.newest = 24;
  const s = rig.running({ roots: ['/'], mixed: true, latency: 100 });
  rig.live(created('/v/a', { id: 25 }));
  rig.streams.real(s, [
    real('/etc/x', 90),
    real('/v/shadowed', 95),
    real('/etc/y', 104),
    real('/v/', 105, 0),
  ]);
  const { events } = rig.batches[0]!;
  assert.is(rig.delivered(), '/etc/x 10100, /v/a 10100, /etc/y 10100');
  assert.equal(
    events.map(({ id }) => id),
    [90, 100, 104],
  );
  assert.equal(rig.raised, [26], 'the host’s ids continue above the system’s');
});
mixed('ids rise although the system’s are higher, and consecutive ids stay consecutive', () => {
  const rig = new Rig();
  const s = rig.running({ roots: ['/'], mixed: true });
  rig.streams.real(s, [real('/etc/x', 1000)]);
  rig.live(renamed('/v/a', '/v/b', { id: 3 }));
  rig.streams.real(s, [real('/etc/y', 1001), real('/etc/z', 2000)]);
  const ids = rig.batches.flatMap(({ events }) => events.map(({ id }) => id));
  assert.equal(ids, [1000, 1001, 1002, 1003, 2000]);
});
mixed('losses of the system are reported, also below a mount', () => {
  const rig = new Rig();
  const s = rig.running({ roots: ['/'], mixed: true });
  rig.streams.real(s, [real('/v', 5, EventFlag.MustScanSubDirs | EventFlag.KernelDropped)]);
  assert.is(rig.delivered(), '/v 5');
});
mixed('HistoryDone follows the end of both replays', () => {
  for (const first of ['ours', 'theirs']) {
    const rig = new Rig();
    const s = rig.running({ roots: ['/'], mixed: true, since: 0 });
    const ours = () => rig.replay(s, [created('/v/a', { id: 1 })], { newest: 1 });
    const theirs = () => rig.streams.real(s, [real('/etc/x', 9), real('/', 10, EventFlag.HistoryDone)]);
    for (const replay of first === 'ours' ? [ours, theirs] : [theirs, ours]) replay();
    const flags = rig.batches.flatMap(({ events }) => events.map((event) => event.flags));
    assert.equal(flags.filter((flag) => flag === EventFlag.HistoryDone).length, 1, first);
    assert.is(flags.at(-1), EventFlag.HistoryDone);
    assert.is(flags.length, 3);
  }
});
mixed.run();
