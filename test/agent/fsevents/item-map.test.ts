/** The events of each operation, as the numbers that programs compare with. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Detail, EventKind } from '../../../core/events/fs-event.ts';
import { WireType } from '../../../core/protocol.ts';
import { type ChangeFields, Rig } from './rig.ts';

const { Created, Removed, Modified, Renamed, Attrib, Opened, Accessed, Closed } = EventKind;
const { file, directory, symlink, fifo } = WireType;
const D = Detail;

const x = '/v/d/x';
const y = '/v/e/y';

/** operation, events, FileEvents mode, directory mode */
const ROWS: readonly (readonly [string, readonly ChangeFields[], string, string])[] = [
  ['create a file', [{ kind: Created, path: x }], '/v/d/x 10100', '/v/d/ 0'],
  ['mkdir', [{ kind: Created, type: directory, nlink: 2, path: x }], '/v/d/x 20100', '/v/d/ 0'],
  ['symlink', [{ kind: Created, type: symlink, path: x }], '/v/d/x 40100', '/v/d/ 0'],
  ['mkfifo', [{ kind: Created, type: fifo, path: x }], '/v/d/x 100', '/v/d/ 0'],
  [
    'write, all descriptors closed',
    [{ kind: Modified, detail: D.Extended, path: x }],
    '/v/d/x 11000',
    '/v/d/ 0',
  ],
  [
    'write while a descriptor is open',
    [{ kind: Modified, detail: D.Extended | D.Native | D.Writing, path: x }],
    '',
    '',
  ],
  [
    'close of the last writer',
    [{ kind: Closed, detail: D.ClosedAfterWrite | D.Writing, path: x }],
    '/v/d/x 11000',
    '/v/d/ 0',
  ],
  ['close without a write', [{ kind: Closed, detail: D.ClosedAfterWrite, path: x }], '', ''],
  ['open', [{ kind: Opened, path: x }], '', ''],
  ['read', [{ kind: Accessed, path: x }], '', ''],
  ['truncate', [{ kind: Modified, detail: D.Truncated, path: x }], '/v/d/x 10400', '/v/d/ 0'],
  [
    'ftruncate with the descriptor left open',
    [{ kind: Modified, detail: D.Truncated | D.Writing, path: x }],
    '/v/d/x 10400',
    '/v/d/ 0',
  ],
  [
    'truncation and write found by comparison',
    [{ kind: Modified, detail: D.Truncated | D.Native, path: x }],
    '/v/d/x 11400',
    '/v/d/ 0',
  ],
  ['chmod', [{ kind: Attrib, detail: D.Mode, path: x }], '/v/d/x 14000', '/v/d/ 0'],
  ['chown', [{ kind: Attrib, detail: D.Owner, path: x }], '/v/d/x 14000', '/v/d/ 0'],
  [
    'chmod of a directory',
    [{ kind: Attrib, detail: D.Mode, type: directory, nlink: 2, path: x }],
    '/v/d/x 24000',
    '/v/d/ 0',
  ],
  ['utimes', [{ kind: Attrib, detail: D.Times, path: x }], '/v/d/x 10400', '/v/d/ 0'],
  ['chflags', [{ kind: Attrib, detail: D.Flags, path: x }], '/v/d/x 10400', '/v/d/ 0'],
  ['setxattr', [{ kind: Attrib, detail: D.Xattr, path: x }], '/v/d/x 18000', '/v/d/ 0'],
  ['only the link count', [{ kind: Attrib, detail: D.Link, nlink: 2, path: x }], '', ''],
  ['unlink', [{ kind: Removed, nlink: 0, path: x }], '/v/d/x 10200', '/v/d/ 0'],
  ['rmdir', [{ kind: Removed, type: directory, nlink: 0, path: x }], '/v/d/x 20200', '/v/d/ 0'],
  ['unlink of a symlink', [{ kind: Removed, type: symlink, nlink: 0, path: x }], '/v/d/x 40200', '/v/d/ 0'],
  ['link', [{ kind: Created, detail: D.Link, nlink: 2, path: x }], '/v/d/x 110100', '/v/d/ 0'],
  ['write to one of two links', [{ kind: Modified, nlink: 2, path: x }], '/v/d/x 111000', '/v/d/ 0'],
  [
    'link to a file in another directory',
    [{ kind: Created, detail: D.Link, nlink: 2, path: x, from: y, fromParent: 7 }],
    '/v/d/x 110100, /v/e 20400',
    '/v/d/ 0, /v/e/ 0',
  ],
  [
    'write to a file with three links, of which one is outside the roots',
    [{ kind: Modified, nlink: 3, path: x, from: `${y}\0/w/x` }],
    '/v/d/x 111000, /v/e/y 111000',
    '/v/d/ 0, /v/e/ 0',
  ],
  [
    'write under a name outside the roots to a file with a link inside',
    [{ kind: Modified, nlink: 2, path: '/w/x', from: x }],
    '/v/d/x 111000',
    '/v/d/ 0',
  ],
  [
    'times of a file with two links',
    [{ kind: Attrib, detail: D.Times, nlink: 2, path: x, from: y }],
    '/v/d/x 110400, /v/e/y 110400',
    '/v/d/ 0, /v/e/ 0',
  ],
  [
    'mode of a file with two links',
    [{ kind: Attrib, detail: D.Mode, nlink: 2, path: x, from: y }],
    '/v/d/x 114000',
    '/v/d/ 0',
  ],
  ['access time', [{ kind: Attrib, detail: D.Times | D.AccessTime, path: x }], '', ''],
  [
    'modification time',
    [{ kind: Attrib, detail: D.Times | D.ModifyTime, path: x }],
    '/v/d/x 10400',
    '/v/d/ 0',
  ],
  ['unlink of one of two links', [{ kind: Removed, nlink: 1, path: x }], '/v/d/x 110200', '/v/d/ 0'],
  [
    'unlink of both links',
    [
      { kind: Removed, nlink: 1, path: y },
      { kind: Removed, nlink: 0, path: x },
    ],
    '/v/e/y 110200, /v/d/x 310200',
    '/v/e/ 0, /v/d/ 0',
  ],
  [
    'rename within a directory',
    [{ kind: Renamed, path: '/v/d/y', from: x }],
    '/v/d/x 10800, /v/d/y 10800',
    '/v/d/ 0',
  ],
  [
    'rename to another directory',
    [{ kind: Renamed, path: y, from: x }],
    '/v/d/x 10800, /v/e/y 10800',
    '/v/d/ 0, /v/e/ 0',
  ],
  [
    'rename onto another file',
    [{ kind: Renamed, path: y, from: x, replaced: 200, replacedType: symlink }],
    '/v/d/x 10800, /v/e/y 10800, /v/e/y 40800',
    '/v/d/ 0, /v/e/ 0',
  ],
  [
    'rename of a directory',
    [{ kind: Renamed, type: directory, nlink: 2, path: y, from: x }],
    '/v/d/x 20800, /v/e/y 20800',
    '/v/d/ 0, /v/e/ 0',
  ],
  [
    'exchange',
    [{ kind: Renamed, detail: D.Exchanged, path: y, from: x, replaced: 200, replacedType: directory }],
    '/v/d/x 10800, /v/e/y 10800, /v/e/y 20800, /v/d/x 20800',
    '/v/e/ 0, /v/d/ 0',
  ],
  ['moved out of the tree', [{ kind: Renamed, path: '/w/x', from: x }], '/v/d/x 10800', '/v/d/ 0'],
  ['moved into the tree', [{ kind: Renamed, path: x, from: '/w/x' }], '/v/d/x 10800', '/v/d/ 0'],
  [
    'moved into the tree, onto a file',
    [{ kind: Renamed, path: x, from: '/w/x', replaced: 200, replacedType: file }],
    '/v/d/x 10800, /v/d/x 10800',
    '/v/d/ 0',
  ],
  [
    'a rename of which the view sees only the new name, over a file',
    [{ kind: Created, path: x, replaced: 200, replacedType: file }],
    '/v/d/x 10200, /v/d/x 10100',
    '/v/d/ 0',
  ],
  ['a file without a name', [{ kind: Modified, detail: D.Orphan, path: x }], '', ''],
];

