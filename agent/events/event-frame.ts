/**
 * Decodes event frames from the host's stream, which arrives in chunks of any size.
 *
 * Complete frames are read in place, in the chunk. Only an incomplete frame at a chunk's end is copied, so memory is
 * bounded by one frame.
 */
import { AgentOp, EVENT, MAX_REQUEST } from '../../core/protocol.ts';
import { decodePath } from './path-text.ts';

/** A frame starts with its length (u32) and op (u16), padded to 8 bytes. */
const HEADER = 8;
/** Frames to an agent have the same size limit as a program's requests. */
export const MAX_FRAME = MAX_REQUEST;

const AT = EVENT.at;
const TWO32 = 0x100000000;

/**
 * An event, read in place. Fields that every mapping needs are read by `aim`, the others by their getters. A decoder
 * reuses the same object for all events: it is valid only until the sink returns.
 */
export class EventFrame {
  /** EventKind */
  kind = 0;
  /** WireType of `ino` */
  type = 0;
  detail = 0;
  ino = 0;
  #view: DataView = new DataView(new ArrayBuffer(EVENT.size));
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** @param view and `bytes` cover the same memory; `at` is where the frame starts in both. */
  aim(view: DataView, bytes: Uint8Array, at: number): void {
    this.#view = view;
    this.#bytes = bytes;
    this.#at = at;
    this.kind = view.getUint8(at + AT.kind);
    this.type = view.getUint8(at + AT.type);
    this.detail = view.getUint32(at + AT.detail, true);
    this.ino = view.getUint32(at + AT.ino, true) + view.getUint32(at + AT.ino + 4, true) * TWO32;
  }

