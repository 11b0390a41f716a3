/** The first frame of a connection: its role, its binding, and the proof that it may connect. */
import { timingSafeEqual } from 'node:crypto';
import type { Pid } from '../../core/numbers.ts';
import { HELLO, MAGIC, Op, PROTOCOL_VERSION, TOKEN_BYTES } from '../../core/protocol.ts';
import { FrameError } from './wire/frame-splitter.ts';
import type { RequestFrame } from './wire/request-frame.ts';

export interface Hello {
  /** A `Role`, unchecked. */
  readonly role: number;
  /** As the process's environment has it. */
  readonly binding: number;
  /** Of a forked child; 0 after an exec. */
  readonly parentPid: Pid | 0;
}

/** @throws FrameError for another kind of frame, another version or a wrong token */
export function readHello(q: RequestFrame, token: Uint8Array): Hello {
  const hello = q.data;
  if (q.op !== Op.Hello || hello.length !== HELLO.size + TOKEN_BYTES)
    throw new FrameError('its first frame is no Hello');
  const field = (name: keyof typeof HELLO.at): number => hello.readUInt32LE(HELLO.at[name]);
  if (field('magic') !== MAGIC || field('version') !== PROTOCOL_VERSION)
    throw new FrameError(`it uses protocol version ${field('version')}, and this host ${PROTOCOL_VERSION}`);
  if (!timingSafeEqual(hello.subarray(HELLO.size), token)) throw new FrameError('its token is wrong');
  return { role: field('role'), binding: field('binding'), parentPid: field('parent_pid') as Pid | 0 };
}
