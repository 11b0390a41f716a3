/** A peer that speaks to a host's socket byte by byte, rightly or wrongly. */
import { connect, type Socket } from 'node:net';
import {
  HELLO,
  MAGIC,
  Op,
  PROTOCOL_VERSION,
  REPLY,
  REQUEST,
  Role,
  TOKEN_BYTES,
} from '../../../core/protocol.ts';

export interface HelloFields {
  readonly token: Buffer;
  readonly magic?: number;
  readonly version?: number;
  readonly role?: number;
  readonly binding?: number;
}

export function frame(
  op: number,
  data: Uint8Array = Buffer.alloc(0),
  length = REQUEST.size + data.length,
): Buffer {
  const bytes = Buffer.alloc(REQUEST.size + data.length);
  bytes.writeUInt32LE(length, REQUEST.at.length);
  bytes.writeUInt16LE(op, REQUEST.at.op);
  bytes.writeUInt32LE(1, REQUEST.at.id);
  bytes.writeUInt32LE(data.length, REQUEST.at.data_length);
  bytes.set(data, REQUEST.size);
  return bytes;
}

export function hello(fields: HelloFields): Buffer {
  const { magic = MAGIC, version = PROTOCOL_VERSION, role = Role.Control, binding = 0 } = fields;
  const data = Buffer.alloc(HELLO.size + TOKEN_BYTES);
  data.writeUInt32LE(magic, HELLO.at.magic);
  data.writeUInt32LE(version, HELLO.at.version);
  data.writeUInt32LE(role, HELLO.at.role);
  data.writeUInt32LE(binding, HELLO.at.binding);
  data.set(fields.token, HELLO.size);
  return frame(Op.Hello, data);
}

/** Says all of `chunks`, and gives what it heard until the host hung up. */
export function sayUntilCut(path: string, ...chunks: readonly Buffer[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(path);
    const heard: Buffer[] = [];
    const limit = setTimeout(() => reject(new Error('the host did not hang up')), 10_000);
    socket.on('data', (chunk) => heard.push(chunk));
    socket.on('error', () => undefined); // a reset is a way to hang up
    socket.on('close', () => {
      clearTimeout(limit);
      resolve(Buffer.concat(heard));
    });
    for (const chunk of chunks) socket.write(chunk);
  });
}

export const REPLY_BYTES = REPLY.size;
