/** Repeats failed actions with growing pauses. */
import type { Timers } from '../watch/timers.ts';
import { BACKOFF_DEFAULTS, type BackoffOptions, backoffMs } from './backoff.ts';

/** Ends the work of a replicator that was stopped. */
export class Stopped extends Error {}

export interface RetriesOptions {
  readonly backoff: BackoffOptions;
  readonly timers: Timers;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Called for each failed attempt. */
  readonly onError?: (error: unknown, path: string) => void;
}

export class Retries {
  readonly #options: RetriesOptions;
  #stopped = false;
  #wake: (() => void) | undefined;

  constructor(options: RetriesOptions) {
    this.#options = options;
  }

  /** @throws Stopped after `stop` */
  check(): void {
    if (this.#stopped) throw new Stopped();
  }

  /** Ends a pause, and makes every later attempt throw Stopped. */
  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  /**
   * Retries `action` until it succeeds or has used up its attempts.
   *
   * @param action is passed whether it failed before @returns the last error if it was given up @throws Stopped
   */
  async run(
    path: string,
    action: (again: boolean) => Promise<void>,
  ): Promise<{ readonly error: unknown } | undefined> {
    const { backoff, random, onError } = this.#options;
    const tries = backoff.tries ?? BACKOFF_DEFAULTS.tries;
    for (let failures = 0; ; ) {
      this.check();
      try {
        await action(failures > 0);
        return undefined;
      } catch (error) {
        if (error instanceof Stopped) throw error;
        onError?.(error, path);
        if (++failures >= tries) return { error };
        await this.#pause(backoffMs(failures, random(), backoff));
      }
    }
  }

  #pause(ms: number): Promise<void> {
    const { timers } = this.#options;
    return new Promise((resolve) => {
      const timer = timers.set(ms, resolve);
      this.#wake = () => {
        timers.clear(timer);
        resolve();
      };
    });
  }
}
