import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { forEachPost, type NoteFacts } from '../../../agent/kqueue/note-map.ts';
import { Detail, EventKind } from '../../../core/events/fs-event.ts';
import { WireType } from '../../../core/protocol.ts';

const FILE = 10;
const DIR = 20;
const FROM = 30;
const TARGET = 40;

const { file, directory, symlink, fifo } = WireType;
const { Created, Removed, Modified, Renamed, Attrib, Opened, Accessed, Closed } = EventKind;
const D = Detail;

const inDir = { ino: FILE, parent: DIR };
const sameDir = { ino: FILE, parent: DIR, fromParent: DIR };
const acrossDirs = { ino: FILE, parent: DIR, fromParent: FROM };
const over = { replaced: TARGET };

/** Written as numbers, independently of constants.ts: programs compare with these. */
const DELETE = 1;
const WRITE = 2;
const EXTEND = 4;
const ATTRIB = 8;
const LINK = 16;
const RENAME = 32;

type Case = readonly [
  operation: string,
  event: Partial<NoteFacts>,
  posts: readonly (readonly [number, number])[],
];

const CASES: readonly Case[] = [
  ['open existing', { ...inDir, kind: Opened }, []],
  ['read', { ...inDir, kind: Accessed }, []],
  ['close', { ...inDir, kind: Closed, detail: D.ClosedAfterWrite }, []],
  ['create a file', { ...inDir, kind: Created }, [[DIR, WRITE]]],
  ['mkfifo', { ...inDir, kind: Created, type: fifo }, [[DIR, WRITE]]],
  ['symlink', { ...inDir, kind: Created, type: symlink }, [[DIR, WRITE]]],
  ['open(O_TRUNC)', { ...inDir, kind: Modified, detail: D.Truncated }, [[FILE, ATTRIB]]],
  ['write, not growing', { ...inDir, kind: Modified }, [[FILE, WRITE]]],
  ['native write, not growing', { ...inDir, kind: Modified, detail: D.Native }, [[FILE, WRITE]]],
  [
    'write, growing',
    { ...inDir, kind: Modified, detail: D.Extended },
    [
      [FILE, EXTEND],
      [FILE, WRITE],
    ],
  ],
  [
    'native write, growing',
    { ...inDir, kind: Modified, detail: D.Extended | D.Native },
    [
      [FILE, EXTEND],
      [FILE, WRITE],
    ],
  ],
  ['write to an orphan', { ino: FILE, kind: Modified, detail: D.Orphan }, [[FILE, WRITE]]],
  [
    'ftruncate, growing',
    { ...inDir, kind: Modified, detail: D.Truncated | D.Extended },
    [
      [FILE, EXTEND],
      [FILE, ATTRIB],
    ],
  ],
  ['ftruncate, shrinking', { ...inDir, kind: Modified, detail: D.Truncated }, [[FILE, ATTRIB]]],
  [
    'native truncation and writes, seen together',
    { ...inDir, kind: Modified, detail: D.Truncated | D.Native },
    [
      [FILE, ATTRIB],
      [FILE, WRITE],
    ],
  ],
  [
    'native truncation and growing writes, seen together',
    { ...inDir, kind: Modified, detail: D.Truncated | D.Extended | D.Native },
    [
      [FILE, ATTRIB],
      [FILE, EXTEND],
      [FILE, WRITE],
    ],
  ],
  [
    'a directory never grows',
    { ...inDir, kind: Modified, type: directory, detail: D.Extended },
    [[FILE, WRITE]],
  ],
  [
    'rename file, same dir',
    { ...sameDir, kind: Renamed },
    [
      [DIR, WRITE],
      [FILE, RENAME],
    ],
  ],
  [
    'rename file, across dirs',
    { ...acrossDirs, kind: Renamed },
    [
      [FROM, WRITE],
      [DIR, WRITE],
      [FILE, RENAME],
    ],
  ],
  [
    'rename file over existing, same dir',
    { ...sameDir, ...over, kind: Renamed },
    [
      [DIR, WRITE],
      [TARGET, DELETE],
      [FILE, RENAME],
    ],
  ],
  [
    'rename file over existing, across dirs',
    { ...acrossDirs, ...over, kind: Renamed },
    [
      [FROM, WRITE],
      [DIR, WRITE],
      [TARGET, DELETE],
      [FILE, RENAME],
    ],
  ],
  [
    'rename symlink',
    { ...sameDir, kind: Renamed, type: symlink },
    [
      [DIR, WRITE],
      [FILE, RENAME],
    ],
  ],
  [
    'rename dir, same dir',
    { ...sameDir, kind: Renamed, type: directory },
    [
      [DIR, WRITE],
      [FILE, RENAME],
    ],
  ],
  [
    'rename dir, across dirs',
    { ...acrossDirs, kind: Renamed, type: directory },
    [
      [FROM, WRITE | LINK],
      [DIR, WRITE | LINK],
      [FILE, RENAME],
    ],
  ],
  [
    'rename dir over empty dir, same parent',
    { ...sameDir, ...over, kind: Renamed, type: directory },
    [
      [DIR, WRITE | LINK],
      [TARGET, DELETE],
      [FILE, RENAME],
    ],
  ],
  [
    'rename dir over empty dir, across parents',
    { ...acrossDirs, ...over, kind: Renamed, type: directory },
    [
      [FROM, WRITE],
      [DIR, WRITE],
      [TARGET, DELETE],
      [FILE, RENAME],
    ],
  ],
  [
    'swap files, same dir',
    { ...sameDir, ...over, kind: Renamed, detail: D.Exchanged },
    [
      [DIR, WRITE],
      [TARGET, DELETE],
      [FILE, RENAME],
    ],
  ],
  [
    'swap files, across dirs',
    { ...acrossDirs, ...over, kind: Renamed, detail: D.Exchanged },
    [
      [FROM, WRITE],
      [DIR, WRITE],
      [TARGET, DELETE],
      [FILE, RENAME],
    ],
  ],
  [
    'swap dir with something, same parent',
    { ...sameDir, ...over, kind: Renamed, type: directory, detail: D.Exchanged },
    [
      [DIR, WRITE | LINK],
      [TARGET, DELETE],
      [FILE, RENAME],
    ],
  ],
  [
    'swap dir with something, across parents',
    { ...acrossDirs, ...over, kind: Renamed, type: directory, detail: D.Exchanged },
    [
      [FROM, WRITE],
      [DIR, WRITE],
      [TARGET, DELETE],
      [FILE, RENAME],
    ],
  ],
  [
    'link',
    { ...inDir, kind: Created, detail: D.Link },
    [
      [FILE, LINK],
      [DIR, WRITE],
    ],
  ],
  [
    'unlink, last link',
    { ...inDir, kind: Removed },
    [
      [FILE, DELETE | LINK],
      [DIR, WRITE],
    ],
  ],
  [
    'unlink, other links remain',
    { ...inDir, kind: Removed, detail: D.Link },
    [
      [FILE, DELETE | LINK],
      [DIR, WRITE],
    ],
  ],
  [
    'unlink a symlink',
    { ...inDir, kind: Removed, type: symlink },
    [
      [FILE, DELETE | LINK],
      [DIR, WRITE],
    ],
  ],
  ['mkdir', { ...inDir, kind: Created, type: directory }, [[DIR, WRITE | LINK]]],
  [
    'rmdir',
    { ...inDir, kind: Removed, type: directory },
    [
      [FILE, DELETE | LINK],
      [DIR, WRITE | LINK],
    ],
  ],
  ['chmod', { ...inDir, kind: Attrib, detail: D.Mode }, [[FILE, ATTRIB]]],
  ['chown', { ...inDir, kind: Attrib, detail: D.Owner }, [[FILE, ATTRIB]]],
  ['utimes', { ...inDir, kind: Attrib, detail: D.Times }, [[FILE, ATTRIB]]],
  ['setxattr', { ...inDir, kind: Attrib, detail: D.Xattr }, [[FILE, ATTRIB]]],
  ['chflags', { ...inDir, kind: Attrib, detail: D.Flags }, [[FILE, ATTRIB]]],
  ['chmod of a directory', { ...inDir, kind: Attrib, type: directory, detail: D.Mode }, [[FILE, ATTRIB]]],
  ['link count alone', { ...inDir, kind: Attrib, detail: D.Link }, [[FILE, LINK]]],
  ['an unknown kind', { ...inDir, kind: 99 }, []],
];

const test = suite('note map');
for (const [operation, event, expected] of CASES) {
  test(operation, () => {
    const none = { kind: 0, type: file, detail: 0, ino: 0, parent: 0, fromParent: 0, replaced: 0 };
    const posts: [number, number][] = [];
    forEachPost({ ...none, ...event }, (ino, hint) => posts.push([ino, hint]));
    assert.equal(posts, expected);
  });
}
test.run();
