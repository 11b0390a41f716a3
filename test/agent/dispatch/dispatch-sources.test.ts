import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DispatchOp } from '../../../agent/dispatch/constants.ts';
import { DispatchSources } from '../../../agent/dispatch/dispatch-sources.ts';
import { EventFeed } from '../../../agent/events/event-feed.ts';
import { EventKind } from '../../../core/events/fs-event.ts';
import { chunkOf, eventFrame } from '../events/frame-bytes.ts';

const { Created, Activate, Resume, Suspend, Cancel, Released } = DispatchOp;
const WRITE = 0x2;
const EXTEND = 0x4;
const ATTRIB = 0x8;
const REVOKE = 0x40;

/** Descriptor n is open on inode 100 + n. */
function setup(open: (fd: number) => boolean = () => true) {
  const merged: [id: number, bits: number][] = [];
  const watched = new Set<number>();
  const dead = new Set<number>();
  const sources = new DispatchSources({
    lookupFd: (fd) => (open(fd) ? { ino: 100 + fd } : undefined),
    watch(ino, on) {
      assert.is(watched.has(ino), !on, `inode ${ino} is asked for once`);
      if (on) watched.add(ino);
      else watched.delete(ino);
    },
    merge(id, bits) {
      merged.push([id, bits]);
      return !dead.has(id);
    },
  });
  const take = () => merged.splice(0);
  const begin = (id: number, fd: number, mask: number) => {
    sources.handle(Created, id, fd, mask);
    sources.handle(Activate, id, fd, mask);
  };
  return { sources, watched, dead, take, begin };
}

const test = suite('dispatch sources');

test('the hints of a chunk are merged once, masked', () => {
  const { sources, take, begin } = setup();
  begin(1, 3, WRITE | ATTRIB);
  sources.post(103, EXTEND);
  sources.post(103, WRITE);
  sources.post(103, ATTRIB);
  assert.equal(take(), []);
  sources.batchEnd();
  assert.equal(take(), [[1, WRITE | ATTRIB]]);
  sources.post(103, EXTEND);
  sources.batchEnd();
  assert.equal(take(), []);
});

test('an inode is watched from its first source’s activation to its last source’s end', () => {
  const { sources, watched, begin } = setup();
  sources.handle(Created, 1, 3, WRITE);
  assert.is(watched.size, 0);
  sources.handle(Activate, 1, 3, WRITE);
  begin(2, 3, ATTRIB);
  assert.equal([...watched], [103]);
  sources.handle(Cancel, 1, 3, WRITE);
  assert.equal([...watched], [103]);
  sources.handle(Released, 2, -1, 0);
  assert.is(watched.size, 0);
  assert.is(sources.size, 1);
});

test('events are posted by the table in note-map.ts', () => {
  const { sources, take, begin } = setup();
  const feed = new EventFeed();
  feed.listen(sources);
  begin(1, 3, 0x1ff);
  const frame = eventFrame({ kind: EventKind.Attrib, ino: 103, seq: 1 });
  feed.push(chunkOf(frame));
  assert.equal(take(), [[1, ATTRIB]]);
});

test('a closed descriptor ends its sources and drops their pending bits', () => {
  const { sources, watched, take, begin } = setup();
  begin(1, 3, WRITE);
  begin(2, 4, WRITE);
  sources.post(103, WRITE);
  sources.fdClosed(3);
  sources.post(103, WRITE);
  sources.post(104, WRITE);
  sources.batchEnd();
  assert.equal(take(), [[2, WRITE]]);
  assert.equal([...watched], [104]);
  sources.handle(Cancel, 1, 3, WRITE);
  sources.handle(Released, 1, -1, 0);
  assert.is(sources.size, 1);
});

test('a source whose descriptor is closed before activation gets no bits', () => {
  let open = true;
  const { sources, watched, take } = setup(() => open);
  sources.handle(Created, 1, 3, WRITE);
  open = false;
  sources.handle(Activate, 1, 3, WRITE);
  sources.post(103, WRITE);
  sources.batchEnd();
  assert.equal(take(), []);
  assert.is(watched.size, 0);
});

