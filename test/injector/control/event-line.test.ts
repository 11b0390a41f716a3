import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Detail, EventKind, type FsEvent } from '../../../core/events/fs-event.ts';
import { FsCore } from '../../../core/index.ts';
import { changesOf } from '../../../core/watch/event-change.ts';
import { eventLine, eventOfLine } from '../../../injector/control/event-line.ts';
import type { EventLine } from '../../../injector/control/methods.ts';

const overTheWire = (event: FsEvent): EventLine => JSON.parse(JSON.stringify(eventLine(event)));

const type = fc.constantFrom('file', 'directory', 'symlink', 'fifo', 'socket' as const);
const path = fc.string({ minLength: 1 }).map((name) => `/v/${name}`);
const positive = fc.integer({ min: 1, max: 2 ** 31 });

const anyEvent: fc.Arbitrary<FsEvent> = fc.record(
  {
    id: positive,
    kind: fc.constantFrom(...Object.values(EventKind)),
    path,
    from: path,
    ino: positive,
    parent: positive,
    fromParent: positive,
    replaced: fc.record({ ino: positive, type, nlink: fc.nat(3) }),
    type,
    nlink: fc.nat(3),
    pid: positive,
    branch: fc.constantFrom('main', 'side'),
    time: positive,
    detail: fc
      .subarray(Object.values(Detail) as number[])
      .map((bits) => bits.reduce((all, bit) => all | bit, 0)),
  },
  {
    requiredKeys: ['id', 'kind', 'path', 'ino', 'parent', 'type', 'nlink', 'pid', 'branch', 'time', 'detail'],
  },
);

test('watchers of a session get the same changes as watchers of its core', () => {
  fc.assert(
    fc.property(anyEvent, (event) => {
      const received = eventOfLine(overTheWire(event));
      assert.ok(received);
      assert.equal(changesOf(received), changesOf(event));
    }),
  );
});

test('a rename over a file keeps the replaced inode', () => {
  const core = new FsCore();
  core.fs.mkdirSync('/v');
  core.fs.writeFileSync('/v/old', '');
  core.fs.mkdirSync('/v/empty');
  core.fs.mkdirSync('/v/other');
  const lines: EventLine[] = [];
  core.subscribe((event) => lines.push(overTheWire(event)));
  core.fs.writeFileSync('/v/new', '');
  core.fs.renameSync('/v/new', '/v/old');
  core.fs.renameSync('/v/other', '/v/empty');
  const replaced = lines
    .flatMap((line) => changesOf(eventOfLine(line)!))
    .filter(({ kind }) => kind === 'rename')
    .map((change) => change.replaced);
  assert.equal(replaced, ['file', 'directory']);
});

test('names of a newer host are ignored', () => {
  const line = overTheWire({
    id: 1,
    kind: EventKind.Modified,
    path: '/v/f',
    ino: 2,
    parent: 1,
    type: 'file',
    nlink: 1,
    pid: 0,
    branch: 'main',
    time: 0,
    detail: Detail.Extended,
  });
  assert.is(eventOfLine({ ...line, detail: ['Extended', 'Later'] })?.detail, Detail.Extended);
  assert.is(eventOfLine({ ...line, kind: 'Later' as EventLine['kind'] }), undefined);
});

test.run();
