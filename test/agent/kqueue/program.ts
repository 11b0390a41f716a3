/**
 * A program with a kqueue, for tests of the bridge: descriptors, memory for change and event lists, and a kernel that
 * applies the other changes. Calls of the bridge's ports are recorded.
 */
import { EVFILT_VNODE } from '../../../agent/kqueue/constants.ts';
import { CODECS, Family, KeventRecord } from '../../../agent/kqueue/kevent-codec.ts';
import { KqueueBridge, type KqueueOptions } from '../../../agent/kqueue/kqueue-bridge.ts';
import { Detail, EventKind } from '../../../core/events/fs-event.ts';
import { chunkOf, eventFrame, type FrameFields, joined } from '../events/frame-bytes.ts';

export interface Kev {
  ident: number;
  filter: number;
  flags: number;
  fflags: number;
  data: number;
  udata: number;
  qos: number;
  xflags: number;
  ext: number[];
}

const NONE: Kev = {
  ...{ ident: 0, filter: EVFILT_VNODE, flags: 0, fflags: 0, data: 0, udata: 0, qos: 0, xflags: 0 },
  ext: [0, 0, 0, 0, 0, 0, 0, 0],
};

export interface CallOptions {
  kq?: number;
  family?: Family;
  nevents?: number;
  /** Change and event list are the same memory. */
  alias?: boolean;
  flags?: number;
}

export const KQ = 3;

export class Program {
  /** Descriptor → inode, for virtual ones. */
  readonly fds = new Map<number, number>();
  /** Watch requests: the inode, negative for an unwatch. */
  readonly watches: number[] = [];
  readonly signals: [kq: number, pending: boolean][] = [];
  /** Indexes of changes given to the kernel. */
  readonly kernel: number[] = [];
  kernelErrno: (index: number) => number = () => 0;
  readonly bridge: KqueueBridge;
  #seq = 0;

  constructor(options?: KqueueOptions) {
    this.bridge = new KqueueBridge(
      {
        lookupFd: (fd) => {
          const ino = this.fds.get(fd);
          return ino === undefined ? undefined : { ino };
        },
        applyKernel: (index) => {
          this.kernel.push(index);
          return this.kernelErrno(index);
        },
        watch: (ino, on) => this.watches.push(on ? ino : -ino),
        signal: (kq, pending) => this.signals.push([kq, pending]),
      },
      options,
    );
  }

  /** Only the change list. @returns the bridge's result, and the entries it wrote */
  change(changes: Partial<Kev>[], options: CallOptions = {}): { result: number; entries: Kev[] } {
    const { kq = KQ, family = Family.Kevent, nevents = 16, alias = false, flags = 0 } = options;
    const codec = CODECS[family];
    const size = codec.size * Math.max(changes.length, nevents, 1);
    const list = new DataView(new ArrayBuffer(size));
    for (const [index, given] of changes.entries()) codec.write(list, index, encode({ ...NONE, ...given }));
    const events = alias ? list : new DataView(new ArrayBuffer(size));
    const result = this.bridge.changes(kq, family, list, changes.length, events, nevents, flags);
    return { result, entries: read(events, family, 0, Math.max(result, 0)) };
  }

  /** Only the collection. */
  collect(nevents = 16, { kq = KQ, family = Family.Kevent }: CallOptions = {}): Kev[] {
    const view = new DataView(new ArrayBuffer(CODECS[family].size * Math.max(nevents, 1)));
    const count = this.bridge.drain(kq, family, view, 0, nevents);
    return read(view, family, 0, count);
  }

  /** Delivered events as `[ident, flags, fflags]`. */
  told(nevents = 16, options?: CallOptions): [number, number, number][] {
    return this.collect(nevents, options).map((e) => [e.ident, e.flags, e.fflags]);
  }

  /** Register a descriptor and assert success. */
  add(ident: number, flags: number, fflags: number, options?: CallOptions & { udata?: number }): void {
    const { result } = this.change(
      [{ ident, flags: flags | 1, fflags, udata: options?.udata ?? 0 }],
      options,
    );
    if (result !== 0) throw new Error(`EV_ADD gave ${result}`);
  }

  /** Push a chunk of events. */
  happen(...events: Partial<FrameFields>[]): void {
    const frames = events.map((event) => eventFrame({ seq: ++this.#seq, ...event }));
    const error = this.bridge.onEvents(chunkOf(joined(...frames)));
    if (error !== undefined) throw new Error(error.message);
  }
}

/** Events that post exactly one hint on `ino`. */
export const wrote = (ino: number) => ({ kind: EventKind.Modified, ino });
export const grew = (ino: number) => ({ kind: EventKind.Modified, ino, detail: Detail.Extended });
export const chmodded = (ino: number) => ({ kind: EventKind.Attrib, ino, detail: Detail.Mode });
export const unlinked = (ino: number) => ({ kind: EventKind.Removed, ino });

function encode(kev: Kev): KeventRecord {
  const record = new KeventRecord();
  const { ident, udata, ext, ...rest } = kev;
  Object.assign(record, rest);
  record.identLow = ident >>> 0;
  record.identHigh = Math.floor(ident / 2 ** 32) >>> 0;
  record.udataLow = udata >>> 0;
  record.udataHigh = Math.floor(udata / 2 ** 32) >>> 0;
  record.ext.set(ext);
  record.extWords = 8;
  return record;
}

function read(view: DataView, family: Family, from: number, count: number): Kev[] {
  const record = new KeventRecord();
  return Array.from({ length: count }, (_, i) => {
    CODECS[family].read(view, from + i, record);
    const { filter, flags, fflags, data, qos, xflags } = record;
    return {
      ...{ filter, flags, fflags, data, qos, xflags },
      ident: record.identHigh * 2 ** 32 + record.identLow,
      udata: record.udataHigh * 2 ** 32 + record.udataLow,
      ext: Array.from(record.ext, (word, at) => (at < record.extWords ? word : 0)),
    };
  });
}
