import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DARWIN_ERRNO } from '../../../agent/kqueue/constants.ts';
import { Family } from '../../../agent/kqueue/kevent-codec.ts';
import { chmodded, type Kev, KQ, Program, wrote } from './program.ts';

const ADD = 1;
const DELETE = 2;
const ENABLE = 4;
const DISABLE = 8;
const ONESHOT = 0x10;
const CLEAR = 0x20;
const RECEIPT = 0x40;
const DISPATCH = 0x80;
const SPECIFIC = 0x100;
const DISPATCH2 = 0x180;
const VANISHED = 0x200;
const ERROR = 0x4000;
const SYSTEM = 0xf000;
const WRITE = 2;
const ATTRIB = 8;

const ENOENT = 2;
const EBADF = 9;
const EINVAL = 22;
const EINPROGRESS = 115;

const FD = 5;
const INO = 100;

const program = (): Program => {
  const made = new Program();
  made.fds.set(FD, INO);
  made.fds.set(FD + 1, INO + 1);
  return made;
};

/** The errno of a change after other changes; 0 is success. */
const CODES: readonly [
  name: string,
  before: Partial<Kev>[],
  change: Partial<Kev>,
  errno: number,
  flags?: number,
][] = [
  ['EV_ADD', [], { flags: ADD, fflags: WRITE }, 0],
  ['EV_ADD with fflags 0', [], { flags: ADD }, 0],
  ['EV_ADD with unknown bits', [], { flags: ADD, fflags: 0xfffff800 }, 0],
  ['no knote: change without flags', [], { flags: 0 }, ENOENT],
  ['no knote: EV_ENABLE', [], { flags: ENABLE }, ENOENT],
  ['no knote: EV_DELETE', [], { flags: DELETE }, ENOENT],
  ['no knote: EV_DELETE has precedence over EV_ADD', [], { flags: ADD | DELETE }, ENOENT, DELETE],
  ['EV_DELETE', [{ flags: ADD }], { flags: DELETE }, 0],
  ['EV_DELETE twice', [{ flags: ADD }, { flags: DELETE }], { flags: DELETE }, ENOENT],
  ['specific and plain do not match: delete plain', [{ flags: ADD | SPECIFIC }], { flags: DELETE }, ENOENT],
  [
    'specific and plain do not match: delete specific',
    [{ flags: ADD }],
    { flags: DELETE | SPECIFIC },
    ENOENT,
  ],
  [
    'another udata is another specific knote',
    [{ flags: ADD | SPECIFIC, udata: 1 }],
    { flags: DELETE | SPECIFIC, udata: 2 },
    ENOENT,
  ],
  [
    'the upper half of udata counts',
    [{ flags: ADD | SPECIFIC, udata: 2 ** 33 + 1 }],
    { flags: DELETE | SPECIFIC, udata: 1 },
    ENOENT,
  ],
  [
    'same udata is the same specific knote',
    [{ flags: ADD | SPECIFIC, udata: 1 }],
    { flags: DELETE | SPECIFIC, udata: 1 },
    0,
  ],
  ['udata is not compared for plain knotes', [{ flags: ADD, udata: 1 }], { flags: DELETE, udata: 2 }, 0],
  ['EV_VANISHED without DISPATCH2', [], { flags: ADD | VANISHED }, EINVAL],
  ['EV_VANISHED with DISPATCH only', [], { flags: ADD | VANISHED | DISPATCH }, EINVAL],
  ['EV_VANISHED without ADD', [], { flags: VANISHED | DISPATCH2 }, EINVAL],
  ['EV_VANISHED misuse has precedence over ENOENT', [], { flags: DELETE | VANISHED }, EINVAL],
  ['EV_VANISHED with ADD and DISPATCH2', [], { flags: ADD | VANISHED | DISPATCH2 }, 0],
  ['delete of an enabled DISPATCH2', [{ flags: ADD | DISPATCH2 }], { flags: DELETE | SPECIFIC }, 0],
  [
    'delete of a disabled DISPATCH2',
    [{ flags: ADD | DISPATCH2 | DISABLE }],
    { flags: DELETE | SPECIFIC },
    EINPROGRESS,
  ],
  [
    'delete of a disabled DISPATCH2 with ENABLE',
    [{ flags: ADD | DISPATCH2 | DISABLE }],
    { flags: DELETE | ENABLE | SPECIFIC },
    0,
  ],
  ['delete of a disabled DISPATCH', [{ flags: ADD | DISPATCH | DISABLE }], { flags: DELETE }, 0],
  ['system bits of a change are ignored', [], { flags: ADD | SYSTEM }, 0, ADD],
  ['DISABLE has precedence over ENABLE', [], { flags: ADD | ENABLE | DISABLE }, 0, ADD | DISABLE],
];

