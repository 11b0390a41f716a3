import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EventKind, type FsEvent } from '../../core/events/fs-event.ts';
import { type History, Journal, type JournalLimits } from '../../core/journal.ts';
import { put, setup } from './fixture.ts';

const event = (id: number, time = id, path = '/f'): FsEvent => ({
  id,
  kind: EventKind.Modified,
  path,
  ino: 2,
  parent: 1,
  type: 'file',
  nlink: 1,
  pid: 0,
  branch: 'main',
  time,
  detail: 0,
});

interface Row {
  readonly name: string;
  readonly limits: Partial<JournalLimits>;
  readonly events: readonly FsEvent[];
  readonly since: number;
  /** Ids, or the range that is still held. */
  readonly expect:
    | readonly number[]
    | { readonly lost: true; readonly oldest: number; readonly newest: number };
}

const ids = (history: History): number[] | undefined =>
  history.lost ? undefined : history.events.map(({ id }) => id);
const ten = Array.from({ length: 10 }, (_, i) => event(i + 1));

const ROWS: readonly Row[] = [
  { name: 'all since 0', limits: {}, events: ten, since: 0, expect: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] },
  { name: 'since the middle', limits: {}, events: ten, since: 8, expect: [9, 10] },
  { name: 'since the newest', limits: {}, events: ten, since: 10, expect: [] },
  { name: 'since the future', limits: {}, events: ten, since: 99, expect: [] },
  { name: 'nothing happened yet', limits: {}, events: [], since: 0, expect: [] },
  { name: 'the oldest still held', limits: { maxEvents: 3 }, events: ten, since: 7, expect: [8, 9, 10] },
  {
    name: 'one below the oldest',
    limits: { maxEvents: 3 },
    events: ten,
    since: 6,
    expect: { lost: true, oldest: 8, newest: 10 },
  },
  {
    name: 'too old',
    limits: { maxAgeMs: 100 },
    events: [event(1, 0), event(2, 50), event(3, 120)],
    since: 0,
    expect: { lost: true, oldest: 2, newest: 3 },
  },
  {
    name: 'too many bytes',
    limits: { maxBytes: 3000 },
    events: [event(1), event(2, 2, `/${'x'.repeat(1000)}`), event(3, 3, `/${'y'.repeat(1000)}`)],
    since: 1,
    expect: { lost: true, oldest: 3, newest: 3 },
  },
  {
    name: 'nothing kept',
    limits: { maxEvents: 0 },
    events: ten,
    since: 9,
    expect: { lost: true, oldest: 0, newest: 10 },
  },
  { name: 'nothing kept, nothing missed', limits: { maxEvents: 0 }, events: ten, since: 10, expect: [] },
];

const JournalSuite = suite('journal');

for (const row of ROWS)
  JournalSuite(row.name, () => {
    const journal = new Journal(row.limits);
    for (const one of row.events) journal.push({ event: one });
    const history = journal.since(row.since);
    assert.equal(history.lost ? history : history.events.map(({ id }) => id), row.expect);
  });

JournalSuite('a limit returns the oldest events, and a second query continues from there', () => {
  const journal = new Journal();
  for (const one of ten) journal.push({ event: one });
  const ids = (after: number) => {
    const history = journal.since(after, { limit: 4 });
    return history.lost ? [] : history.events.map(({ id }) => id);
  };
  assert.equal(ids(0), [1, 2, 3, 4]);
  assert.equal(ids(4), [5, 6, 7, 8]);
  assert.equal(ids(8), [9, 10]);
});

JournalSuite('stays bounded over many events', () => {
  const journal = new Journal({ maxEvents: 100 });
  for (let id = 1; id <= 10_000; id++) journal.push({ event: event(id) });
  assert.is(journal.size, 100);
  assert.is(journal.oldest, 9901);
  assert.ok(journal.bytes < 100 * 300);
});

JournalSuite('returns to each branch the events it saw', () => {
  const { core, view } = setup();
  put(view, '/early', '');
  core.createBranch('b');
  put(view, '/both', '');
  core.hide('b', '/both');
  put(view, '/both', 'hidden from b');
  const told = (branch: string) => {
    const history = core.journal.since(0, { branch });
    assert.not(history.lost);
    return history.lost ? [] : history.events.map(({ path, kind }) => `${kind} ${path}`);
  };
  assert.equal(told('b'), ['1 /both', '3 /both', '2 /both']);
  assert.equal(told('main').at(-1), '3 /both');
});

JournalSuite('keeps nothing where events are off', () => {
  const { core, view, events } = setup({ trackEvents: false });
  put(view, '/f', 'x');
  assert.is(core.journal.size, 0);
  assert.is(events.length, 0);
});

JournalSuite(
  'ids may leap: nothing is lost between the last that was dropped and the oldest that is held',
  () => {
    const journal = new Journal({ maxEvents: 2 });
    for (const id of [5, 1000, 5000, 9000]) journal.push({ event: event(id) });
    assert.equal(ids(journal.since(1000)), [5000, 9000]);
    assert.equal(ids(journal.since(4000)), [5000, 9000]);
    assert.ok(journal.since(999).lost);
    const fresh = new Journal();
    fresh.push({ event: event(1000) });
    assert.equal(ids(fresh.since(3)), [1000]);
  },
);

JournalSuite('the last event before a time', () => {
  const journal = new Journal();
  for (const id of [3, 4, 8]) journal.push({ event: { ...event(id), time: id * 100 } });
  assert.equal(
    [100, 301, 400, 401, 9999].map((time) => journal.before(time)),
    [0, 3, 3, 4, 8],
  );
});

JournalSuite.run();
