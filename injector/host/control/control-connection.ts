/** A command's connection: requests and replies in JSON, and streams that run until the command disconnects. */
import type { Socket } from 'node:net';
import { FsError } from '../../../core/errors.ts';
import { MAX_REQUEST, Op, REQUEST } from '../../../core/protocol.ts';
import type { MethodName } from '../../control/methods.ts';
import type { Agents } from '../agents/agents.ts';
import type { Session } from '../session/session.ts';
import { FrameError, FrameSplitter } from '../wire/frame-splitter.ts';
import { encodeReply, RequestFrame } from '../wire/request-frame.ts';
import { type ControlCall, type Handle, type Method, type Refusal, refusal } from './method.ts';
import { METHODS } from './method-table.ts';

interface ControlRequest {
  readonly method: string;
  readonly params?: Record<string, unknown>;
}

type ControlAnswer = { readonly value: unknown } | { readonly item: unknown } | { readonly error: Refusal };

export class ControlConnection {
  readonly #session: Session;
  readonly #agents: Agents;
  readonly #socket: Socket;
  readonly #frames = new FrameSplitter(REQUEST.size, MAX_REQUEST);
  readonly #endActions: (() => void)[] = [];
  readonly #handles = new Map<number, Handle>();

  constructor(session: Session, agents: Agents, socket: Socket) {
    this.#session = session;
    this.#agents = agents;
    this.#socket = socket;
  }

  receive(chunk: Buffer): void {
    this.#frames.push(chunk, (bytes) => this.#call(new RequestFrame(bytes)));
  }

  #call(q: RequestFrame): void {
    if (q.op !== Op.Control) throw new FrameError(`a command does not send request ${q.op}`);
    const { method, params } = parse(q.data);
    const { op, id } = q;
    const answer = (value: ControlAnswer): void => {
      if (this.#socket.writable)
        this.#socket.write(encodeReply(op, id, 0, { data: Buffer.from(JSON.stringify(value)) }));
    };
    if (!Object.hasOwn(METHODS, method)) {
      const remedy = 'Use the same version for the command and the host.';
      answer({ error: { message: `this host has no method '${method}'`, remedy } });
      return;
    }
    this.#session.writes.flush();
    // Requests start in the order in which they arrived, also when an earlier one takes long.
    Promise.resolve()
      .then(() => (METHODS[method as MethodName] as Method<MethodName>)(params ?? {}, this.#context(answer)))
      .then(
        (value) => {
          // A whole view may have changed at once.
          if (/^(branch|snapshot|session)\./.test(method)) this.#session.page.outdateAll();
          answer({ value });
        },
        (error: Error) => {
          if (!(error instanceof FsError)) this.#session.log.info({ err: error, method }, 'a command failed');
          answer({ error: refusal(error, this.#session) });
        },
      );
  }

  #context(answer: (value: ControlAnswer) => void): ControlCall {
    const socket = this.#socket;
    return {
      session: this.#session,
      agents: this.#agents,
      handles: this.#handles,
      push: (item) => answer({ item }),
      get backlog() {
        return socket.writableLength;
      },
      onDrain: (action) => void socket.on('drain', action),
      onEnd: (action) => void this.#endActions.push(action),
    };
  }

  end(): void {
    for (const action of this.#endActions) action();
    for (const { view, ino } of this.#handles.values()) view.release(ino);
    this.#handles.clear();
  }
}

/** @throws FrameError */
function parse(data: Buffer): ControlRequest {
  try {
    const value = JSON.parse(data.toString()) as ControlRequest | null;
    const params: unknown = value?.params;
    if (
      typeof value?.method === 'string' &&
      (params === undefined || (typeof params === 'object' && params !== null))
    )
      return value;
  } catch {
    // Reported below.
  }
  throw new FrameError('a command sent something other than a JSON request');
}
