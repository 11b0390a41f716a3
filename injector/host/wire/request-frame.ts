/** Decodes requests and encodes replies. Layouts: core/protocol.ts. */
import type { Attr } from '../../../core/attr.ts';
import { ERRNO, type ErrnoCode } from '../../../core/errors.ts';
import type { ObjectId, ReaderNumber } from '../../../core/numbers.ts';
import { decodePath } from '../../../core/path-bytes.ts';
import { REPLY, REQUEST } from '../../../core/protocol.ts';
import { FrameError } from './frame-splitter.ts';

const Q = REQUEST.at;
const R = REPLY.at;

const u64 = (b: Buffer, at: number): number => b.readUInt32LE(at) + b.readUInt32LE(at + 4) * 0x100000000;
const putU64 = (b: Buffer, value: number, at: number): void => {
  b.writeUInt32LE(value >>> 0, at);
  b.writeUInt32LE(Math.floor(value / 0x100000000), at + 4);
};

/** A view on a request frame. Valid until the next chunk is read. */
export class RequestFrame {
  readonly bytes: Buffer;
  readonly op: number;
  readonly id: number;
  readonly #path: number;
  readonly #path2: number;
  readonly #data: number;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.op = bytes.readUInt16LE(Q.op);
    this.id = bytes.readUInt32LE(Q.id);
    this.#path = bytes.readUInt32LE(Q.path_length);
    this.#path2 = bytes.readUInt32LE(Q.path2_length);
    this.#data = bytes.readUInt32LE(Q.data_length);
    if (REQUEST.size + this.#path + this.#path2 + this.#data !== bytes.length)
      throw new FrameError('the parts of a request do not add up to its length');
  }

  get flags(): number {
    return this.bytes.readUInt32LE(Q.flags);
  }
  get mode(): number {
    return this.bytes.readUInt32LE(Q.mode);
  }
  get umask(): number {
    return this.bytes.readUInt32LE(Q.umask);
  }
  get dir(): number {
    return u64(this.bytes, Q.dir);
  }
  get dir2(): number {
    return u64(this.bytes, Q.dir2);
  }
  get a(): number {
    return u64(this.bytes, Q.a);
  }
  /** `a` as the signed number it may be. */
  get signedA(): number {
    return Number(this.bytes.readBigInt64LE(Q.a));
  }
  /** `a` as an object id. */
  get oid(): ObjectId {
    return this.a as ObjectId;
  }
  /** `a` as a number that an earlier reply gave for something open. */
  get heldNumber(): ObjectId | ReaderNumber {
    return this.a as ObjectId | ReaderNumber;
  }
  get b(): number {
    return u64(this.bytes, Q.b);
  }
  get path(): string {
    return decodePath(this.pathBytes);
  }
  get pathBytes(): Buffer {
    return this.bytes.subarray(REQUEST.size, REQUEST.size + this.#path);
  }
  get path2(): string {
    const at = REQUEST.size + this.#path;
    return decodePath(this.bytes.subarray(at, at + this.#path2));
  }
  /** Whether a path contains a NUL byte, which no path of the kernel can. */
  get hasNulInPath(): boolean {
    return this.bytes.subarray(REQUEST.size, REQUEST.size + this.#path + this.#path2).includes(0);
  }
  get data(): Buffer {
    return this.bytes.subarray(REQUEST.size + this.#path + this.#path2);
  }
}

/** A file that is read in place has the reader's number in place of an object id. */
export type ReplyAttr = Omit<Attr, 'oid'> & { readonly oid: ObjectId | ReaderNumber };

export interface Answer {
  readonly result?: number;
  readonly flags?: number;
  readonly attr?: ReplyAttr;
  readonly data?: Uint8Array;
  /**
   * A descriptor of the host to pass with the reply. `done` runs once it is sent; otherwise `failed` gives the reply in
   * place of this one.
   */
  readonly passed?: { readonly fd: number; done(): void; failed(): Answer };
  /** In place of attributes. Statfs: size = free bytes, blocks, ino = files. */
  readonly counts?: { readonly size: number; readonly blocks: number; readonly ino: number };
}

function putAttr(out: Buffer, attr: ReplyAttr): void {
  putU64(out, attr.ino, R.ino);
  putU64(out, attr.size, R.size);
  putU64(out, attr.blocks, R.blocks);
  putU64(out, attr.rdev, R.rdev);
  putU64(out, attr.oid, R.oid);
  for (const name of ['atime', 'mtime', 'ctime', 'btime'] as const) {
    const time = attr[name];
    if (time.sec >= 0) putU64(out, time.sec, R[`${name}_sec`]);
    else out.writeBigInt64LE(BigInt(time.sec), R[`${name}_sec`]);
    out.writeUInt32LE(time.nsec, R[`${name}_nsec`]);
  }
  out.writeUInt32LE(attr.mode, R.mode);
  out.writeUInt32LE(attr.nlink, R.nlink);
  out.writeUInt32LE(attr.uid, R.uid);
  out.writeUInt32LE(attr.gid, R.gid);
  out.writeUInt32LE(attr.slot, R.slot);
}

/** @param seq number of the last event queued for the asking process's agent */
export function encodeReply(op: number, id: number, seq: number, answer: Answer): Buffer {
  const data = answer.data;
  const out = Buffer.alloc(REPLY.size + (data?.length ?? 0));
  out.writeUInt32LE(out.length, R.length);
  out.writeUInt16LE(op, R.op);
  out.writeUInt16LE(answer.flags ?? 0, R.reply_flags);
  out.writeUInt32LE(id, R.id);
  out.writeInt32LE(answer.result ?? 0, R.result);
  putU64(out, seq, R.seq);
  if (answer.attr) putAttr(out, answer.attr);
  if (answer.counts) {
    putU64(out, answer.counts.size, R.size);
    putU64(out, answer.counts.blocks, R.blocks);
    putU64(out, answer.counts.ino, R.ino);
  }
  if (data) {
    out.writeUInt32LE(data.length, R.data_length);
    out.set(data, REPLY.size);
  }
  return out;
}

export const failure = (code: ErrnoCode): Answer => ({ result: -ERRNO[code] });
export { putU64, u64 };
