/** Dirty marks and rings become events, in order, and none after the end. */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { O_CREAT, O_RDWR } from '../../../../core/constants.ts';
import { Detail, EventKind, type FsEvent, kindName } from '../../../../core/events/fs-event.ts';
import { FsCore } from '../../../../core/fs-core.ts';
import { NativeWrites } from '../../../../injector/host/session/native-writes.ts';
import { connection, pid } from '../../../support/numbers.ts';
import { SELF } from '../../../support/self.ts';

const scratch = mkdtempSync(join(tmpdir(), 'shimfs-writes-'));

function setup() {
  const directory = mkdtempSync(join(scratch, 'o-'));
  const core = new FsCore({ mounts: ['/v'], backstore: { kind: 'shared', directory }, owner: SELF });
  const marks = new Map<number, number>();
  const events: string[] = [];
  const closes: FsEvent[] = [];
  const writes = new NativeWrites({
    core,
    takeMark: (slot) => {
      const mark = marks.get(slot) ?? 0;
      marks.delete(slot);
      return mark;
    },
    onClosed: (event) => closes.push(event),
    uidOf: () => 0,
  });
  core.subscribe((event) => {
    writes.mark(event);
    events.push(`${kindName(event.kind)} ${event.path} by ${event.pid}`);
  });
  const view = core.view('main', { ...SELF, umask: 0 });
  /** Opens a new file as a process does. */
  const open = (path: string) => {
    const { attr } = view.open({ path }, O_CREAT | O_RDWR, 0o600);
    core.opened(attr.oid, connection(1));
    writes.writerAdded(attr.oid, attr.ino);
    events.length = 0;
    return attr;
  };
  /** Writes to an object as a process does. @param mark 0 for a process killed before it set the mark */
  const write = (attr: { oid: number; slot: number }, text: string, mark: number): void => {
    const fd = openSync(join(directory, 'o', String(attr.oid)), 'a');
    writeSync(fd, text);
    closeSync(fd);
    if (mark) marks.set(attr.slot, mark);
  };
  return { core, writes, events, closes, open, write };
}

const test = suite('native writes');
test.after(() => rmSync(scratch, { recursive: true, force: true }));

test('a mark becomes one event with the pid of the writer', () => {
  const { core, writes, events, open, write } = setup();
  const f = open('/v/f');
  writes.take(f.oid);
  assert.equal(events, [], 'no mark');
  write(f, 'x', 41);
  write(f, 'y', 42);
  writes.take(f.oid);
  writes.take(f.oid);
  assert.equal(events, ['Modified /v/f by 42']);
  assert.is(core.fs.readFileSync('/v/f', 'utf8'), 'xy');
});

test('a write that a close has reported is not reported again for its writer', () => {
  const { writes, events, open, write } = setup();
  const f = open('/v/g');
  write(f, 'x', 7);
  writes.take(f.oid);
  writes.take(f.oid, pid(7));
  assert.equal(events, ['Modified /v/g by 7']);
});

test('rings are collected, and flushed in the order of the objects', () => {
  const { writes, events, open, write } = setup();
  const [first, second] = [open('/v/1'), open('/v/2')];
  for (const attr of [second, first, second]) {
    write(attr, 'x', 5);
    writes.ring(attr.oid);
  }
  assert.equal(events, [], 'not yet');
  writes.flush();
  writes.flush();
  assert.equal(events, ['Modified /v/2 by 5', 'Modified /v/1 by 5']);
});

test('a ring without a flush becomes an event by itself', async () => {
  const { core, writes, open, write } = setup();
  const f = open('/v/late');
  const notified = new Promise<FsEvent>((resolve) => core.subscribe(resolve));
  write(f, 'x', 5);
  writes.ring(f.oid);
  assert.is((await notified).path, '/v/late');
});

test('the close of the last writer is reported once, for a file that was written', () => {
  const { writes, closes, open, write } = setup();
  const [written, unwritten] = [open('/v/w'), open('/v/u')];
  writes.writerAdded(written.oid, written.ino);
  assert.ok(writes.isWritable(written.oid));
  write(written, 'x', 5);
  writes.take(written.oid);
  writes.writerRemoved(written.oid);
  assert.equal(closes, [], 'another writer has it open');
  writes.writerRemoved(written.oid);
  writes.writerRemoved(unwritten.oid);
  assert.equal(
    closes.map(({ kind, path, detail }) => [kind, path, (detail & Detail.ClosedAfterWrite) !== 0]),
    [[EventKind.Closed, '/v/w', true]],
  );
  assert.not.ok(writes.isWritable(written.oid));
});

test('nothing is emitted after the end', () => {
  const { writes, events, closes, open, write } = setup();
  const f = open('/v/end');
  write(f, 'x', 5);
  writes.ring(f.oid);
  writes.close();
  writes.flush();
  writes.take(f.oid);
  writes.ring(f.oid);
  writes.writerRemoved(f.oid);
  assert.equal([events, closes], [[], []]);
});

test.run();
