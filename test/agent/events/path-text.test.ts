import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodePath, encodedLength, encodePath } from '../../../agent/events/path-text.ts';

const decode = (...bytes: number[]): string => decodePath(Uint8Array.from(bytes), 0, bytes.length);
const test = suite('path text');

test('well-formed UTF-8 decodes as by TextDecoder', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
      const bytes = new TextEncoder().encode(text);
      assert.is(decodePath(bytes, 0, bytes.length), text);
    }),
  );
});

test('long paths are decoded in pieces', () => {
  const text = 'aé😀'.repeat(5000);
  const bytes = new TextEncoder().encode(`xx${text}yy`);
  assert.is(decodePath(bytes, 2, bytes.length - 2), text);
});

const LOOSE: readonly [string, number[], string][] = [
  ['a lone continuation byte', [0x61, 0x80, 0x62], 'a\udc80b'],
  ['a truncated sequence at the end', [0xe2, 0x82], '\udce2\udc82'],
  ['an overlong slash', [0xc0, 0xaf], '\udcc0\udcaf'],
  ['an overlong three-byte form', [0xe0, 0x80, 0xaf], '\udce0\udc80\udcaf'],
  ['an encoded surrogate', [0xed, 0xa0, 0x80], '\udced\udca0\udc80'],
  ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80], '\udcf4\udc90\udc80\udc80'],
  ['0xff', [0xff], '\udcff'],
];
for (const [name, bytes, text] of LOOSE) test(name, () => assert.is(decode(...bytes), text));

test('different bytes decode to different texts', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 6 }), fc.uint8Array({ maxLength: 6 }), (a, b) => {
      const same = a.length === b.length && a.every((byte, i) => byte === b[i]);
      assert.is(decode(...a) === decode(...b), same);
    }),
    { numRuns: 2000 },
  );
});

test('random bytes survive decoding and encoding', () => {
  const parts = fc.oneof(fc.uint8Array({ maxLength: 6 }), fc.string({ unit: 'grapheme', maxLength: 6 }));
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 5 }), (list) => {
      const bytes = Buffer.concat(list.map((part) => Buffer.from(part as string)));
      const text = decodePath(bytes, 0, bytes.length);
      const out = new Uint8Array(bytes.length + 2);
      assert.is(encodedLength(text), bytes.length);
      assert.is(encodePath(text, out, 1), bytes.length + 1);
      assert.equal([...out.subarray(1, bytes.length + 1)], [...bytes]);
    }),
    { numRuns: 1000 },
  );
});

test.run();
