/**
 * The seam behind which Frida stands.
 *
 * An engine brings code into a running process and carries messages to and from it. It is bootstrap only:
 * file calls and events travel over the session's own socket. Two adapters exist, one over the `frida` package
 * from npm and one over the `frida` wheel from PyPI; both keep Frida in a helper process of its own, because a
 * process that both hosts Frida and waits for the target steals Frida's ptrace stops.
 */

/** What the agent's script may say to us (`send(...)` in GumJS), and how its life ends. */
export type ScriptEvent =
  | { readonly type: 'message'; readonly payload: unknown }
  /** An uncaught error in the script. */
  | { readonly type: 'error'; readonly description: string; readonly stack?: string }
  /** `process-terminated`, `application-requested`, `crash: …`, … as Frida words it. */
  | { readonly type: 'detached'; readonly reason: string };

export interface ScriptOptions {
  /** The bundled script's text. */
  readonly source: string;
  readonly name: string;
  /** Default: `qjs`. */
  readonly runtime?: 'qjs' | 'v8';
}

/** One script inside one process. */
export interface InjectedScript {
  readonly pid: number;
  /** Deliver a message to the script's `recv`. */
  post(payload: unknown): Promise<void>;
  /** Take the script out and let the process go on. Idempotent. */
  detach(): Promise<void>;
}

export interface EngineInfo {
  /** `python` or `npm`. */
  readonly adapter: string;
  /** Frida's version. */
  readonly version: string;
  /** Process that holds Frida: the one that will be the targets' tracer. */
  readonly helperPid: number;
}

export interface FridaEngine {
  /** Starts the helper if it is not there yet. */
  info(): Promise<EngineInfo>;
  /**
   * Attach to `pid` and load a script into it.
   * @throws EngineError with a cause and a remedy: no such process, no permission (ptrace scope, other user,
   *   not dumpable), architecture, engine gone.
   */
  inject(pid: number, script: ScriptOptions, onEvent: (event: ScriptEvent) => void): Promise<InjectedScript>;
  /** Detach from everything and end the helper. Idempotent. */
  close(): Promise<void>;
}

/** Cause of an EngineError. `engine-missing`: Frida is not installed; `script`: the agent failed to load. */
export type EngineErrorCode =
  | 'engine-missing'
  | 'engine-failed'
  | 'no-such-process'
  | 'permission'
  | 'unsupported'
  | 'script'
  | 'timeout';

/** A failure with what to do about it, in two sentences a person can act on. */
export class EngineError extends Error {
  constructor(
    /** Cause, for programs. */
    readonly code: EngineErrorCode,
    message: string,
    /** A sentence with the remedy. */
    readonly remedy: string,
  ) {
    super(message);
    this.name = 'EngineError';
  }
}
