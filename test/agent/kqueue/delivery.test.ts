import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Family } from '../../../agent/kqueue/kevent-codec.ts';
import { EventKind } from '../../../core/events/fs-event.ts';
import { chmodded, grew, KQ, Program, unlinked, wrote } from './program.ts';

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
const EOF = 0x8000;

const N = { DELETE: 1, WRITE: 2, EXTEND: 4, ATTRIB: 8, LINK: 16, RENAME: 32, REVOKE: 64 };
const ALL = 0x7f;

const FD = 5;
const INO = 100;
const DIR = 6;
const DIRINO = 101;

type Step =
  | { add: number; mask?: number }
  | { change: number; mask?: number; errno?: number }
  | { happen: Parameters<Program['happen']>[0][] }
  | { close: number }
  | { told: [number, number][] };

const write = { happen: [wrote(INO)] };
const attrib = { happen: [chmodded(INO)] };
const nothing = { told: [] as [number, number][] };
const W = N.WRITE;
const A = N.ATTRIB;

/** Scripts on a knote; `told` is `[flags, fflags]` of each delivered event. */
const SCRIPTS: readonly [string, readonly Step[]][] = [
  ['EV_ADD reports no history', [write, { add: 0 }, nothing]],
  [
    'level: again and again, accumulating',
    [
      ...[{ add: 0 }, write, { told: [[ADD, W]] }, { told: [[ADD, W]] }],
      ...[attrib, { told: [[ADD, W | A]] }, { change: DELETE }, nothing],
    ] as Step[],
  ],
  [
    'EV_CLEAR: once, then the next',
    [
      ...[{ add: CLEAR }, write, attrib, { told: [[ADD | CLEAR, W | A]] }, nothing],
      ...[attrib, { told: [[ADD | CLEAR, A]] }, nothing],
    ] as Step[],
  ],
  [
    'EV_ONESHOT: deleted after delivery',
    [
      ...[{ add: ONESHOT }, write, attrib, { told: [[ADD | ONESHOT, W | A]] }, write, nothing],
      ...[{ change: ENABLE, errno: 2 }, { add: ONESHOT }, nothing, write, { told: [[ADD | ONESHOT, W]] }],
    ] as Step[],
  ],
  [
    'EV_DISPATCH: disabled after delivery; enabling delivers the old bits immediately',
    [
      ...[{ add: DISPATCH }, write, { told: [[ADD | DISPATCH, W]] }, attrib, nothing],
      ...[{ change: ENABLE, mask: ALL }, { told: [[ADD | DISPATCH, W | A]] }, nothing],
      ...[{ change: ENABLE }, { told: [[ADD | DISPATCH, W | A]] }],
    ] as Step[],
  ],
  [
    'EV_DISPATCH|EV_CLEAR: enabling delivers only later bits',
    [
      ...[{ add: DISPATCH | CLEAR }, write, { told: [[ADD | DISPATCH | CLEAR, W]] }],
      ...[{ change: ENABLE, mask: ALL }, nothing, attrib, { told: [[ADD | DISPATCH | CLEAR, A]] }],
      ...[write, nothing, { change: ENABLE, mask: ALL }, { told: [[ADD | DISPATCH | CLEAR, W]] }],
    ] as Step[],
  ],
  [
    'EV_DISABLE holds bits back, EV_ENABLE delivers them',
    [
      ...[{ add: CLEAR }, write, { change: DISABLE, mask: ALL }, nothing, attrib, nothing],
      ...[{ change: ENABLE, mask: ALL }, { told: [[ADD | CLEAR, W | A]] }],
    ] as Step[],
  ],
  [
    'EV_ADD|EV_DISABLE creates it disabled, and echoes so',
    [
      ...[{ add: DISABLE | CLEAR }, write, nothing],
      ...[{ change: ENABLE, mask: ALL }, { told: [[ADD | DISABLE | CLEAR, W]] }],
    ] as Step[],
  ],
  [
    'a second EV_ADD leaves a disabled knote disabled',
    [
      ...[{ add: DISABLE }, { add: 0 }, write, nothing, { add: ENABLE }, { told: [[ADD | DISABLE, W]] }],
    ] as Step[],
  ],
  [
    'the first EV_ADD’s flags win: CLEAR cannot be taken away',
    [
      ...[{ add: ENABLE | CLEAR }, { add: ONESHOT | RECEIPT | DISPATCH }, write],
      ...[{ told: [[ADD | ENABLE | CLEAR, W]] }, nothing, write, { told: [[ADD | ENABLE | CLEAR, W]] }],
    ] as Step[],
  ],
  [
    'the first EV_ADD’s flags win: CLEAR cannot be added',
    [...[{ add: 0 }, { add: CLEAR }, write, { told: [[ADD, W]] }, { told: [[ADD, W]] }]] as Step[],
  ],
  ['EV_RECEIPT appears in events', [{ add: RECEIPT | CLEAR }, write, { told: [[ADD | RECEIPT | CLEAR, W]] }]],
  ['EV_ENABLE with fflags 0 clears the mask', [{ add: CLEAR }, { change: ENABLE }, write, nothing]],
  [
    'a change with fflags 0 clears the mask, not the pending bits',
    [
      ...[{ add: CLEAR }, write, { change: 0 }, attrib, { told: [[ADD | CLEAR, W]] }, attrib, nothing],
    ] as Step[],
  ],
  [
    'a second EV_ADD replaces the mask and keeps the pending bits',
    [
      ...[{ add: CLEAR, mask: W }, write, { add: CLEAR, mask: A }, write, { told: [[ADD | CLEAR, W]] }],
      ...[write, nothing, attrib, { told: [[ADD | CLEAR, A]] }],
    ] as Step[],
  ],
  ['EV_DELETE drops a queued event', [{ add: 0 }, write, { change: DELETE }, nothing, { add: 0 }, nothing]],
  ['fflags 0 never fires', [{ add: 0, mask: 0 }, write, attrib, nothing]],
  [
    'deleting a disabled DISPATCH2 waits to be enabled',
    [
      ...[{ add: DISPATCH2 }, write, { told: [[ADD | DISPATCH2, W]] }],
      ...[
        { change: DELETE | SPECIFIC, errno: 115 },
        write,
        nothing,
        { change: DELETE | SPECIFIC, errno: 115 },
      ],
      ...[{ change: ENABLE | SPECIFIC, mask: ALL }, { told: [[DELETE | DISPATCH2 | ONESHOT, 0]] }, nothing],
      ...[{ change: ENABLE | SPECIFIC, errno: 2 }],
    ] as Step[],
  ],
  [
    'a DISPATCH2 one-shot is kept until its end is acknowledged',
    [
      ...[{ add: DISPATCH2 | ONESHOT }, write, { told: [[ADD | DISPATCH2 | ONESHOT, W]] }, write, nothing],
      ...[{ change: DELETE | SPECIFIC | ENABLE }, { change: DELETE | SPECIFIC, errno: 2 }],
    ] as Step[],
  ],
  [
    'closing the descriptor drops it silently',
    [...[{ add: 0 }, write, { close: FD }, nothing, { change: DELETE, errno: -1 }]] as Step[],
  ],
  [
    'EV_VANISHED reports the close, once, and is no flag of other events',
    [
      ...[{ add: DISPATCH2 | VANISHED }, write, { told: [[ADD | DISPATCH2, W]] }],
      ...[{ change: ENABLE | SPECIFIC, mask: ALL }, attrib, { close: FD }],
      ...[{ told: [[DISPATCH2 | ONESHOT | VANISHED, 0]] }, nothing],
      ...[{ change: DELETE | ENABLE | SPECIFIC }, { change: DELETE | SPECIFIC, errno: -1 }],
    ] as Step[],
  ],
  [
    'EV_VANISHED while disabled waits to be enabled',
    [
      ...[{ add: DISPATCH2 | VANISHED | DISABLE }, { close: FD }, nothing],
      ...[{ change: ENABLE | SPECIFIC }, { told: [[DISPATCH2 | ONESHOT | VANISHED, 0]] }, nothing],
    ] as Step[],
  ],
  [
    'growing write: EXTEND and WRITE in one event',
    [...[{ add: CLEAR }, { happen: [grew(INO)] }, { told: [[ADD | CLEAR, N.EXTEND | W]] }]] as Step[],
  ],
  [
    'a vanished file still gets events',
    [
      ...[{ add: CLEAR }, { happen: [unlinked(INO)] }, { told: [[ADD | CLEAR, N.DELETE | N.LINK]] }],
      ...[write, { told: [[ADD | CLEAR, W]] }],
    ] as Step[],
  ],
];

