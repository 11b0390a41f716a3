import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CODECS, Family, KeventRecord } from '../../../agent/kqueue/kevent-codec.ts';

/** Offsets of Darwin's structures (LP64), written independently of the codec's table. */
const LAYOUTS = [
  {
    family: Family.Kevent,
    size: 32,
    at: { ident: 0, filter: 8, flags: 10, fflags: 12, data: 16, udata: 24 },
    ext: [] as number[],
  },
  {
    family: Family.Kevent64,
    size: 48,
    at: { ident: 0, filter: 8, flags: 10, fflags: 12, data: 16, udata: 24 },
    ext: [32, 40],
  },
  {
    family: Family.KeventQos,
    size: 72,
    at: { ident: 0, filter: 8, flags: 10, fflags: 24, data: 32, udata: 16, qos: 12, xflags: 28 },
    ext: [40, 48, 56, 64],
  },
];

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const anyRecord = fc.record({
  identLow: u32,
  identHigh: u32,
  filter: fc.integer({ min: -0x8000, max: 0x7fff }),
  flags: fc.integer({ min: 0, max: 0xffff }),
  fflags: u32,
  data: fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
  udataLow: u32,
  udataHigh: u32,
  qos: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  xflags: u32,
  ext: fc.array(u32, { minLength: 8, maxLength: 8 }),
});

function record(values: Record<string, unknown>): KeventRecord {
  const { ext, ...rest } = values;
  const made = Object.assign(new KeventRecord(), rest);
  made.ext.set(ext as number[]);
  made.extWords = 8;
  return made;
}

const plain = (r: KeventRecord) => ({ ...r, ext: [...r.ext.subarray(0, r.extWords)] });

const test = suite('kevent codecs');
for (const layout of LAYOUTS) {
  const codec = CODECS[layout.family];
  const { at, ext } = layout;

  test(`${codec.name}: every field at its offset`, () => {
    assert.is(codec.size, layout.size);
    fc.assert(
      fc.property(anyRecord, fc.integer({ min: 0, max: 2 }), (values, index) => {
        const bytes = new Uint8Array(layout.size * 3).fill(0xaa);
        const view = new DataView(bytes.buffer);
        codec.write(view, index, record(values));
        const base = index * layout.size;
        const big = (low: number, high: number) => (BigInt(high) << 32n) | BigInt(low);
        assert.is(view.getBigUint64(base + at.ident, true), big(values.identLow, values.identHigh));
        assert.is(view.getInt16(base + at.filter, true), values.filter);
        assert.is(view.getUint16(base + at.flags, true), values.flags);
        assert.is(view.getUint32(base + at.fflags, true), values.fflags);
        assert.is(view.getBigInt64(base + at.data, true), BigInt(values.data));
        assert.is(view.getBigUint64(base + at.udata, true), big(values.udataLow, values.udataHigh));
        if ('qos' in at) {
          assert.is(view.getInt32(base + at.qos!, true), values.qos);
          assert.is(view.getUint32(base + at.xflags!, true), values.xflags);
        }
        ext.forEach((offset, i) => {
          assert.is(view.getBigUint64(base + offset, true), big(values.ext[2 * i]!, values.ext[2 * i + 1]!));
        });
        // The records before and after are unchanged.
        bytes.forEach((byte, i) => {
          if (i < base || i >= base + layout.size) assert.is(byte, 0xaa);
        });
      }),
      { numRuns: 60 },
    );
  });

  test(`${codec.name}: a written record is read back; fields that the layout lacks are 0`, () => {
    fc.assert(
      fc.property(anyRecord, anyRecord, (values, before) => {
        const view = new DataView(new ArrayBuffer(layout.size * 2));
        codec.write(view, 1, record(values));
        const read = record(before);
        codec.read(view, 1, read);
        const expected = record(values);
        if (!('qos' in at)) expected.qos = expected.xflags = 0;
        expected.extWords = ext.length * 2;
        assert.equal(plain(read), plain(expected));
      }),
      { numRuns: 60 },
    );
  });

  test(`${codec.name}: a change is echoed whole, with other flags and data, onto an earlier entry of the same memory`, () => {
    fc.assert(
      fc.property(anyRecord, anyRecord, (first, second) => {
        const view = new DataView(new ArrayBuffer(layout.size * 2));
        codec.write(view, 0, record(first));
        codec.write(view, 1, record(second));
        const expected = new Uint8Array(view.buffer.slice(layout.size));
        const expectedView = new DataView(expected.buffer);
        expectedView.setUint16(at.flags, 0x4041, true);
        expectedView.setBigInt64(at.data, 9n, true);
        codec.echo(view, 1, view, 0, 0x4041, 9, new KeventRecord());
        assert.equal([...new Uint8Array(view.buffer, 0, layout.size)], [...expected]);
      }),
      { numRuns: 60 },
    );
  });
}

test('an ident outside of the descriptor range is no descriptor', () => {
  const made = new KeventRecord();
  for (const [low, high, fd] of [
    [0, 0, 0],
    [0x7fffffff, 0, 0x7fffffff],
    [0x80000000, 0, -1],
    [0xffffffff, 0xffffffff, -1],
    [3, 1, -1],
  ] as const) {
    made.identLow = low;
    made.identHigh = high;
    assert.is(made.fd, fd);
  }
});

test.run();
