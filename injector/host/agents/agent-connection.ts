/** The connection to an agent. Its events are sent in order; while it does not read, they are folded. */

import type { Socket } from 'node:net';
import type { Pid } from '../../../core/numbers.ts';
import { encodePath } from '../../../core/path-bytes.ts';
import { AgentOp, EVENT, WireType } from '../../../core/protocol.ts';
import { putU64 } from '../wire/request-frame.ts';
import { writeNow } from '../wire/send-now.ts';
import type { TreeEvent } from './siblings.ts';

/** Unsent bytes above which events of the same inode and kind are folded together until the agent catches up. */
const FOLD_ABOVE = 4 * 1024 * 1024;
/** Folded events above which events for subtree watches alone are dropped, and reported as lost. */
const MAX_FOLDED = 32 * 1024;
const E = EVENT.at;

export class AgentConnection {
  readonly pid: Pid;
  binding: number;
  readonly socket: Socket;
  /** Number of the last event frame. */
  seq = 0;
  readonly watched = new Set<number>();
  readonly #folded = new Map<string, TreeEvent>();
  /** An event was dropped, or the name in it was lost by folding. */
  #lost = false;
  /** An event of this tick was sent at once: the later ones of the tick are sent together. */
  #sentNow = false;

  constructor(socket: Socket, pid: Pid, binding: number) {
    this.socket = socket;
    this.pid = pid;
    this.binding = binding;
    socket.on('drain', () => this.#unfold());
  }

  /** @param droppable no inode watch needs it, only subtree watches do */
  send(event: TreeEvent, droppable = false): void {
    // A new event must not overtake the folded ones.
    if (this.#folded.size > 0 || this.socket.writableLength > FOLD_ABOVE) {
      const key = `${event.kind}.${event.ino}.${event.parent}.${event.fromParent ?? 0}`;
      const before = this.#folded.get(key);
      if (droppable && !before && this.#folded.size >= MAX_FOLDED) {
        this.#lost = true;
        return;
      }
      // The name in the earlier event is lost: a stream that reports names must rescan.
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

  /** Sent immediately, ahead of folded live events: the replay runs up to the newest event and so repeats them. */
  sendPast(stream: number, event: TreeEvent): void {
    const frame = encodeEvent(event, ++this.seq);
    frame.writeUInt16LE(AgentOp.Replayed, E.op);
    frame.writeUInt32LE(stream, E.stream);
    this.#write(frame);
  }

  /** @param newest id of the newest event: live events have ids above it */
  sendPastEnd(stream: number, newest: number, lost: boolean): void {
    const frame = this.#sign(AgentOp.ReplayEnd, newest);
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
   * Write a tick's first event past the stream, whose own work takes longer than the write.
   * @returns bytes that the kernel took
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