function setup(notes: 'masked' | 'native' = 'masked'): Program {
  const p = new Program({ notes });
  p.fds.set(FD, INO);
  p.fds.set(DIR, DIRINO);
  // The kernel gives ENOENT for a closed virtual descriptor.
  p.kernelErrno = () => -1;
  return p;
}

const test = suite('delivery');

for (const [name, steps] of SCRIPTS) {
  test(name, () => {
    const p = setup();
    for (const [at, step] of steps.entries()) {
      const where = `step ${at}`;
      if ('add' in step) {
        const { result, entries } = p.change([
          { ident: FD, flags: step.add | ADD, fflags: step.mask ?? ALL },
        ]);
        assert.is(result, step.add & RECEIPT ? 1 : 0, where);
        for (const entry of entries) assert.is(entry.data, 0, where);
      } else if ('change' in step) {
        const { entries } = p.change([{ ident: FD, flags: step.change, fflags: step.mask ?? 0 }]);
        assert.equal(
          entries.map((e) => e.data),
          step.errno === undefined ? [] : [step.errno],
          where,
        );
      } else if ('happen' in step) p.happen(...step.happen);
      else if ('close' in step) {
        p.fds.delete(step.close);
        p.bridge.fdClosed(step.close);
      } else {
        assert.equal(
          p.told().map(([, flags, fflags]) => [flags, fflags]),
          step.told,
          where,
        );
      }
    }
  });
}

