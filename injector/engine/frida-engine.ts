/**
 * The interface to Frida.
 *
 * An engine brings code into a running process and carries messages to and from it. It is only for
 * bootstrap: file calls and events travel over the session's socket. There are two adapters, for the `frida` package
 * of npm and for the `frida` wheel of PyPI. Both run Frida in a separate helper process, because a process that runs
 * Frida and waits for the target steals Frida's ptrace stops.
 */

/** Messages of the agent's script (`send(...)` in GumJS), its errors, and its end. */
export type ScriptEvent =
  | { readonly type: 'message'; readonly payload: unknown }
  /** An uncaught error in the script. */
  | { readonly type: 'error'; readonly description: string; readonly stack?: string }
  /** `process-terminated`, `application-requested`, `crash: …`, … in Frida's terms. */
  | { readonly type: 'detached'; readonly reason: string };

export interface ScriptOptions {
  /** The bundled script's text. */
  readonly source: string;
  readonly name: string;
  /** Default: `qjs`. */
  readonly runtime?: 'qjs' | 'v8';
}

/** A script inside a process. */
export interface InjectedScript {
  readonly pid: number;
  /** Delivers a message to the script's `recv`. */
  post(payload: unknown): Promise<void>;
  /** Unloads the script; the process goes on. Idempotent. */
  detach(): Promise<void>;
}

export interface EngineInfo {
  /** `python` or `npm`. */
  readonly adapter: string;
  /** Frida's version. */
  readonly version: string;
  /** Process that runs Frida, and is the tracer of the targets. */
  readonly helperPid: number;
}

export interface FridaEngine {
  /** Starts the helper if it is not running. */
  info(): Promise<EngineInfo>;
  /**
   * Attaches to `pid` and loads a script into it.
   * @throws EngineError with a cause and a remedy: no such process, no permission (ptrace scope, other user,
   *   not dumpable), architecture, engine gone.
   */
  inject(pid: number, script: ScriptOptions, onEvent: (event: ScriptEvent) => void): Promise<InjectedScript>;
  /** Detaches from all processes and ends the helper. Idempotent. */
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

/** A failure with cause and remedy, each a sentence for the user. */
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