const test = suite('change list');

for (const [name, before, change, errno, simplified] of CODES) {
  test(`${name} → ${errno}`, () => {
    const p = program();
    for (const step of before) assert.is(p.change([{ ident: FD, ...step }]).result, 0);
    const given = { ident: FD, fflags: 7, udata: 0, ...change, flags: change.flags! | RECEIPT };
    const { result, entries } = p.change([given]);
    assert.is(result, 1);
    const entry = entries[0]!;
    assert.is(entry.data, errno);
    assert.is(
      entry.flags,
      (simplified ?? change.flags!) | RECEIPT | ERROR,
      'flags echo the simplified change',
    );
    assert.equal([entry.ident, entry.filter, entry.fflags, entry.udata], [FD, -4, given.fflags, given.udata]);
    assert.equal(p.kernel, []);
  });
}

test('EINPROGRESS has the number of the system', () => {
  const p = new Program({ errno: DARWIN_ERRNO });
  p.fds.set(FD, INO);
  p.add(FD, DISPATCH2 | DISABLE, WRITE);
  assert.is(p.change([{ ident: FD, flags: DELETE | SPECIFIC }]).entries[0]!.data, 36);
});

test('which changes go to the kernel', () => {
  const p = program();
  const result = p.change([
    { ident: FD, flags: ADD },
    { ident: 9, flags: ADD },
    { ident: FD, filter: -1, flags: ADD },
    { ident: 2 ** 32 + FD, flags: ADD },
    { ident: 7, filter: -10, flags: ADD },
    { ident: FD + 1, flags: ADD },
  ]).result;
  assert.is(result, 0);
  assert.equal(p.kernel, [1, 2, 3, 4], 'foreign descriptor, other filter, no descriptor, user event');
  assert.equal(p.watches, [INO, INO + 1]);
});

test('after an unnoticed close, a change without EV_ADD is applied to the knote, with EV_ADD by the kernel', () => {
  const p = program();
  p.add(FD, 0, WRITE);
  p.fds.delete(FD);
  assert.is(p.change([{ ident: FD, flags: ENABLE, fflags: WRITE }]).result, 0);
  assert.equal(p.kernel, []);
  p.kernelErrno = () => EBADF;
  assert.is(p.change([{ ident: FD, flags: ADD }]).entries[0]!.data, EBADF);
  assert.equal(p.kernel, [0]);
  assert.not(p.bridge.hasKnotes(KQ));
  assert.equal(p.watches, [INO, -INO]);
});

test('a descriptor number reused for another file gets a new knote', () => {
  const p = program();
  p.add(FD, CLEAR, WRITE);
  p.happen(wrote(INO));
  p.fds.set(FD, INO + 7);
  p.add(FD, ONESHOT, ATTRIB);
  assert.equal(p.told(), [], 'events of the old file are dropped');
  p.happen(wrote(INO), chmodded(INO + 7));
  assert.equal(p.told(), [[FD, ADD | ONESHOT, ATTRIB]]);
});

test('errors and receipts are in order, virtual and native, and the call returns no events', () => {
  const p = program();
  p.kernelErrno = (index) => (index === 3 ? EINVAL : 0);
  const { result, entries } = p.change([
    { ident: FD, flags: ADD | RECEIPT, udata: 10 },
    { ident: 9, flags: ADD | RECEIPT, udata: 11 },
    { ident: FD + 1, flags: ENABLE, udata: 12 },
    { ident: 8, flags: ADD, udata: 13 },
    { ident: FD + 1, flags: ADD, udata: 14 },
    { ident: 7, flags: ADD, udata: 15 },
  ]);
  assert.is(result, 4);
  assert.equal(
    entries.map((e) => [e.udata, e.data, e.flags & ERROR]),
    [
      [10, 0, ERROR],
      [11, 0, ERROR],
      [12, ENOENT, ERROR],
      [13, EINVAL, ERROR],
    ],
  );
  assert.equal(p.kernel, [1, 3, 5]);
  assert.equal(p.watches, [INO, INO + 1]);
});

