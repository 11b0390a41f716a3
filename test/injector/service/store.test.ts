import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatId, parseId } from '../../../injector/service/event-id.ts';
import { Ring } from '../../../injector/service/ring.ts';
import { SqliteStore } from '../../../injector/service/store/sqlite-store.ts';

const store = suite<{ dir: string; file: string }>('store');

store.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'shimfs-store-'));
  context.file = join(context.dir, 'store.db');
});
store.after.each(({ dir }) => rmSync(dir, { recursive: true, force: true }));

const event = (id: number, time = id) => ({ id, time, body: `{"n":${id}}` });
const row = (id: string, droppedThrough = 0, cursor: string | null = null) => ({
  id,
  definition: '{}',
  origin: 0,
  droppedThrough,
  cursor,
});

store('a restart finds definitions, events and the sequence', ({ file }) => {
  const first = new SqliteStore(file);
  first.putWatcher(row('a'));
  first.append(row('a', 1, 'here'), [event(1), event(2), event(3)]);
  first.close(3);
  const second = new SqliteStore(file);
  assert.is(second.epoch, first.epoch);
  assert.is(second.startId, 3);
  assert.equal(second.watchers(), [row('a', 1, 'here')]);
  assert.equal(second.events('a'), [event(2), event(3)]);
  second.deleteWatcher('a');
  assert.equal(second.events('a'), []);
  second.close(3);
  assert.is(statSync(file).mode & 0o777, 0o600);
});

store('two services never have the same store', ({ file }) => {
  const first = new SqliteStore(file);
  assert.throws(() => new SqliteStore(file), /another service has the store/);
  first.close(0);
  new SqliteStore(file).close(0);
});

store('the run after a kill begins above all reserved ids', ({ file }) => {
  new SqliteStore(file).close(7);
  const script = `import { SqliteStore } from './injector/service/store/sqlite-store.ts';
    const store = new SqliteStore(process.env.FILE);
    const row = { id: 'a', definition: '{}', origin: 0, droppedThrough: 0, cursor: null };
    store.putWatcher(row);
    store.append(row, [{ id: 8, time: 8, body: '{"n":8}' }]);
    process.kill(process.pid, 'SIGKILL');`;
  const run = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    env: { ...process.env, FILE: file },
  });
  assert.is(run.signal, 'SIGKILL', run.stderr.toString());
  const next = new SqliteStore(file);
  assert.ok(next.startId > 8 + 1e9);
  assert.equal(next.events('a'), [event(8)]);
  next.close(next.startId);
});

store('an append is all or nothing', ({ file }) => {
  const one = new SqliteStore(file);
  one.putWatcher(row('a'));
  one.append(row('a'), [event(1)]);
  assert.throws(() => one.append(row('a'), [event(2), event(1)]));
  assert.equal(one.events('a'), [event(1)]);
  one.close(2);
});

for (const [name, bytes] of [
  ['no database at all', Buffer.from('this is not a database, but long enough to be one'.repeat(40))],
  ['a torn header', Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(5000, 0xa5)])],
] as const)
  store(`corrupted (${name}): renamed and reported`, ({ file, dir }) => {
    writeFileSync(file, bytes);
    const one = new SqliteStore(file, () => 1234);
    assert.match(one.notice ?? '', /corrupted.*renamed to .*corrupted-1234/);
    assert.ok(readdirSync(dir).includes('store.db.corrupted-1234'));
    one.putWatcher(row('a'));
    one.close(0);
    assert.is(new SqliteStore(file).notice, undefined);
  });

store('a ring drops by count, by bytes and by age, and knows which events are lost', () => {
  const ring = new Ring(0, { events: 3, bytes: 1000, seconds: 10 });
  for (let id = 1; id <= 5; id++) ring.push(event(id * 10, 1000));
  assert.ok(ring.trim(1000));
  assert.equal([ring.count, ring.oldest?.id, ring.droppedThrough], [3, 30, 20]);
  assert.equal(
    [0, 19, 20, 25, 30].map((cursor) => ring.expired(cursor)),
    [true, true, false, false, false],
  );
  assert.equal(
    ring.after(20, 2).map(({ id }) => id),
    [30, 40],
  );
  ring.trim(11_001);
  assert.is(ring.count, 0);
  const small = new Ring(0, { events: 100, bytes: 20, seconds: 10 });
  for (let id = 1; id <= 5; id++) small.push(event(id));
  small.trim(5);
  assert.ok(small.bytes <= 20 && small.count === 2);
});

store('ids compare as text, and other text is not an id', () => {
  assert.is(formatId(42), '00000000000000000042');
  assert.ok(formatId(9) < formatId(10) && formatId(2 ** 53 - 1).length === 20);
  assert.equal(['', '-1', '1e3', 'x', '1'.repeat(21)].map(parseId), [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  assert.is(parseId(formatId(77)), 77);
});

store.run();
