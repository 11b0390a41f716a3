/** A command's connection: questions and answers in JSON, and streams that run until the command hangs up. */
import type { Socket } from 'node:net';
import { FsError } from '../../core/errors.ts';
import type { FsView } from '../../core/fs-view.ts';
import { MAX_REQUEST, Op, REQUEST } from '../../core/protocol.ts';
import { MountExit } from '../../core/walk.ts';
import type { ControlMethods, MethodName } from '../control/methods.ts';
import { METHODS } from './control-methods.ts';
import { FrameError, FrameSplitter } from './frame-splitter.ts';
import { encodeReply, RequestFrame } from './request-frame.ts';
import type { SessionHost } from './session-host.ts';

/** A file that a command holds open. */
export interface Handle {
  readonly view: FsView;
  readonly ino: number;
}

/** What a method may do besides returning its answer. */
export interface ControlCall<Item = unknown> {
  readonly host: SessionHost;
  /** Of this connection, by number; released at its end. */
  readonly handles: Map<number, Handle>;
  /** One more answer to the same question; the command reads until it has enough. */
  push(item: Item): void;
  /** Unsent bytes: a stream that sees many waits for the next drain. */
  readonly backlog: number;
  /** Run whenever all bytes are sent. */
  onDrain(action: () => void): void;
  /** Run when the command hangs up. */
  onEnd(action: () => void): void;
}

/** Takes what a command sent, unproved. @throws UserError, FsError, MountExit */
export type Method<K extends MethodName> = (
  params: Readonly<Record<string, unknown>>,
  call: ControlCall<ControlMethods[K]['item']>,
) => ControlMethods[K]['value'] | Promise<ControlMethods[K]['value']>;

/** The methods of one noun. */
export type Methods<Noun extends string> = {
  readonly [K in MethodName as K extends `${Noun}.${string}` ? K : never]: Method<K>;
};

export interface ControlRequest {
  readonly method: string;
  readonly params?: Record<string, unknown>;
}

export interface Refusal {
  readonly message: string;
  readonly code?: string;
  readonly remedy?: string;
}

export type ControlAnswer =
  | { readonly value: unknown }
  | { readonly item: unknown }
  | { readonly error: Refusal };

export class ControlConnection {
  readonly #host: SessionHost;
  readonly #socket: Socket;
  readonly #frames = new FrameSplitter(REQUEST.size, MAX_REQUEST);
  readonly #endings: (() => void)[] = [];
  readonly #handles = new Map<number, Handle>();

  constructor(host: SessionHost, socket: Socket) {
    this.#host = host;
    this.#socket = socket;
  }

  receive(chunk: Buffer): void {
    this.#frames.push(chunk, (bytes) => this.#call(new RequestFrame(bytes)));
  }

  #call(q: RequestFrame): void {
    if (q.op !== Op.Control) throw new FrameError(`a command does not send ${q.op}`);
    const { method, params } = parse(q.data);
    const { op, id } = q;
    const answer = (value: ControlAnswer): void => {
      if (this.#socket.writable)
        this.#socket.write(encodeReply(op, id, 0, { data: Buffer.from(JSON.stringify(value)) }));
    };
    if (!Object.hasOwn(METHODS, method)) {
      const remedy = 'Use the command and the host of one version.';
      answer({ error: { message: `this host knows no '${method}'`, remedy } });
      return;
    }
    this.#host.flushRings();
    // Requests run in the order in which they came, whichever of them takes its time.
    Promise.resolve()
      .then(() =>
        (METHODS[method as MethodName] as Method<MethodName>)(params ?? {}, this.#facilities(answer)),
      )
      .then(
        (value) => {
          // Whole views may have changed at once.
          if (/^(branch|snapshot|session)\./.test(method)) this.#host.page.outdateAll();
          answer({ value });
        },
        (error: Error) => {
          if (!(error instanceof FsError)) this.#host.log.info({ err: error, method }, 'a command failed');
          answer({ error: refusal(error, this.#host) });
        },
      );
  }

  #facilities(answer: (value: ControlAnswer) => void): ControlCall {
    const socket = this.#socket;
    return {
      host: this.#host,
      handles: this.#handles,
      push: (item) => answer({ item }),
      get backlog() {
        return socket.writableLength;
      },
      onDrain: (action) => void socket.on('drain', action),
      onEnd: (action) => void this.#endings.push(action),
    };
  }

  end(): void {
    for (const action of this.#endings) action();
    for (const { view, ino } of this.#handles.values()) view.release(ino);
    this.#handles.clear();
  }
}

export function refusal(error: Error, host: SessionHost): Refusal {
  const { message, code, remedy } = error as { message: string; code?: string; remedy?: string };
  if (error instanceof MountExit)
    return {
      message,
      code: 'EXDEV',
      remedy: `The mounts of session '${host.name}' are: ${host.options.mounts.join(', ')}.`,
    };
  return { message, code, remedy };
}

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
    // said below
  }
  throw new FrameError('a command sent what is no JSON request');
}
