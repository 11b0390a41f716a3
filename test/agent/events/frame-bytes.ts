/** Encodes event frames as the host does. */
import { AgentOp, EVENT } from '../../../core/protocol.ts';

export interface FrameFields {
  kind: number;
  type: number;
  seq: number;
  id: number;
  ino: number;
  parent: number;
  fromParent: number;
  replaced: number;
  replacedType: number;
  replacedNlink: number;
  time: number;
  detail: number;
  nlink: number;
  pid: number;
  path: string;
  from: string;
  /** AgentOp */
  op: number;
  stream: number;
}

const NONE: FrameFields = {
  kind: 0,
  type: 8,
  seq: 0,
  id: 0,
  ino: 0,
  parent: 0,
  fromParent: 0,
  replaced: 0,
  replacedType: 0,
  replacedNlink: 0,
  time: 0,
  detail: 0,
  nlink: 1,
  pid: 0,
  path: '',
  from: '',
  op: AgentOp.Event,
  stream: 0,
};

export function eventFrame(given: Partial<FrameFields>): Uint8Array {
  const f = { ...NONE, ...given };
  const path = new TextEncoder().encode(f.path);
  const from = new TextEncoder().encode(f.from);
  const bytes = new Uint8Array(EVENT.size + path.length + from.length);
  const view = new DataView(bytes.buffer);
  const at = EVENT.at;
  const u64 = (offset: number, value: number) => view.setBigUint64(offset, BigInt(value), true);
  view.setUint32(at.length, bytes.length, true);
  view.setUint16(at.op, f.op, true);
  view.setUint8(at.kind, f.kind);
  view.setUint8(at.type, f.type);
  u64(at.seq, f.seq);
  u64(at.id, f.id);
  u64(at.ino, f.ino);
  u64(at.parent, f.parent);
  u64(at.from_parent, f.fromParent);
  u64(at.replaced, f.replaced);
  u64(at.time, f.time);
  view.setUint32(at.detail, f.detail, true);
  view.setUint32(at.nlink, f.nlink, true);
  view.setUint32(at.pid, f.pid, true);
  view.setUint32(at.replaced_nlink, f.replacedNlink, true);
  view.setUint32(at.replaced_type, f.replacedType, true);
  view.setUint32(at.stream, f.stream, true);
  view.setUint32(at.path_length, path.length, true);
  view.setUint32(at.from_length, from.length, true);
  bytes.set(path, EVENT.size);
  bytes.set(from, EVENT.size + path.length);
  return bytes;
}

export function headerFrame(length: number, op: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint16(4, op, true);
  return bytes;
}

export function joined(...parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A chunk in memory of its own, as a read from the connection returns it. */
export const chunkOf = (bytes: Uint8Array): ArrayBuffer =>
  bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
