/** A stream is cut into the same frames, however its bytes are chunked. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FrameError, FrameSplitter } from '../../../../injector/host/wire/frame-splitter.ts';

const [MIN, MAX] = [8, 64];
const frame = (body: Uint8Array): Buffer => {
  const bytes = Buffer.concat([Buffer.alloc(MIN), body]);
  bytes.writeUInt32LE(bytes.length, 0);
  return bytes;
};

const test = suite('frame splitter');

test('any chunking of a stream gives the frames that were sent', () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: MAX - MIN }), { maxLength: 8 });
  fc.assert(
    fc.property(bodies, fc.array(fc.nat(100)), (sent, cuts) => {
      const frames = sent.map(frame);
      const stream = Buffer.concat(frames);
      const at = [0, ...cuts.map((cut) => Math.min(cut, stream.length)), stream.length].sort((a, b) => a - b);
      const received: string[] = [];
      const splitter = new FrameSplitter(MIN, MAX);
      for (let i = 1; i < at.length; i++)
        splitter.push(stream.subarray(at[i - 1], at[i]), (one) => received.push(one.toString('hex')));
      assert.equal(
        received,
        frames.map((one) => one.toString('hex')),
      );
    }),
  );
});

test('a length out of range is refused as soon as it is known', () => {
  for (const length of [0, MIN - 1, MAX + 1, 2 ** 32 - 1]) {
    const head = Buffer.alloc(4);
    head.writeUInt32LE(length);
    const splitter = new FrameSplitter(MIN, MAX);
    splitter.push(head.subarray(0, 3), () => assert.unreachable());
    try {
      splitter.push(head.subarray(3), () => assert.unreachable());
      assert.unreachable(String(length));
    } catch (error) {
      assert.instance(error, FrameError);
    }
  }
});

test.run();
