import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { chunkOf, eventFrame, joined } from '../events/frame-bytes.ts';
import { chmodded, KQ, Program, wrote } from './program.ts';

const CLEAR = 0x20;
const ONESHOT = 0x10;
const DISABLE = 8;
const ENABLE = 4;
const DELETE = 2;
const ALL = 0x7f;

/** Descriptors 10, 11, … on inodes 110, 111, … */
function watching(count: number, flags: number): Program {
  const p = new Program();
  for (let fd = 10; fd < 10 + count; fd++) {
    p.fds.set(fd, fd + 100);
    p.add(fd, flags, ALL);
  }
  return p;
}
const idents = (p: Program, nevents: number): number[] => p.told(nevents).map(([ident]) => ident);

const test = suite('pending queues');

test('events are in order of activation, not of registration', () => {
  const p = watching(3, CLEAR);
  p.happen(wrote(112), wrote(110), wrote(111));
  assert.equal(idents(p, 9), [12, 10, 11]);
});

test('a further hint changes a queued knote’s event, not its place', () => {
  const p = watching(2, CLEAR);
  p.happen(wrote(110), wrote(111), chmodded(110));
  assert.equal(p.told(), [
    [10, 0x21, 0x0a],
    [11, 0x21, 0x02],
  ]);
});

test('nevents 1: ten pending events in ten calls', () => {
  const p = watching(10, CLEAR);
  for (let ino = 110; ino < 120; ino++) p.happen(wrote(ino));
  const seen: number[] = [];
  for (let call = 0; call < 10; call++) seen.push(...idents(p, 1));
  assert.equal(seen, [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  assert.equal(idents(p, 1), []);
});

test('level-triggered knotes take turns', () => {
  const p = watching(3, 0);
  p.happen(wrote(110), wrote(111), wrote(112));
  assert.equal(idents(p, 1), [10]);
  assert.equal(idents(p, 1), [11]);
  assert.equal(idents(p, 2), [12, 10]);
  assert.equal(idents(p, 9), [11, 12, 10], 'each at most once in a call');
  assert.equal(idents(p, 9), [11, 12, 10]);
});

test('a newly active knote goes behind requeued knotes', () => {
  const p = watching(3, 0);
  p.happen(wrote(110), wrote(111));
  assert.equal(idents(p, 1), [10]);
  p.happen(wrote(112));
  assert.equal(idents(p, 9), [11, 10, 12]);
});

test('disabling removes a knote from the middle; enabling adds it at the tail', () => {
  const p = watching(3, CLEAR);
  p.happen(wrote(110), wrote(111), wrote(112));
  p.change([{ ident: 11, flags: DISABLE, fflags: ALL }]);
  assert.is(p.bridge.pendingCount(KQ), 2);
  p.change([{ ident: 11, flags: ENABLE, fflags: ALL }]);
  assert.equal(idents(p, 9), [10, 12, 11]);
});

test('deleting at the head, in the middle and at the tail', () => {
  for (const [gone, left] of [
    [10, [11, 12]],
    [11, [10, 12]],
    [12, [10, 11]],
  ] as const) {
    const p = watching(3, CLEAR);
    p.happen(wrote(110), wrote(111), wrote(112));
    p.change([{ ident: gone, flags: DELETE }]);
    assert.equal(idents(p, 9), left);
  }
});

test('signals: one per transition', () => {
  const p = watching(2, CLEAR);
  p.happen(wrote(110));
  p.happen(wrote(111));
  p.happen(wrote(110));
  assert.equal(p.signals, [[KQ, true]]);
  p.told(1);
  assert.is(p.signals.length, 1);
  p.told(1);
  assert.equal(p.signals.splice(0), [
    [KQ, true],
    [KQ, false],
  ]);
  p.told(1);
  assert.equal(p.signals, []);
});

test('signals: a level-triggered knote keeps its kqueue readable until it is deleted', () => {
  const p = watching(1, 0);
  p.happen(wrote(110));
  p.told();
  p.told();
  assert.equal(p.signals, [[KQ, true]]);
  p.change([{ ident: 10, flags: DELETE }]);
  assert.equal(p.signals, [
    [KQ, true],
    [KQ, false],
  ]);
});

test('signals: none if the queue is as before at the end of the call', () => {
  const p = watching(1, CLEAR);
  p.happen(wrote(110));
  p.signals.length = 0;
  p.change([
    { ident: 10, flags: DISABLE, fflags: ALL },
    { ident: 10, flags: ENABLE, fflags: ALL },
  ]);
  assert.equal(p.signals, []);
  assert.equal(idents(p, 1), [10]);
});

test('signals: separate for each kqueue', () => {
  const p = new Program();
  p.fds.set(10, 110);
  p.add(10, CLEAR, ALL, { kq: 20 });
  p.add(10, CLEAR, ALL, { kq: 21 });
  p.happen(wrote(110));
  assert.equal(p.signals.splice(0), [
    [21, true],
    [20, true],
  ]);
  assert.is(p.told(4, { kq: 20 }).length, 1);
  assert.equal(p.signals, [[20, false]]);
  assert.is(p.told(4, { kq: 21 }).length, 1, 'the other has its own event');
});

test('100 000 writes to one file are one event and one signal', () => {
  const p = watching(2, CLEAR);
  const burst = chunkOf(
    joined(...Array.from({ length: 1000 }, (_, i) => eventFrame({ ...wrote(110), seq: i }))),
  );
  for (let i = 0; i < 100; i++) assert.is(p.bridge.onEvents(burst), undefined);
  p.happen(chmodded(111));
  assert.is(p.bridge.pendingCount(KQ), 2);
  assert.equal(p.signals, [[KQ, true]]);
  assert.equal(p.told(), [
    [10, 0x21, 2],
    [11, 0x21, 8],
  ]);
});

test('one-shot knotes in a row', () => {
  const p = watching(3, ONESHOT);
  p.happen(wrote(110), wrote(111), wrote(112));
  assert.equal(idents(p, 2), [10, 11]);
  assert.equal(idents(p, 2), [12]);
  assert.not(p.bridge.hasKnotes(KQ));
});

test.run();