  #u64(field: number): number {
    const at = this.#at + field;
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * TWO32;
  }
  #u32(field: number): number {
    return this.#view.getUint32(this.#at + field, true);
  }

  get seq(): number {
    return this.#u64(AT.seq);
  }
  get id(): number {
    return this.#u64(AT.id);
  }
  get parent(): number {
    return this.#u64(AT.parent);
  }
  get fromParent(): number {
    return this.#u64(AT.from_parent);
  }
  get replaced(): number {
    return this.#u64(AT.replaced);
  }
  get replacedType(): number {
    return this.#u32(AT.replaced_type);
  }
  get replacedNlink(): number {
    return this.#u32(AT.replaced_nlink);
  }
  /** Milliseconds since the epoch. */
  get time(): number {
    return this.#u64(AT.time);
  }
  get nlink(): number {
    return this.#u32(AT.nlink);
  }
  get pid(): number {
    return this.#u32(AT.pid);
  }
  /** Past and PastEnd: the stream that asked for the replay. */
  get stream(): number {
    return this.#u32(AT.stream);
  }
  get path(): string {
    const start = this.#at + EVENT.size;
    return decodePath(this.#bytes, start, start + this.#u32(AT.path_length));
  }
  /** The old path of a rename, else empty. */
  get from(): string {
    const start = this.#at + EVENT.size + this.#u32(AT.path_length);
    return decodePath(this.#bytes, start, start + this.#u32(AT.from_length));
  }
}

/** Why decoding stopped. Every further `push` returns the same error. */
export interface FrameError {
  readonly reason: 'short' | 'oversized' | 'unknown-op' | 'malformed';
  readonly message: string;
}

export interface FrameSink {
  event(frame: EventFrame): void;
  /** The host is about to close the connection. */
  goodbye(): void;
  /** A replayed event, for `frame.stream` only. */
  replayed?(frame: EventFrame): void;
  /** The replay for `frame.stream` is complete. */
  replayEnd?(frame: EventFrame): void;
  /** The host dropped events of subscribed subtrees. */
  lost?(): void;
}

export class EventFrameDecoder {
  readonly #frame = new EventFrame();
  readonly #sink: FrameSink;
  /** The first `#held` bytes of an incomplete frame. Grows to the longest frame seen, at most MAX_FRAME. */
  #carry = new Uint8Array(512);
  #carryView = new DataView(this.#carry.buffer);
  #held = 0;
  #error: FrameError | undefined;
  #seq = 0;
  /** The frame last dispatched is newer than `#seq`. */
  #unread = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Bytes kept of an incomplete frame. */
  get held(): number {
    return this.#held;
  }

  /** Sequence number of the last event dispatched (0: none yet). */
  get seq(): number {
    return this.#seq;
  }

  /** Decode the next bytes of the stream and dispatch every frame that they complete. */
  push(chunk: ArrayBuffer): FrameError | undefined {
    if (this.#error !== undefined) return this.#error;
    const error = this.#read(chunk);
    this.#updateSeq();
    return error;
  }

  #read(chunk: ArrayBuffer): FrameError | undefined {
    const bytes = new Uint8Array(chunk);
    const view = new DataView(chunk);
    const end = bytes.length;
    let at = 0;

    if (this.#held > 0) {
      at = this.#fillCarry(bytes, 0, HEADER);
      if (this.#held < HEADER) return undefined;
      const length = this.#carryView.getUint32(0, true);
      if (!this.#lengthOk(length)) return this.#error;
      at = this.#fillCarry(bytes, at, length);
      if (this.#held < length) return undefined;
      this.#held = 0;
      if (!this.#take(this.#carryView, this.#carry, 0, length)) return this.#error;
      // Before the carry, which `#frame` points into, is refilled below.
      this.#updateSeq();
    }

    while (end - at >= HEADER) {
      const length = view.getUint32(at, true);
      if (!this.#lengthOk(length)) return this.#error;
      if (end - at < length) break;
      if (!this.#take(view, bytes, at, length)) return this.#error;
      at += length;
    }
    if (at < end) this.#fillCarry(bytes, at, end - at);
    return undefined;
  }

  /** Once for each chunk rather than for each frame: `seq` is read only between chunks. */
  #updateSeq(): void {
    if (!this.#unread) return;
    this.#seq = this.#frame.seq;
    this.#unread = false;
  }

  /** Fill the carry up to `want` bytes, as far as the chunk has them. @returns offset of the chunk's first unused byte */
  #fillCarry(bytes: Uint8Array, at: number, want: number): number {
    const count = Math.min(want - this.#held, bytes.length - at);
    if (count <= 0) return at;
    const need = this.#held + count;
    if (need > this.#carry.length) {
      const larger = new Uint8Array(Math.max(need, this.#carry.length * 2));
      larger.set(this.#carry.subarray(0, this.#held));
      this.#carry = larger;
      this.#carryView = new DataView(larger.buffer);
    }
    this.#carry.set(bytes.subarray(at, at + count), this.#held);
    this.#held = need;
    return at + count;
  }

  #lengthOk(length: number): boolean {
    if (length < HEADER) return this.#fail('short', `frame of ${length} bytes is shorter than its header`);
    if (length > MAX_FRAME) return this.#fail('oversized', `frame of ${length} bytes exceeds ${MAX_FRAME}`);
    return true;
  }

  /** @returns false if the frame is invalid */
  #take(view: DataView, bytes: Uint8Array, at: number, length: number): boolean {
    const op = view.getUint16(at + 4, true);
    if (op === AgentOp.Goodbye) {
      this.#sink.goodbye();
      return true;
    }
    if (op !== AgentOp.Event && (op < AgentOp.Replayed || op > AgentOp.Lost))
      return this.#fail('unknown-op', `unexpected op ${op} from the host`);
    if (length < EVENT.size) return this.#fail('malformed', `event frame of ${length} bytes is too short`);
    const text = view.getUint32(at + AT.path_length, true) + view.getUint32(at + AT.from_length, true);
    if (text > length - EVENT.size) return this.#fail('malformed', 'event paths exceed their frame');
    this.#frame.aim(view, bytes, at);
    this.#unread = true;
    if (op === AgentOp.Event) this.#sink.event(this.#frame);
    else if (op === AgentOp.Replayed) this.#sink.replayed?.(this.#frame);
    else if (op === AgentOp.ReplayEnd) this.#sink.replayEnd?.(this.#frame);
    else this.#sink.lost?.();
    return true;
  }

  #fail(reason: FrameError['reason'], message: string): false {
    this.#error = { reason, message };
    this.#held = 0;
    return false;
  }
}
