/** A peer that sends a host's socket any bytes, valid or not. */
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

/** Sends `chunks`. @returns all bytes received until the host closed the connection */
export function sendUntilClosed(path: string, ...chunks: readonly Buffer[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(path);
    const received: Buffer[] = [];
    const limit = setTimeout(() => reject(new Error('the host did not close the connection')), 10_000);
    socket.on('data', (chunk) => received.push(chunk));
    socket.on('error', () => undefined); // a reset closes the connection, too
    socket.on('close', () => {
      clearTimeout(limit);
      resolve(Buffer.concat(received));
    });
    for (const chunk of chunks) socket.write(chunk);
  });
}

export const REPLY_BYTES = REPLY.size;