test('masked: only bits of the mask; native: the whole hint if a bit matches', () => {
  for (const [notes, unlink, mkdir] of [
    ['masked', N.DELETE, N.WRITE],
    ['native', N.DELETE | N.LINK, N.WRITE | N.LINK],
  ] as const) {
    const p = setup(notes);
    p.add(FD, CLEAR, N.DELETE);
    p.add(DIR, CLEAR, N.WRITE);
    p.happen(unlinked(INO), { kind: EventKind.Created, type: 4, ino: 500, parent: DIRINO });
    assert.equal(p.told(), [
      [FD, ADD | CLEAR, unlink],
      [DIR, ADD | CLEAR, mkdir],
    ]);
    // Posts are matched separately: a matching WRITE does not add EXTEND.
    p.add(FD, CLEAR, N.WRITE);
    p.happen(grew(INO));
    assert.equal(p.told(), [[FD, ADD | CLEAR, N.WRITE]]);
    p.happen(chmodded(INO));
    assert.equal(p.told(), []);
  }
});

for (const notes of ['masked', 'native'] as const) {
  test(`${notes}: end of the host: EV_EOF once for every knote, REVOKE only by mask`, () => {
    const p = setup(notes);
    p.fds.set(7, INO);
    p.add(FD, CLEAR, ALL);
    p.add(DIR, 0, N.WRITE);
    p.add(7, CLEAR | DISABLE, 0);
    p.bridge.hostGone();
    p.bridge.hostGone();
    assert.equal(p.told(), [
      [FD, ADD | CLEAR | EOF | ONESHOT, N.REVOKE],
      [DIR, ADD | EOF | ONESHOT, 0],
    ]);
    assert.equal(p.told(), []);
    // A disabled knote reports EV_EOF when it is enabled; the same change can add NOTE_REVOKE to the mask.
    p.change([{ ident: 7, flags: ENABLE, fflags: N.REVOKE }]);
    assert.equal(p.told(), [[7, ADD | CLEAR | DISABLE | EOF | ONESHOT, N.REVOKE]]);
    assert.not(p.bridge.hasKnotes(KQ));
    // A new registration stays silent: a program that registers again must not spin.
    p.add(FD, CLEAR, ALL);
    assert.equal(p.told(), []);
    assert.equal(p.watches, [INO, DIRINO], 'no unwatch request after the end of the host');
  });
}

