/** The events' way to one agent: what it watches, in the order things happened, bounded. */
import type { Socket } from 'node:net';
import { encodePath } from '../../core/path-bytes.ts';
import { AgentOp, EVENT, WireType } from '../../core/protocol.ts';
import { putU64 } from './request-frame.ts';
import { writeNow } from './send-now.ts';
import type { TreeEvent } from './siblings.ts';

/** Unsent bytes above which events of one inode and kind are folded into one until the agent catches up. */
const FOLD_ABOVE = 4 * 1024 * 1024;
/** Folded events above which those that only trees are watched for are dropped, and told as lost. */
const FOLDED_MOST = 32 * 1024;
const E = EVENT.at;

export class AgentConnection {
  readonly pid: number;
  binding: number;
  readonly socket: Socket;
  /** Number of the last event frame. */
  seq = 0;
  readonly watched = new Set<number>();
  readonly #folded = new Map<string, TreeEvent>();
  /** Some were dropped while others were folded. */
  #lost = false;
  /** An event of this tick is on its way: the others go together, after it. */
  #sentNow = false;

  constructor(socket: Socket, pid: number, binding: number) {
    this.socket = socket;
    this.pid = pid;
    this.binding = binding;
    socket.on('drain', () => this.#unfold());
  }

  /** @param droppable only watchers of whole trees want it */
  send(event: TreeEvent, droppable = false): void {
    // While some are folded, the others must not overtake them.
    if (this.#folded.size > 0 || this.socket.writableLength > FOLD_ABOVE) {
      const key = `${event.kind}.${event.ino}.${event.parent}.${event.fromParent ?? 0}`;
      const before = this.#folded.get(key);
      if (droppable && !before && this.#folded.size >= FOLDED_MOST) {
        this.#lost = true;
        return;
      }
      // A name that was in between is not told: who watches names has to look again.
      if (before && (before.path !== event.path || before.from !== event.from)) this.#lost = true;
      this.#folded.set(key, before ? { ...event, detail: before.detail | event.detail } : event);
      return;
    }
    this.#write(encodeEvent(event, ++this.seq));
  }

  #write(frame: Buffer): void {
    const rest = frame.subarray(this.#writeFirst(frame));
    if (rest.length === 0) return;
    if (!this.socket.writableCorked) {
      this.socket.cork();
      process.nextTick(() => this.socket.uncork());
    }
    this.socket.write(rest);
  }

  /** Behind what it overtakes nothing of: what is folded is told again by its stream's end. */
  sendPast(stream: number, event: TreeEvent): void {
    const frame = encodeEvent(event, ++this.seq);
    frame.writeUInt16LE(AgentOp.Past, E.op);
    frame.writeUInt32LE(stream, E.stream);
    this.#write(frame);
  }

  /** @param newest id of the newest event: what is told from now on is above it */
  sendPastEnd(stream: number, newest: number, lost: boolean): void {
    const frame = this.#sign(AgentOp.PastEnd, newest);
    frame.writeUInt32LE(stream, E.stream);
    frame.writeUInt32LE(lost ? 1 : 0, E.detail);
    this.#write(frame);
  }

  #sign(op: number, id: number): Buffer {
    const frame = Buffer.alloc(EVENT.size);
    frame.writeUInt32LE(frame.length, E.length);
    frame.writeUInt16LE(op, E.op);
    putU64(frame, ++this.seq, E.seq);
    putU64(frame, id, E.id);
    return frame;
  }

  /**
   * A tick's first event goes to the kernel at once: what the stream does about a write takes longer than the
   * write. @returns bytes that were taken
   */
  #writeFirst(frame: Buffer): number {
    if (this.#sentNow) return 0;
    this.#sentNow = true;
    process.nextTick(() => {
      this.#sentNow = false;
    });
    return writeNow(this.socket, frame);
  }

  goodbye(): void {
    const frame = Buffer.alloc(EVENT.size);
    frame.writeUInt32LE(frame.length, E.length);
    frame.writeUInt16LE(AgentOp.Goodbye, E.op);
    this.socket.end(frame);
  }

  #unfold(): void {
    const events = [...this.#folded.values()].sort((a, b) => a.id - b.id);
    this.#folded.clear();
    if (this.#lost) {
      this.#lost = false;
      this.#write(this.#sign(AgentOp.Lost, events[events.length - 1]?.id ?? 0));
    }
    for (const event of events) this.send(event);
  }
}

export function encodeEvent(event: TreeEvent, seq: number): Buffer {
  const path = encodePath(event.path);
  const text = event.from ?? event.siblings?.join('\0');
  const from = text === undefined ? null : encodePath(text);
  const out = Buffer.alloc(EVENT.size + path.length + (from?.length ?? 0));
  out.writeUInt32LE(out.length, E.length);
  out.writeUInt16LE(AgentOp.Event, E.op);
  out[E.kind] = event.kind;
  out[E.type] = WireType[event.type];
  putU64(out, seq, E.seq);
  putU64(out, event.id, E.id);
  putU64(out, event.ino, E.ino);
  putU64(out, event.parent, E.parent);
  putU64(out, event.fromParent ?? 0, E.from_parent);
  putU64(out, Math.floor(event.time), E.time);
  if (event.replaced) {
    putU64(out, event.replaced.ino, E.replaced);
    out.writeUInt32LE(event.replaced.nlink, E.replaced_nlink);
    out.writeUInt32LE(WireType[event.replaced.type], E.replaced_type);
  }
  out.writeUInt32LE(event.detail, E.detail);
  out.writeUInt32LE(event.nlink, E.nlink);
  out.writeUInt32LE(event.pid, E.pid);
  out.writeUInt32LE(path.length, E.path_length);
  out.writeUInt32LE(from?.length ?? 0, E.from_length);
  out.set(path, EVENT.size);
  if (from) out.set(from, EVENT.size + path.length);
  return out;
}