test('the kernel’s receipts echo simplified flags without system bits', () => {
  const p = program();
  const { entries } = p.change([{ ident: 9, flags: ADD | DELETE | RECEIPT | SYSTEM, fflags: 3 }]);
  assert.is(entries[0]!.flags, DELETE | RECEIPT | ERROR);
});

test('an error without a free entry ends the call immediately', () => {
  for (const nevents of [0, -3]) {
    const p = program();
    const { result } = p.change(
      [
        { ident: FD, flags: ADD },
        { ident: FD + 1, flags: DELETE },
        { ident: FD + 1, flags: ADD },
        { ident: 9, flags: ADD },
      ],
      { nevents },
    );
    assert.is(result, -ENOENT);
    assert.equal(p.watches, [INO], 'earlier changes stay applied, later ones are not read');
    assert.equal(p.kernel, []);
  }
});

test('an error after the entries ran out', () => {
  const p = program();
  const { result } = p.change(
    [
      { ident: FD, flags: DELETE },
      { ident: FD, flags: DELETE },
    ],
    { nevents: 1 },
  );
  assert.is(result, -ENOENT);
});

test('an error of the kernel without a free entry ends the call too', () => {
  const p = program();
  p.kernelErrno = () => EBADF;
  const { result } = p.change(
    [
      { ident: 9, flags: ADD },
      { ident: FD, flags: ADD },
    ],
    { nevents: 0 },
  );
  assert.is(result, -EBADF);
  assert.equal(p.watches, []);
});

test('a receipt without a free entry is dropped silently', () => {
  const p = program();
  const { result } = p.change(
    [
      { ident: FD, flags: ADD | RECEIPT },
      { ident: FD + 1, flags: ADD | RECEIPT },
    ],
    { nevents: 1 },
  );
  assert.is(result, 1);
  assert.equal(p.watches, [INO, INO + 1]);
});

for (const [name, family] of Object.entries(Family)) {
  test(`${name}: change and event list may be the same memory; extension fields are echoed`, () => {
    const p = program();
    const { result, entries } = p.change(
      [
        { ident: FD, flags: ADD, udata: 1 },
        { ident: FD + 1, flags: DELETE, udata: 2, ext: [1, 2, 3, 4, 5, 6, 7, 8], qos: -5, xflags: 6 },
        { ident: FD + 1, flags: ADD | RECEIPT, udata: 3 },
        { ident: FD, flags: DELETE, udata: 4 },
        { ident: FD, flags: DELETE, udata: 5 },
      ],
      { alias: true, family },
    );
    assert.is(result, 3);
    assert.equal(
      entries.map((e) => [e.udata, e.data]),
      [
        [2, ENOENT],
        [3, 0],
        [5, ENOENT],
      ],
    );
    const words = family === Family.Kevent ? 0 : family === Family.Kevent64 ? 4 : 8;
    assert.equal(entries[0]!.ext, [1, 2, 3, 4, 5, 6, 7, 8].fill(0, words));
    assert.equal([entries[0]!.qos, entries[0]!.xflags], family === Family.KeventQos ? [-5, 6] : [0, 0]);
  });
}

test('a negative change count is 0', () => {
  const p = program();
  const view = new DataView(new ArrayBuffer(0));
  assert.is(p.bridge.changes(KQ, Family.Kevent, view, -1, view, -1, 0), 0);
});

test('flags of kevent_id only give EINVAL, and no change is applied', () => {
  for (const flags of [0x400, 0x20000, 0x40000]) {
    for (const family of [Family.Kevent64, Family.KeventQos]) {
      const p = program();
      assert.is(p.change([{ ident: FD, flags: ADD }], { family, flags }).result, -EINVAL);
      assert.equal(p.watches, []);
    }
  }
});

test('10 000 knotes in one change list', () => {
  const p = new Program();
  const changes = Array.from({ length: 10_000 }, (_, i) => {
    p.fds.set(i, 1000 + i);
    return { ident: i, flags: ADD | CLEAR, fflags: WRITE };
  });
  assert.is(p.change(changes, { nevents: 0 }).result, 0);
  assert.is(p.change(changes, { nevents: 0 }).result, 0, 'adding again is idempotent');
  assert.is(p.bridge.watchedCount, 10_000);
  for (let i = 0; i < 10_000; i++) p.fds.delete(i);
  for (let i = 0; i < 10_000; i++) p.bridge.fdClosed(i);
  assert.is(p.bridge.watchedCount, 0);
  assert.not(p.bridge.hasKnotes(KQ));
});

test.run();
