/** Reading events: nothing is queued for a slow reader, and lost history is reported. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FsCore } from '../../../../core/fs-core.ts';
import type { EventItem } from '../../../../injector/control/methods.ts';
import { eventMethods } from '../../../../injector/host/control/events.ts';
import type { ControlCall } from '../../../../injector/host/control/method.ts';
import type { Session } from '../../../../injector/host/session/session.ts';

const test = suite('event.read');
const turn = () => new Promise((resolve) => setImmediate(resolve));

function reader(maxEvents: number) {
  const core = new FsCore({ mounts: ['/v'], journal: { maxEvents } });
  const items: EventItem[] = [];
  const state = { backlog: 0, drain: () => {}, end: () => {} };
  const call = {
    session: { core } as Session,
    handles: new Map(),
    push: (item: EventItem) => void items.push(item),
    get backlog() {
      return state.backlog;
    },
    onDrain: (action: () => void) => {
      state.drain = action;
    },
    onEnd: (action: () => void) => {
      state.end = action;
    },
  } as unknown as ControlCall<EventItem>;
  const read = (params: Record<string, unknown>) => eventMethods['event.read'](params, call);
  const ids = (): (number | string)[] =>
    items.flatMap((item): (number | string)[] =>
      'events' in item ? item.events.map(({ id }) => id) : [`lost to ${item.lost.oldest}`],
    );
  const change = (count: number): void => {
    for (let i = 0; i < count; i++) core.fs.chmodSync('/v', i & 1 ? 0o755 : 0o700);
  };
  return { core, state, read, ids, items, change };
}

test('without an id, all events in the journal are sent, and none is reported lost', async () => {
  const { change, read, ids } = reader(3);
  change(5);
  assert.equal(await read({}), { newest: 5 });
  assert.equal(ids(), [3, 4, 5]);
});

test('from an id that is no longer in the journal, the loss is reported before the remaining events', async () => {
  const { change, read, ids } = reader(3);
  change(5);
  await read({ since: 0 });
  assert.equal(ids(), ['lost to 3', 3, 4, 5]);
});

test('from an id in the journal, the events after it are sent', async () => {
  const { change, read, ids } = reader(10);
  change(5);
  await read({ since: 3 });
  assert.equal(ids(), [4, 5]);
  await read({ since: 5 });
  await read({ since: 999 });
  assert.equal(ids(), [4, 5]);
});

test('many events are sent in batches', async () => {
  const { change, read, items } = reader(10_000);
  change(1000);
  await read({ since: 0 });
  const sizes = items.map((item) => ('events' in item ? item.events.length : -1));
  assert.is(
    sizes.reduce((sum, n) => sum + n, 0),
    1000,
  );
  assert.ok(Math.max(...sizes) <= 256);
});

test('a slow follower continues at its position, and nothing is queued for it', async () => {
  const { change, read, ids, state } = reader(100);
  void read({ follow: true, since: 0 });
  change(2);
  await turn();
  state.backlog = 2 ** 21;
  change(50);
  await turn();
  assert.is(ids().length, 2);
  state.backlog = 0;
  state.drain();
  await turn();
  assert.equal(
    ids(),
    Array.from({ length: 52 }, (_, i) => i + 1),
  );
});

test('a follower slower than the journal gets a report of the loss', async () => {
  const { change, read, ids, state } = reader(10);
  void read({ follow: true });
  change(1);
  await turn();
  state.backlog = 2 ** 21;
  change(100);
  await turn();
  state.backlog = 0;
  state.drain();
  await turn();
  assert.equal(ids(), [1, 'lost to 92', ...Array.from({ length: 10 }, (_, i) => 92 + i)]);
});

test('a follower that disconnected gets no more events', async () => {
  const { change, read, ids, state } = reader(10);
  void read({ follow: true });
  state.end();
  change(1);
  await turn();
  assert.equal(ids(), []);
});

test('events that are not visible in the branch are not read twice', async () => {
  const { core, change, read, ids } = reader(10_000);
  core.createBranch('apart');
  core.fsFor('apart').chmodSync('/v', 0o711);
  change(600);
  core.fsFor('apart').chmodSync('/v', 0o700);
  await read({ branch: 'apart', since: 0 });
  assert.equal(ids(), [1, 602]);
});

test.run();
