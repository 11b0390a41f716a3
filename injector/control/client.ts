/** A command's connection to a host: finds it by the session's name, sends requests, and reads the replies. */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import {
  HELLO,
  MAGIC,
  MAX_REQUEST,
  Op,
  PROTOCOL_VERSION,
  REPLY,
  REQUEST,
  Role,
  TOKEN_BYTES,
} from '../../core/protocol.ts';
import { FrameSplitter } from '../host/wire/frame-splitter.ts';
import { liveSessions, sessionPaths } from '../platform/run-directory.ts';
import { UserError } from '../user-error.ts';
import type { Caller, ControlMethods, MethodName } from './methods.ts';
import { type SessionFile, sessionFilePath } from './session-file.ts';

/** The host refused a request, or is not running. `code`: a POSIX error code, if any. */
export class ControlError extends UserError {
  /** POSIX error code such as `ENOENT`; undefined for other refusals. */
  readonly code: string | undefined;
  constructor(message: string, remedy: string, code?: string) {
    super(message, remedy);
    this.name = 'ControlError';
    this.code = code;
  }
}

/** Protects against a stream that is not this protocol: the host's own replies are far shorter. */
const MAX_REPLY = 64 * 1024 * 1024;

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
  readonly onItem?: (item: unknown) => void | Promise<void>;
}

/** @throws ControlError when no host serves the session; SessionError for an invalid name */
export function readSession(name: string): SessionFile {
  const { socket } = sessionPaths(name);
  try {
    return JSON.parse(readFileSync(sessionFilePath(socket), 'utf8'));
  } catch {
    throw unknownSession(name);
  }
}

function unknownSession(name: string): ControlError {
  const others = liveSessions().filter((other) => other !== name);
  const running = others.length > 0 ? ` (running: ${others.join(', ')})` : '';
  return new ControlError(
    `there is no session '${name}'${running}`,
    `Start one: shimfs host --session ${name} --mount /v`,
    'ENOENT',
  );
}

/** A connection to a session's host, for commands: the methods of `ControlMethods`. */
export class ControlClient implements Caller {
  /** @internal */
  readonly session: SessionFile;
  /** Resolves when the connection has ended, on either side. */
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  readonly #frames = new FrameSplitter(REPLY.size, MAX_REPLY);
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  /** @throws ControlError, SessionError */
  static async connect(name: string): Promise<ControlClient> {
    const session = readSession(name);
    const socket = connect(session.socket);
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
      });
    } catch {
      // The file and socket of a host that was killed.
      throw unknownSession(name);
    }
    const client = new ControlClient(session, socket);
    await client.#greet();
    return client;
  }

  private constructor(session: SessionFile, socket: Socket) {
    this.session = session;
    this.#socket = socket;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', () => undefined); // 'close' follows
    this.ended = new Promise((resolve) => socket.once('close', () => resolve(this.#end())));
  }

  #greet(): Promise<unknown> {
    const data = Buffer.alloc(HELLO.size + TOKEN_BYTES);
    data.writeUInt32LE(MAGIC, HELLO.at.magic);
    data.writeUInt32LE(PROTOCOL_VERSION, HELLO.at.version);
    data.writeUInt32LE(Role.Control, HELLO.at.role);
    data.set(Buffer.from(this.session.token, 'hex'), HELLO.size);
    return this.#ask(Op.Hello, data);
  }

  /** Calls a method and returns its value. @throws ControlError if the host refuses, or has ended (`code` EIO) */
  call<K extends MethodName>(
    method: K,
    params: ControlMethods[K]['params'],
  ): Promise<ControlMethods[K]['value']> {
    return this.stream(method, params, () => undefined);
  }

  /**
   * Call a method that sends items before its value. While a promise that `onItem` returned is pending, nothing is
   * read from the connection, so that the host pauses for a slow reader.
   */
  stream<K extends MethodName>(
    method: K,
    params: ControlMethods[K]['params'],
    onItem: (item: ControlMethods[K]['item']) => void | Promise<void>,
  ): Promise<ControlMethods[K]['value']> {
    const data = Buffer.from(JSON.stringify({ method, params: encodeBytes(params) }));
    return this.#ask(Op.Control, data, onItem as Pending['onItem']) as Promise<ControlMethods[K]['value']>;
  }

  #ask(op: number, data: Buffer, onItem?: Pending['onItem']): Promise<unknown> {
    const frame = Buffer.alloc(REQUEST.size + data.length);
    if (frame.length > MAX_REQUEST)
      return Promise.reject(
        new ControlError('a request is too long for the host', 'Use shorter paths.', 'E2BIG'),
      );
    if (!this.#socket.writable) return Promise.reject(this.#ended());
    const id = ++this.#lastId;
    frame.writeUInt32LE(frame.length, REQUEST.at.length);
    frame.writeUInt16LE(op, REQUEST.at.op);
    frame.writeUInt32LE(id, REQUEST.at.id);
    frame.writeUInt32LE(data.length, REQUEST.at.data_length);
    frame.set(data, REQUEST.size);
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, onItem });
      this.#socket.write(frame);
    });
  }

  #receive(chunk: Buffer): void {
    this.#frames.push(chunk, (frame) => {
      const pending = this.#pending.get(frame.readUInt32LE(REPLY.at.id));
      if (!pending) return;
      const id = frame.readUInt32LE(REPLY.at.id);
      if (frame.readUInt16LE(REPLY.at.op) === Op.Hello) {
        this.#pending.delete(id);
        pending.resolve(undefined);
        return;
      }
      this.#take(id, pending, JSON.parse(frame.toString('utf8', REPLY.size)));
    });
  }

  #take(id: number, pending: Pending, answer: Record<string, unknown>): void {
    if ('item' in answer) {
      const handled = pending.onItem?.(answer.item);
      if (handled) this.#pauseUntil(handled);
      return;
    }
    this.#pending.delete(id);
    if (!('error' in answer)) {
      pending.resolve(answer.value);
      return;
    }
    const { message, remedy, code } = answer.error as { message: string; remedy?: string; code?: string };
    pending.reject(new ControlError(message, remedy ?? '', code));
  }

  #pauseUntil(handled: Promise<void>): void {
    this.#socket.pause();
    const resume = (): void => void this.#socket.resume();
    handled.then(resume, resume);
  }

  #ended(): ControlError {
    const { name } = this.session;
    return new ControlError(
      `the host of session '${name}' has ended`,
      `Start it again: shimfs host --session ${name}`,
      'EIO',
    );
  }

  #end(): void {
    for (const { reject } of this.#pending.values()) reject(this.#ended());
    this.#pending.clear();
  }

  /** Idempotent. */
  close(): void {
    this.#socket.destroy();
  }
}

/** Bytes as base64: JSON has no type for them. */
function encodeBytes(params: object): object {
  const data = (params as { data?: unknown }).data;
  if (!(data instanceof Uint8Array)) return params;
  return { ...params, data: Buffer.from(data.buffer, data.byteOffset, data.length).toString('base64') };
}
