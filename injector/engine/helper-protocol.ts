/**
 * The protocol between a host and the helper process that runs Frida.
 *
 * Both directions are JSON, a value per line: commands on the helper's fd 3, answers and events on its fd 4.
 * Descriptors 0–2 are not used, so that no terminal or pipeline is disturbed. The helper sends `ready` first, answers
 * each command that has an `id` exactly once, in any order, and ends when fd 3 closes. The host chooses the number
 * `script`, so that a message of a script that is still loading finds its receiver.
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
  /** Cancels an inject: it is answered with `OperationCancelledError`, and its effects are undone. */
  | { readonly op: 'cancel'; readonly script: number }
  | { readonly op: 'post'; readonly id: number; readonly script: number; readonly payload: unknown }
  | { readonly op: 'detach'; readonly id: number; readonly script: number };

/** Where an inject failed: before or after Frida was loaded into the process. */
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

/** Splits a byte stream into lines. */
export class LineSplitter {
  #rest = '';

  /** @returns lines that this chunk completes, without line ends */
  push(chunk: string): string[] {
    const parts = (this.#rest + chunk).split('\n');
    this.#rest = parts.pop() ?? '';
    return parts;
  }
}
