/**
 * The three record layouts of the kevent family, read and written in place in the program's memory.
 *
 * ident and udata are kept as two unsigned 32-bit halves: they are only compared and echoed, and a BigInt would be
 * allocated for each record.
 */
import { Family, RECORD_LAYOUTS, type RecordLayout } from '../../core/gate/agent-abi.ts';

export { Family };

/** One record, decoded. */
export class KeventRecord {
  identLow = 0;
  identHigh = 0;
  filter = 0;
  flags = 0;
  fflags = 0;
  /** Signed 64-bit in memory; values here stay within 2^53. */
  data = 0;
  udataLow = 0;
  udataHigh = 0;
  qos = 0;
  xflags = 0;
  /** Extension words as low, high, low, high…; only the first `extWords` are valid. */
  readonly ext = new Uint32Array(8);
  extWords = 0;

  /** The ident as a descriptor number, -1 if it is out of range. */
  get fd(): number {
    return this.identHigh === 0 && this.identLow <= 0x7fffffff ? this.identLow : -1;
  }
}

export class KeventCodec {
  constructor(
    readonly name: string,
    readonly at: RecordLayout,
  ) {}

  /** Bytes of one record. */
  get size(): number {
    return this.at.size;
  }

  /** Number of 64-bit extension words. */
  get extCount(): number {
    return this.at.extCount;
  }

  read(view: DataView, index: number, into: KeventRecord): void {
    const base = index * this.size;
    const at = this.at;
    into.identLow = view.getUint32(base + at.ident, true);
    into.identHigh = view.getUint32(base + at.ident + 4, true);
    into.filter = view.getInt16(base + at.filter, true);
    into.flags = view.getUint16(base + at.flags, true);
    into.fflags = view.getUint32(base + at.fflags, true);
    into.data = view.getUint32(base + at.data, true) + view.getInt32(base + at.data + 4, true) * 0x100000000;
    into.udataLow = view.getUint32(base + at.udata, true);
    into.udataHigh = view.getUint32(base + at.udata + 4, true);
    if (at.qos >= 0) {
      into.qos = view.getInt32(base + at.qos, true);
      into.xflags = view.getUint32(base + at.xflags, true);
    } else {
      into.qos = 0;
      into.xflags = 0;
    }
    const words = this.extCount * 2;
    into.extWords = words;
    for (let i = 0; i < words; i++) into.ext[i] = view.getUint32(base + at.ext + i * 4, true);
  }

  write(view: DataView, index: number, from: KeventRecord): void {
    const base = index * this.size;
    const at = this.at;
    view.setUint32(base + at.ident, from.identLow, true);
    view.setUint32(base + at.ident + 4, from.identHigh, true);
    view.setInt16(base + at.filter, from.filter, true);
    view.setUint16(base + at.flags, from.flags, true);
    view.setUint32(base + at.fflags, from.fflags, true);
    this.setData(view, index, from.data);
    view.setUint32(base + at.udata, from.udataLow, true);
    view.setUint32(base + at.udata + 4, from.udataHigh, true);
    if (at.qos >= 0) {
      view.setInt32(base + at.qos, from.qos, true);
      view.setUint32(base + at.xflags, from.xflags, true);
    }
    const words = this.extCount * 2;
    for (let i = 0; i < words; i++) {
      view.setUint32(base + at.ext + i * 4, i < from.extWords ? from.ext[i]! : 0, true);
    }
  }

  /**
   * Write change `index` of `from` to entry `slot` of `to`, with other flags and data. Both may be the same memory if
   * slot ≤ index.
   */
  echo(
    from: DataView,
    index: number,
    to: DataView,
    slot: number,
    flags: number,
    data: number,
    scratch: KeventRecord,
  ): void {
    this.read(from, index, scratch);
    scratch.flags = flags;
    scratch.data = data;
    this.write(to, slot, scratch);
  }

  private setData(view: DataView, index: number, data: number): void {
    const offset = index * this.size + this.at.data;
    const high = Math.floor(data / 0x100000000);
    view.setUint32(offset, data - high * 0x100000000, true);
    view.setInt32(offset + 4, high, true);
  }
}

/** Indexed by `Family`. */
export const CODECS: readonly [KeventCodec, KeventCodec, KeventCodec] = [
  new KeventCodec('kevent', RECORD_LAYOUTS[Family.Kevent]!),
  new KeventCodec('kevent64_s', RECORD_LAYOUTS[Family.Kevent64]!),
  new KeventCodec('kevent_qos_s', RECORD_LAYOUTS[Family.KeventQos]!),
];
