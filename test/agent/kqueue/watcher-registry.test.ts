import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { chunkOf, eventFrame, headerFrame } from '../events/frame-bytes.ts';
import { KQ, Program, wrote } from './program.ts';

const ADD = 1;
const DELETE = 2;
const CLEAR = 0x20;
const ONESHOT = 0x10;
const SPECIFIC = 0x100;
const DISPATCH2 = 0x180;
const VANISHED = 0x200;
const ALL = 0x7f;
const INO = 100;

/** Descriptors 5, 6, 7 on one inode, 8 on another. */
function setup(): Program {
  const p = new Program();
  for (const fd of [5, 6, 7]) p.fds.set(fd, INO);
  p.fds.set(8, INO + 1);
  return p;
}
const idents = (p: Program, kq = KQ): number[] => p.told(16, { kq }).map(([ident]) => ident);
const close = (p: Program, fd: number): void => {
  p.fds.delete(fd);
  p.bridge.fdClosed(fd);
};

const test = suite('watcher registry');

test('an inode is watched at the host from its first knote to its last', () => {
  const p = setup();
  p.add(5, 0, ALL);
  p.add(6, 0, ALL);
  p.add(5, 0, ALL, { kq: 4 });
  p.add(8, 0, ALL);
  assert.equal(p.watches.splice(0), [INO, INO + 1]);
  p.change([{ ident: 5, flags: DELETE }]);
  close(p, 6);
  assert.equal(p.watches, []);
  p.bridge.kqClosed(4);
  assert.equal(p.watches, [-INO]);
});

test('knotes of an inode are activated newest first', () => {
  const p = setup();
  for (const fd of [6, 5, 7]) p.add(fd, CLEAR, ALL);
  p.happen(wrote(INO));
  assert.equal(idents(p), [7, 5, 6]);
  p.change([{ ident: 5, flags: DELETE }]);
  p.add(5, CLEAR, ALL);
  p.happen(wrote(INO));
  assert.equal(idents(p), [5, 7, 6]);
});

test('unlinking from the inode’s list at its head, middle and end', () => {
  for (const [gone, left] of [
    [7, [6, 5]],
    [6, [7, 5]],
    [5, [7, 6]],
  ] as const) {
    const p = setup();
    for (const fd of [5, 6, 7]) p.add(fd, CLEAR, ALL);
    p.change([{ ident: gone, flags: DELETE }]);
    p.happen(wrote(INO));
    assert.equal(idents(p), left);
  }
});

test('a close ends the number’s knotes on every kqueue, and no knotes of the file’s other numbers', () => {
  const p = setup();
  p.add(5, CLEAR, ALL);
  p.add(5, CLEAR, ALL, { kq: 4 });
  p.add(5, CLEAR | SPECIFIC, ALL, { udata: 9 });
  p.add(6, CLEAR, ALL);
  p.happen(wrote(INO));
  close(p, 5);
  assert.equal(idents(p), [6]);
  assert.equal(idents(p, 4), []);
  assert.not(p.bridge.hasKnotes(4));
  assert.equal(p.watches, [INO]);
});

test('a reused number gets no events of its former file', () => {
  const p = setup();
  p.add(5, CLEAR, ALL);
  p.happen(wrote(INO));
  close(p, 5);
  p.fds.set(5, INO + 50);
  p.add(5, CLEAR, ALL);
  p.happen(wrote(INO));
  assert.equal(idents(p), []);
  p.happen(wrote(INO + 50));
  assert.equal(idents(p), [5]);
});

test('a vanished knote releases its inode, and its number can be registered again', () => {
  const p = setup();
  p.add(5, DISPATCH2 | VANISHED, ALL, { udata: 1 });
  close(p, 5);
  assert.equal(p.watches.splice(0), [INO, -INO]);
  p.bridge.fdClosed(5);
  p.fds.set(5, INO + 50);
  p.add(5, DISPATCH2 | VANISHED, ALL, { udata: 2 });
  p.happen(wrote(INO + 50));
  assert.equal(
    p.collect().map((e) => [e.udata, e.flags, e.fflags]),
    [
      [1, 0x390, 0],
      [2, 0x181, 2],
    ],
  );
  // Registered again with the same udata: the old knote delivers nothing.
  p.add(5, DISPATCH2 | VANISHED, ALL, { udata: 1 });
  p.happen(wrote(INO + 50));
  assert.equal(
    p.collect().map((e) => [e.udata, e.flags]),
    [[1, 0x181]],
  );
});

test('after a knote in the middle of its descriptor’s list is deleted, the others are still found', () => {
  const p = setup();
  for (const udata of [1, 2, 3]) p.add(5, CLEAR | SPECIFIC, ALL, { udata });
  assert.is(p.change([{ ident: 5, flags: DELETE | SPECIFIC, udata: 2 }]).result, 0);
  assert.is(p.change([{ ident: 5, flags: DELETE | SPECIFIC, udata: 1 }]).result, 0);
  assert.is(p.change([{ ident: 5, flags: DELETE | SPECIFIC, udata: 3 }]).result, 0);
  assert.equal(p.watches, [INO, -INO]);
});

