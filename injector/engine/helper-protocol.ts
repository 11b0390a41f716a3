/**
 * What a host and the helper that holds Frida say to each other.
 *
 * Both directions are JSON, one value a line: commands on the helper's fd 3, answers and events on its fd 4.
 * Descriptors 0–2 carry nothing, so that neither a terminal nor a pipeline is ever disturbed. The helper speaks
 * first (`ready`), answers every command that has an `id` exactly once, in any order, and ends when fd 3 closes.
 * `script` is a number the host chooses, so that a message sent while a script still loads finds its receiver.
 */

export type HelperCommand =
  | {
      readonly op: 'inject';
      readonly id: number;
      readonly script: number;
      readonly pid: number;
      readonly source: string;
      readonly name: string;
      readonly runtime: 'qjs' | 'v8';
    }
  /** Give an inject up: it is answered with `OperationCancelledError`, and whatever it reached is undone. */
  | { readonly op: 'cancel'; readonly script: number }
  | { readonly op: 'post'; readonly id: number; readonly script: number; readonly payload: unknown }
  | { readonly op: 'detach'; readonly id: number; readonly script: number };

/** Where an inject failed: before or after Frida stood in the process. */
export type HelperPhase = 'attach' | 'script' | 'command';

export interface HelperFailure {
  /** Frida's exception, by its Python name: `ProcessNotFoundError`, `PermissionDeniedError`, … */
  readonly kind: string;
  readonly message: string;
  readonly phase: HelperPhase;
}

export type HelperReply =
  | { readonly ready: true; readonly version: string }
  | { readonly id: number; readonly ok: true }
  | { readonly id: number; readonly error: HelperFailure }
  | { readonly event: 'message'; readonly script: number; readonly payload: unknown }
  | {
      readonly event: 'error';
      readonly script: number;
      readonly description: string;
      readonly stack?: string;
    }
  | { readonly event: 'log'; readonly script: number; readonly level: string; readonly text: string }
  | {
      readonly event: 'detached';
      readonly script: number;
      readonly reason: string;
      /** Frida's one-line summary when the process died of a fault. */
      readonly crash?: string;
    };

/** Exit status of a helper that could not load Frida at all; the cause is the last line of its stderr. */
export const EXIT_NO_FRIDA = 3;

/** Cuts a byte stream into lines, whatever its chunks are. */
export class LineSplitter {
  #rest = '';

  /** @returns the lines this chunk completes, without their ends */
  push(chunk: string): string[] {
    const parts = (this.#rest + chunk).split('\n');
    this.#rest = parts.pop() ?? '';
    return parts;
  }
}