test('revoke adds to the pending bits', () => {
  const p = setup();
  p.add(FD, CLEAR, N.WRITE | N.REVOKE);
  p.happen(wrote(INO));
  p.bridge.hostGone();
  assert.equal(p.told(), [[FD, ADD | CLEAR | EOF | ONESHOT, N.WRITE | N.REVOKE]]);
});

for (const [name, family] of Object.entries(Family)) {
  test(`${name}: the fields of an event`, () => {
    const p = setup();
    const ext = [1, 2, 3, 4, 5, 6, 7, 0xffffffff];
    const given = {
      ident: FD,
      flags: ADD | CLEAR,
      fflags: ALL,
      udata: 2 ** 52 + 1,
      data: -9,
      qos: -2,
      xflags: 9,
      ext,
    };
    assert.is(p.change([given], { family }).result, 0);
    // A second knote without extension words must not echo the first knote's.
    p.change([{ ident: DIR, flags: ADD | CLEAR, fflags: ALL }], { family });
    p.happen(wrote(INO), chmodded(DIRINO));
    const [event, other] = p.collect(4, { family });
    const words = family === Family.Kevent ? 0 : family === Family.Kevent64 ? 4 : 8;
    assert.equal(event, {
      ...{ ident: FD, filter: -4, flags: ADD | CLEAR, fflags: N.WRITE, data: 0, udata: 2 ** 52 + 1 },
      ...{ qos: family === Family.KeventQos ? -2 : 0, xflags: 0, ext: [...ext].fill(0, words) },
    });
    assert.equal([other!.ident, other!.ext, other!.qos], [DIR, Array(8).fill(0), 0]);
  });
}

test('registered by kevent64, delivered by kevent_qos: the missing extension words are 0', () => {
  const p = setup();
  const ext = [1, 2, 3, 4, 5, 6, 7, 8];
  p.change([{ ident: FD, flags: ADD | CLEAR, fflags: ALL, ext }], { family: Family.KeventQos });
  p.change([{ ident: DIR, flags: ADD | CLEAR, fflags: ALL, ext }], { family: Family.Kevent64 });
  p.happen(wrote(INO), wrote(DIRINO));
  assert.equal(
    p.collect(4, { family: Family.KeventQos }).map((e) => e.ext),
    [ext, [1, 2, 3, 4, 0, 0, 0, 0]],
  );
});

test('udata: the latest change’s for plain knotes, the key for specific knotes, which coexist', () => {
  const p = setup();
  p.add(FD, CLEAR, ALL, { udata: 1 });
  p.change([{ ident: FD, flags: ENABLE, fflags: ALL, udata: 2 }]);
  p.add(FD, CLEAR | SPECIFIC, ALL, { udata: 3 });
  p.add(FD, CLEAR | SPECIFIC, ALL, { udata: 4 });
  p.happen(wrote(INO));
  assert.equal(
    p.collect().map((e) => e.udata),
    [4, 3, 2],
    'newest first',
  );
});

test('events are written from an offset on, and other entries stay unchanged', () => {
  const p = setup();
  p.add(FD, 0, ALL);
  p.happen(wrote(INO));
  const view = new DataView(new ArrayBuffer(32 * 4));
  new Uint8Array(view.buffer).fill(0xaa);
  assert.is(p.bridge.drain(KQ, Family.Kevent, view, 2, 2), 1);
  assert.is(view.getUint32(64, true), FD);
  for (const at of [0, 32, 63, 96, 127]) assert.is(view.getUint8(at), 0xaa);
  for (const capacity of [0, -1]) assert.is(p.bridge.drain(KQ, Family.Kevent, view, 0, capacity), 0);
  assert.is(p.bridge.drain(99, Family.Kevent, view, 0, 4), 0, 'a kqueue without anything virtual');
});

test('events never have EV_ERROR', () => {
  const p = setup();
  p.add(FD, ERROR, ALL);
  p.happen(wrote(INO));
  assert.equal(p.told(), [[FD, ADD, N.WRITE]]);
});

test.run();
