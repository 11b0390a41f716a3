/**
 * A running helper process, and the pending calls to it.
 *
 * The helper has its own process session: a Ctrl-C for the program must not end Frida while the host still has to
 * detach. It ends when its command pipe closes, so a killed host leaves no helper behind. It keeps Node's event loop
 * alive only while calls are pending.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { EngineError } from './frida-engine.ts';
import {
  EXIT_NO_FRIDA,
  type HelperCommand,
  type HelperFailure,
  type HelperReply,
  LineSplitter,
} from './helper-protocol.ts';

/** How to start a helper. */
export interface HelperProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

export type HelperEvent = Extract<HelperReply, { event: string }>;

/** A command's failure as reported by the helper; its cause is not known yet. */
export class HelperRefusal extends Error {
  constructor(readonly failure: HelperFailure) {
    super(failure.message);
  }
}

const START_LIMIT_MS = 30_000;
const STDERR_TAIL = 4096;

type OmitId<T> = T extends { id: number } ? Omit<T, 'id'> : never;

/** The parent's environment without variables that cover the helper, or change the start of its interpreter. */
export function helperEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(
    ([name]) => !/^(LD_PRELOAD|LD_AUDIT|DYLD_INSERT_LIBRARIES|NODE_OPTIONS|SHIMFS_.*)$/.test(name),
  );
  return Object.fromEntries(kept);
}

export class HelperClient {
  readonly version: string;
  readonly #child: ChildProcess;
  readonly #commands: Socket;
  readonly #events: Socket;
  readonly #pending = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  readonly #scripts = new Map<number, (event: HelperEvent) => void>();
  #nextId = 1;
  #end: EngineError | undefined;
  readonly #ended: Promise<void>;

  private constructor(child: ChildProcess, version: string, splitter: LineSplitter, stderr: () => string) {
    this.#child = child;
    this.version = version;
    this.#commands = child.stdio[3] as Socket;
    this.#events = child.stdio[4] as unknown as Socket;
    this.#events.on('data', (chunk: string) => {
      for (const line of splitter.push(chunk)) this.#receive(JSON.parse(line));
    });
    this.#ended = new Promise((resolve) => {
      child.once('close', (status, signal) => {
        this.#finish(endedError(status, signal, stderr()));
        resolve();
      });
    });
    this.#updateRef();
  }

  /** @throws EngineError `engine-missing` when it cannot load Frida, `engine-failed` when it cannot run */
  static async start(program: HelperProgram): Promise<HelperClient> {
    const child = spawn(program.command, program.args, {
      cwd: program.cwd,
      env: helperEnvironment(process.env),
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
      detached: true,
    });
    let tail = '';
    const stderr = child.stderr as Readable;
    stderr.setEncoding('utf8').on('data', (chunk: string) => {
      tail = (tail + chunk).slice(-STDERR_TAIL);
    });
    // A write to a dead helper fails here; the child's exit event rejects the pending calls.
    (child.stdio[3] as Socket | null)?.on('error', () => {});
    const events = child.stdio[4] as unknown as Socket;
    events?.setEncoding('utf8').on('error', () => {});

    const splitter = new LineSplitter();
    const first = await firstReplies(child, events, splitter, program.command, () => tail);
    const [ready] = first;
    if (!('ready' in ready))
      throw new EngineError(
        'engine-failed',
        'the Frida helper sent an event before `ready`',
        'Run `shimfs doctor`.',
      );
    const client = new HelperClient(child, ready.version, splitter, () => tail);
    events.resume();
    return client;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get alive(): boolean {
    return this.#end === undefined;
  }

  /** Events of script number `script` go to `sink`, until `unlisten`. */
  listen(script: number, sink: (event: HelperEvent) => void): void {
    this.#scripts.set(script, sink);
    this.#updateRef();
  }

  unlisten(script: number): void {
    this.#scripts.delete(script);
    this.#updateRef();
  }

  /** @throws HelperRefusal with the helper's message; EngineError if the helper has ended */
  async call(command: OmitId<HelperCommand>): Promise<void> {
    if (this.#end) throw this.#end;
    const id = this.#nextId++;
    const answer = new Promise<void>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    this.#updateRef();
    this.#commands.write(`${JSON.stringify({ id, ...command })}\n`);
    return answer;
  }

  /** Cancels a pending inject. Its call is still answered. */
  cancel(script: number): void {
    if (this.#end === undefined)
      this.#commands.write(`${JSON.stringify({ op: 'cancel', script } satisfies HelperCommand)}\n`);
  }

  /** Closes the command pipe and waits for the helper's end; it detaches from all processes. */
  async close(limitMs = 6000): Promise<void> {
    this.#child.ref();
    this.#commands.end();
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), limitMs);
    await this.#ended;
    clearTimeout(limit);
  }

  #receive(reply: HelperReply): void {
    if ('event' in reply) {
      this.#scripts.get(reply.script)?.(reply);
      return;
    }
    if (!('id' in reply)) return;
    const waiting = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    this.#updateRef();
    if ('error' in reply) waiting?.reject(new HelperRefusal(reply.error));
    else waiting?.resolve();
  }

  #finish(error: EngineError): void {
    this.#end = error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
    const scripts = [...this.#scripts];
    this.#scripts.clear();
    for (const [script, sink] of scripts)
      sink({ event: 'detached', script, reason: 'connection-terminated' });
  }

  #updateRef(): void {
    const change = this.#pending.size + this.#scripts.size > 0 ? 'ref' : 'unref';
    this.#child[change]();
    this.#commands[change]();
    this.#events[change]();
    (this.#child.stderr as unknown as Socket)[change]();
  }
}

function endedError(status: number | null, signal: string | null, stderr: string): EngineError {
  const last = stderr.trim().split('\n').at(-1);
  const cause = last ? `: ${last}` : '';
  if (status === EXIT_NO_FRIDA) {
    return new EngineError(
      'engine-missing',
      `the Frida helper cannot load Frida${cause}`,
      'See `shimfs doctor`.',
    );
  }
  return new EngineError(
    'engine-failed',
    `the Frida helper ended (${signal ?? `status ${status}`})${cause}`,
    'Try again: a new helper is started by the next attach.',
  );
}

/** The helper's first lines. @throws EngineError when it does not start, ends, or writes nothing for START_LIMIT_MS */
function firstReplies(
  child: ChildProcess,
  events: Socket,
  splitter: LineSplitter,
  command: string,
  stderr: () => string,
): Promise<HelperReply[]> {
  return new Promise<HelperReply[]>((resolve, reject) => {
    const limit = setTimeout(() => {
      child.kill('SIGKILL');
      reject(
        new EngineError(
          'timeout',
          'the Frida helper did not start in time',
          'Try again on a less busy machine.',
        ),
      );
    }, START_LIMIT_MS);
    const finish = <T>(done: (value: T) => void, value: T) => {
      clearTimeout(limit);
      child.removeAllListeners('error').removeAllListeners('close');
      child.on('error', () => {});
      events?.removeAllListeners('data').pause();
      done(value);
    };
    child.once('error', (error) =>
      finish(
        reject,
        new EngineError(
          'engine-missing',
          `cannot start ${command}: ${error.message}`,
          'See `shimfs doctor` for what the engine needs.',
        ),
      ),
    );
    child.once('close', (status, signal) => finish(reject, endedError(status, signal, stderr())));
    events?.on('data', (chunk: string) => {
      const lines = splitter.push(chunk);
      if (lines.length > 0)
        finish(
          resolve,
          lines.map((line) => JSON.parse(line)),
        );
    });
  });
}