test('a duplicate of a kqueue shares its queue; it ends with the last number', () => {
  const p = setup();
  p.bridge.kqDuplicated(KQ, 30);
  p.add(5, CLEAR, ALL);
  p.add(8, CLEAR, ALL, { kq: 30 });
  assert.ok(p.bridge.hasKnotes(30));
  p.happen(wrote(INO), wrote(INO + 1));
  assert.equal(p.signals.splice(0), [[KQ, true]], 'signalled once, by one of its numbers');
  assert.equal(idents(p, 30), [5, 8]);
  assert.equal(idents(p), []);
  assert.equal(p.signals.splice(0), [[KQ, false]]);
  p.bridge.kqClosed(KQ);
  assert.equal(p.watches, [INO, INO + 1]);
  p.happen(wrote(INO));
  assert.equal(p.signals, [[30, true]], 'by the number that is left');
  assert.equal(idents(p, 30), [5]);
  assert.equal(idents(p), [], 'the closed number is nothing');
  p.bridge.kqClosed(30);
  assert.equal(p.watches, [INO, INO + 1, -INO, -(INO + 1)]);
});

test('dup2 of a kqueue closes the target; onto itself it has no effect', () => {
  const p = setup();
  p.add(5, CLEAR, ALL, { kq: 40 });
  p.add(8, CLEAR, ALL, { kq: 41 });
  p.bridge.kqDuplicated(40, 40);
  p.bridge.kqDuplicated(40, 41);
  assert.equal(p.watches, [INO, INO + 1, -(INO + 1)]);
  p.happen(wrote(INO));
  assert.equal(idents(p, 41), [5]);
});

test('a kqueue closed with pending events signals nothing', () => {
  const p = setup();
  p.add(5, CLEAR, ALL);
  p.happen(wrote(INO));
  p.signals.length = 0;
  p.bridge.kqClosed(KQ);
  p.bridge.kqClosed(KQ);
  assert.equal(p.signals, []);
  assert.equal(idents(p), []);
  // Its number may be a new kqueue.
  p.add(5, CLEAR, ALL);
  assert.equal(idents(p), []);
  p.happen(wrote(INO));
  assert.equal(p.signals, [[KQ, true]]);
});

test('a delivered one-shot keeps its inode watched while its descriptor is open', () => {
  const p = setup();
  for (let round = 0; round < 3; round++) {
    p.add(5, ONESHOT, ALL);
    p.happen(wrote(INO));
    assert.equal(idents(p), [5]);
  }
  assert.equal(p.watches, [INO], 'no frames for re-registering');
  close(p, 5);
  assert.equal(p.watches, [INO, -INO]);
});

test('lingering watches end with their kqueue or descriptor, and are bounded', () => {
  const p = setup();
  p.add(5, ONESHOT, ALL);
  p.happen(wrote(INO));
  p.told();
  p.bridge.kqClosed(KQ);
  assert.equal(p.watches.splice(0), [INO, -INO]);

  for (let fd = 1000; fd < 3000; fd++) {
    p.fds.set(fd, fd);
    p.add(fd, ONESHOT, ALL);
    p.happen(wrote(fd));
    p.told();
  }
  assert.is(p.bridge.watchedCount, 1024);
  for (let fd = 1000; fd < 3000; fd++) close(p, fd);
  assert.is(p.bridge.watchedCount, 0);
  assert.is(
    p.watches.reduce((sum, ino) => sum + Math.sign(ino), 0),
    0,
    'every request is taken back once',
  );
});

test('a lingering one-shot whose file has another knote', () => {
  const p = setup();
  p.add(5, ONESHOT, ALL);
  p.add(6, CLEAR, ALL);
  p.happen(wrote(INO));
  p.told();
  close(p, 6);
  assert.equal(p.watches, [INO]);
  p.change([{ ident: 5, flags: ADD | CLEAR, fflags: ALL }]);
  p.change([{ ident: 5, flags: DELETE }]);
  assert.equal(p.watches, [INO, -INO]);
});

test('two one-shots of a descriptor linger as one reference', () => {
  const p = setup();
  p.add(5, ONESHOT, ALL);
  p.add(5, ONESHOT | SPECIFIC, ALL, { udata: 1 });
  p.happen(wrote(INO));
  assert.is(p.told().length, 2);
  assert.equal(p.watches, [INO]);
  close(p, 5);
  assert.equal(p.watches, [INO, -INO]);
});

test('a deferred deletion releases the inode immediately', () => {
  const p = setup();
  p.add(5, DISPATCH2 | 8, ALL);
  assert.is(p.change([{ ident: 5, flags: DELETE | SPECIFIC }]).entries.length, 1);
  assert.equal(p.watches, [INO, -INO]);
  assert.ok(p.bridge.hasKnotes(KQ));
});

test('a goodbye and the end of the connection after it revoke once', () => {
  const p = setup();
  p.add(5, ONESHOT, ALL);
  p.bridge.onEvents(chunkOf(headerFrame(8, 66)));
  assert.is(p.told().length, 1);
  p.add(5, ONESHOT, ALL);
  p.bridge.hostGone();
  assert.equal(p.told(), []);
});

test('a goodbye and an invalid stream revoke every knote, as the end of the connection does', () => {
  for (const bytes of [headerFrame(8, 66), headerFrame(3, 65)]) {
    const p = setup();
    p.add(5, CLEAR, ALL);
    p.happen({ ...wrote(INO), seq: 41 });
    const error = p.bridge.onEvents(chunkOf(bytes));
    assert.is(error === undefined, bytes[0] === 8);
    assert.equal(p.told(), [[5, 0x8031, 0x42]]);
    assert.equal(p.signals, [
      [KQ, true],
      [KQ, false],
    ]);
    assert.is(p.bridge.seq, 41);
  }
});

test('after an error, further bytes return the same error and have no effect', () => {
  const p = setup();
  p.add(5, CLEAR, ALL);
  const first = p.bridge.onEvents(chunkOf(headerFrame(3, 65)));
  p.told();
  assert.is(p.bridge.onEvents(chunkOf(eventFrame(wrote(INO)))), first);
  assert.equal(p.told(), []);
});

test.run();
