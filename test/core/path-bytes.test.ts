import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodePath, encodePath, pathLength } from '../../core/path-bytes.ts';

const Paths = suite('paths as bytes');

/** Bytes that are mostly UTF-8, with truncated and invalid sequences. */
const bytes = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 5 }).map((text) => Buffer.from(text, 'utf8')),
      fc.uint8Array({ maxLength: 4 }).map((raw) => Buffer.from(raw)),
    ),
    { maxLength: 80 },
  )
  .map((parts) => Buffer.concat(parts));

Paths('any bytes survive decoding and encoding', () => {
  fc.assert(
    fc.property(bytes, (raw) => {
      assert.equal(encodePath(decodePath(raw)), raw);
      assert.is(pathLength(decodePath(raw)), raw.length);
    }),
  );
});

Paths('differ as strings where they differ as bytes', () => {
  fc.assert(fc.property(bytes, bytes, (a, b) => a.equals(b) === (decodePath(a) === decodePath(b))));
});

const TABLE: [hex: string, text: string][] = [
  ['2f61', '/a'],
  ['c3a9', 'é'],
  ['f09f9880', '😀'],
  ['ff', '\udcff'],
  ['61ff62', 'a\udcffb'],
  ['c328', '\udcc3('],
  ['eda080', '\udced\udca0\udc80'], // a surrogate in UTF-8 is none
  ['c080', '\udcc0\udc80'], // overlong
  ['efbbbf61', '\ufeffa'], // a byte order mark is part of the name
  ['f09f98', '\udcf0\udc9f\udc98'],
];

for (const [hex, text] of TABLE)
  Paths(`${hex} reads as ${JSON.stringify(text)}`, () => {
    assert.is(decodePath(Buffer.from(hex, 'hex')), text);
    assert.is(encodePath(text).toString('hex'), hex);
  });

Paths.run();