test('a source that was released unnoticed is removed at its next event', () => {
  const { sources, watched, dead, begin } = setup();
  begin(1, 3, WRITE);
  dead.add(1);
  sources.post(103, WRITE);
  sources.batchEnd();
  assert.is(sources.size, 0);
  assert.is(watched.size, 0);
});

test('the end of the host posts REVOKE once, to sources whose mask has it', () => {
  const { sources, take, begin } = setup();
  const feed = new EventFeed();
  feed.listen(sources);
  begin(1, 3, WRITE | REVOKE);
  begin(2, 3, WRITE);
  feed.end();
  feed.end();
  assert.equal(take(), [[1, REVOKE]]);
  begin(3, 3, REVOKE);
  feed.end();
  assert.equal(take(), []);
});

test('unknown numbers are ignored', () => {
  const { sources } = setup();
  for (const op of Object.values(DispatchOp)) if (op !== Created) sources.handle(op, 9, 3, WRITE);
  sources.fdClosed(77);
  sources.post(1, WRITE);
  sources.batchEnd();
  assert.is(sources.size, 0);
});

/** The bits that a source should get, computed from its history. */
class Model {
  suspended = 0;
  activated = false;
  registered = false;
  over = false;
  pending = 0;
  constructor(
    readonly fd: number,
    readonly mask: number,
  ) {}
  step(op: number): void {
    if (op === Suspend) this.suspended++;
    else if (op === Cancel || op === Released) this.end();
    else if (op === Resume && this.suspended > 0) this.suspended--;
    else this.activated = true;
    this.registered ||= !this.over && this.activated && this.suspended === 0;
  }
  end(): void {
    this.over = true;
    this.registered = false;
    this.pending = 0;
  }
}

test('random histories: bits of the mask, between registration and end, once per chunk', () => {
  const id = fc.integer({ min: 1, max: 4 });
  const fd = fc.integer({ min: 3, max: 4 });
  const bits = fc.integer({ min: 1, max: 0x7f });
  const step = fc.oneof(
    fc.record({ what: fc.constant('create' as const), id, fd, bits }),
    fc.record({
      what: fc.constant('op' as const),
      id,
      op: fc.constantFrom(Activate, Resume, Suspend, Cancel, Released),
    }),
    fc.record({ what: fc.constant('post' as const), fd, bits }),
    fc.record({ what: fc.constant('close' as const), fd }),
    fc.record({ what: fc.constant('settle' as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { sources, watched, take } = setup();
      const models = new Map<number, Model>();
      for (const s of steps) {
        if (s.what === 'create') {
          if (models.has(s.id)) continue;
          models.set(s.id, new Model(s.fd, s.bits));
          sources.handle(Created, s.id, s.fd, s.bits);
        } else if (s.what === 'op') {
          sources.handle(s.op, s.id, 0, 0);
          models.get(s.id)?.step(s.op);
          if (s.op === Released) models.delete(s.id);
        } else if (s.what === 'post') {
          sources.post(100 + s.fd, s.bits);
          for (const m of models.values()) if (m.registered && m.fd === s.fd) m.pending |= s.bits & m.mask;
        } else if (s.what === 'close') {
          sources.fdClosed(s.fd);
          for (const m of models.values()) if (m.fd === s.fd) m.end();
        } else {
          sources.batchEnd();
          const expected = [...models].filter(([, m]) => m.pending).map(([i, m]) => [i, m.pending]);
          const order = (a: readonly number[], b: readonly number[]) => a[0]! - b[0]!;
          assert.equal(take().sort(order), expected.sort(order));
          for (const m of models.values()) m.pending = 0;
        }
        const wanted = new Set([...models.values()].filter((m) => m.registered).map((m) => 100 + m.fd));
        assert.equal([...watched].sort(), [...wanted].sort());
      }
    }),
    { numRuns: 500 },
  );
});

test.run();
