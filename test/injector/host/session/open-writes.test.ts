/** Writers of objects, and the events of their writes and closes. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Detail, EventKind } from '../../../../core/events/fs-event.ts';
import { FsCore } from '../../../../core/fs-core.ts';
import { OpenWrites } from '../../../../injector/host/session/open-writes.ts';
import { Writers } from '../../../../injector/host/session/writers.ts';
import { objectId } from '../../../support/numbers.ts';
import { event } from '../events.ts';

const writes = suite('open writes');
writes('the close of the last writer is reported, under the current name of the file', () => {
  const core = new FsCore();
  const writers = new Writers();
  const open = new OpenWrites(core, writers);
  core.fs.writeFileSync('/f', 'x');
  const { ino } = core.fs.statSync('/f');
  const modified = event('/f', { kind: EventKind.Modified, ino: Number(ino), detail: Detail.Extended });
  assert.is(open.mark(modified), modified, 'not open for writing');

  writers.added(objectId(7), Number(ino));
  writers.added(objectId(7), Number(ino));
  assert.is(open.mark(modified).detail, Detail.Extended | Detail.Writing);
  core.fs.renameSync('/f', '/g');
  assert.is(writers.removed(objectId(7)), undefined);
  assert.is(writers.removed(objectId(7)), Number(ino));
  const before = core.lastEventId;
  const closed = open.closed(Number(ino))!;
  assert.equal([closed.kind, closed.path, closed.id > before], [EventKind.Closed, '/g', true]);
  assert.is(open.closed(Number(ino)), undefined, 'once');
});
writes('no close is reported of a file that was not written or has no name', () => {
  const core = new FsCore();
  const writers = new Writers();
  const open = new OpenWrites(core, writers);
  assert.is(open.closed(99), undefined);
  core.fs.writeFileSync('/f', 'x');
  const ino = Number(core.fs.statSync('/f').ino);
  writers.added(objectId(7), ino);
  open.mark(event('/f', { kind: EventKind.Modified, ino }));
  core.fs.unlinkSync('/f');
  assert.is(open.closed(ino), undefined);
});
writes('an inode with two objects has a writer until both are closed', () => {
  const writers = new Writers();
  writers.added(objectId(1), 50);
  writers.added(objectId(2), 50);
  assert.is(writers.removed(objectId(1)), undefined);
  assert.not(writers.has(objectId(1)));
  assert.ok(writers.hasInode(50));
  assert.is(writers.removed(objectId(2)), 50);
  assert.is(writers.removed(objectId(2)), undefined);
});
writes.run();