const table = suite('truth table');
for (const [operation, events, files, directories] of ROWS) {
  table(`${operation}: files`, () => {
    const rig = new Rig();
    rig.running();
    rig.live(...events);
    assert.is(rig.delivered(), files);
  });
  table(`${operation}: directories`, () => {
    const rig = new Rig();
    rig.running({ flags: 0 });
    rig.live(...events);
    assert.is(rig.delivered(), directories);
  });
}

table('the halves of a rename have consecutive ids and the same inode', () => {
  const rig = new Rig();
  rig.running();
  rig.live({ kind: Created, path: '/v/a' }, { kind: Renamed, path: y, from: x, ino: 9 });
  const [, a, b] = rig.batches[0]!.events;
  assert.equal([a!.ino, b!.ino, b!.id - a!.id], [9, 9, 1]);
});

table('events of the root itself are reported under the root, not under its parent', () => {
  const rig = new Rig();
  rig.running({ roots: ['/v/d'], flags: 0 });
  rig.live({ kind: Attrib, detail: D.Mode, type: directory, path: '/v/d' });
  assert.is(rig.delivered(), '/v/d/ 0');
});

table('a file as root: only that file', () => {
  const rig = new Rig();
  rig.running({ roots: [x] });
  rig.live(
    { kind: Modified, path: x },
    { kind: Modified, path: '/v/d/xx' },
    { kind: Modified, path: '/v/d' },
  );
  assert.is(rig.delivered(), '/v/d/x 11000');
});
table.run();
