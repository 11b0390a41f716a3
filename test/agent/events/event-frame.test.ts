import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type EventFrame,
  EventFrameDecoder,
  type FrameError,
  MAX_FRAME,
} from '../../../agent/events/event-frame.ts';
import { AgentOp, EVENT } from '../../../core/protocol.ts';
import { chunkOf, eventFrame, type FrameFields, headerFrame, joined } from './frame-bytes.ts';

interface Seen {
  events: FrameFields[];
  goodbyes: number;
  losses: number;
  errors: FrameError[];
}

function decode(chunks: Uint8Array[]): Seen & { decoder: EventFrameDecoder } {
  const seen: Seen = { events: [], goodbyes: 0, losses: 0, errors: [] };
  const decoder = new EventFrameDecoder({
    event: (f) => keep(f, AgentOp.Event),
    replayed: (f) => keep(f, AgentOp.Replayed),
    replayEnd: (f) => keep(f, AgentOp.ReplayEnd),
    lost: () => seen.losses++,
    goodbye: () => seen.goodbyes++,
  });
  function keep(f: EventFrame, op: number): void {
    seen.events.push(fieldsOf(f, op));
  }
  for (const chunk of chunks) {
    const error = decoder.push(chunkOf(chunk));
    if (error !== undefined) seen.errors.push(error);
  }
  return { ...seen, decoder };
}

function fieldsOf(f: EventFrame, op: number): FrameFields {
  const { kind, type, seq, id, ino, parent, fromParent, replaced, replacedType, replacedNlink } = f;
  const { time, detail, nlink, pid, path, from, stream } = f;
  return {
    ...{ kind, type, seq, id, ino, parent, fromParent, replaced, replacedType, replacedNlink },
    ...{ time, detail, nlink, pid, path, from, stream, op },
  };
}

/** `bytes` in pieces ending at the given positions. */
function cut(bytes: Uint8Array, positions: number[]): Uint8Array[] {
  const ends = [...positions.map((p) => p % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let start = 0;
  return ends.map((end) => {
    const piece = bytes.subarray(start, end);
    start = end;
    return piece;
  });
}

const u53 = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const u8 = fc.integer({ min: 0, max: 255 });
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const fields = fc.record(
  {
    ...{ kind: u8, type: u8, seq: u53, id: u53, ino: u53, parent: u53, fromParent: u53, replaced: u53 },
    ...{
      replacedType: u32,
      replacedNlink: u32,
      time: u53,
      detail: u32,
      nlink: u32,
      pid: u32,
      path: text,
      from: text,
      op: fc.constantFrom(AgentOp.Event, AgentOp.Replayed, AgentOp.ReplayEnd),
      stream: u32,
    },
  },
  { noNullPrototype: true },
);

const test = suite('event frames');

test('random chunks give the same events, with all fields', () => {
  fc.assert(
    fc.property(fc.array(fields, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 20 }), (list, cuts) => {
      const bytes = joined(...list.map((f) => eventFrame(f)));
      const seen = decode(cut(bytes, cuts));
      assert.equal(seen.events, list);
      assert.equal(seen.errors, []);
      assert.is(seen.decoder.held, 0);
    }),
    { numRuns: 200 },
  );
});

test('a loss advances the sequence number', () => {
  const seen = decode([eventFrame({ op: AgentOp.Lost, seq: 7 })]);
  assert.equal([seen.losses, seen.events, seen.decoder.seq], [1, [], 7]);
});

test('after each chunk, the sequence number is that of the last dispatched event', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.nat(), { maxLength: 12 }), (count, cuts) => {
      const frames = Array.from({ length: count }, (_, i) =>
        eventFrame({ seq: 1000 + i, path: 'x'.repeat(i) }),
      );
      let last = 0;
      const decoder = new EventFrameDecoder({
        event: (frame) => {
          last = frame.seq;
        },
        goodbye: () => undefined,
      });
      for (const chunk of cut(joined(...frames), cuts)) {
        decoder.push(chunkOf(chunk));
        assert.is(decoder.seq, last);
      }
      assert.is(last, 999 + count);
    }),
  );
});

test('byte by byte, with a goodbye between', () => {
  const bytes = joined(
    eventFrame({ ino: 1, path: '/v/a' }),
    headerFrame(8, AgentOp.Goodbye),
    eventFrame({ ino: 2 }),
  );
  const seen = decode(Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)));
  assert.equal(
    seen.events.map((e) => [e.ino, e.path]),
    [
      [1, '/v/a'],
      [2, ''],
    ],
  );
  assert.is(seen.goodbyes, 1);
});

test('only an incomplete frame is kept', () => {
  const frame = eventFrame({ path: `/v/${'x'.repeat(4000)}` });
  const { decoder, events } = decode([frame, frame.subarray(0, 3000)]);
  assert.is(events.length, 1);
  assert.is(decoder.held, 3000);
});

test('a frame of the maximal length is accepted', () => {
  const path = 'p'.repeat(MAX_FRAME - EVENT.size);
  const seen = decode(cut(eventFrame({ path }), [7, 9, 5000]));
  assert.is(seen.events[0]?.path, path);
});

const tooLongPath = (() => {
  const frame = eventFrame({ path: 'abc' });
  new DataView(frame.buffer).setUint32(EVENT.at.path_length, 4, true);
  return frame;
})();
const wrappingPaths = (() => {
  const frame = eventFrame({ path: 'abc' });
  new DataView(frame.buffer).setUint32(EVENT.at.path_length, 0xffffffff, true);
  new DataView(frame.buffer).setUint32(EVENT.at.from_length, 4, true);
  return frame;
})();

const BAD: readonly [string, Uint8Array, FrameError['reason']][] = [
  ['zero length', headerFrame(0, AgentOp.Event), 'short'],
  ['shorter than its header', headerFrame(7, AgentOp.Event), 'short'],
  ['one byte over the limit', headerFrame(MAX_FRAME + 1, AgentOp.Event), 'oversized'],
  ['four gigabytes', headerFrame(0xffffffff, AgentOp.Event), 'oversized'],
  ['an op of the other direction', headerFrame(8, AgentOp.Hello), 'unknown-op'],
  ['an unknown op', headerFrame(8, 999), 'unknown-op'],
  ['event without its fixed part', headerFrame(8, AgentOp.Event), 'malformed'],
  ['path beyond its frame', tooLongPath, 'malformed'],
  ['path lengths whose sum exceeds 32 bits', wrappingPaths, 'malformed'],
];
for (const [name, bytes, reason] of BAD) {
  test(`malformed: ${name}, in any chunking, ends the stream for good`, () => {
    const good = eventFrame({ ino: 5 });
    for (const cuts of [[], [good.length + 3], [good.length, good.length + 1, good.length + 5]]) {
      const seen = decode([...cut(joined(good, bytes), cuts), good, good]);
      assert.equal(
        seen.events.map((e) => e.ino),
        [5],
      );
      assert.ok(seen.errors.length >= 3, 'the two later pushes fail too');
      for (const error of seen.errors) assert.is(error, seen.errors[0]);
      assert.is(seen.errors[0]?.reason, reason);
      assert.is(seen.decoder.held, 0);
    }
  });
}

test('random bytes neither throw nor loop', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), (chunks) => {
      const { decoder } = decode(chunks);
      assert.ok(decoder.held <= MAX_FRAME);
    }),
    { numRuns: 200 },
  );
});

test.run();
