/**
 * The states of a stream: Created → Scheduled → Started ⇄ Stopped → Invalidated. Calls that FSEvents.h forbids in a
 * state are refused with a message and have no effect, as in the system's implementation.
 */
import { MAX_EXCLUSIONS, MAX_PATHS } from './constants.ts';

export type StreamState = 'created' | 'scheduled' | 'started' | 'stopped' | 'invalidated';

export interface Verdict {
  readonly allowed: boolean;
  /** Message for standard error. */
  readonly message?: string;
}

const YES: Verdict = { allowed: true };
const no = (message?: string): Verdict => ({ allowed: false, message });

export class Lifecycle {
  readonly #paths: number;
  /** Number of run loops and modes, or of queues, that it is scheduled on. */
  #places = 0;
  #started = false;
  #running = false;
  #invalidated = false;

  constructor(paths: number) {
    this.#paths = paths;
  }

  get state(): StreamState {
    if (this.#invalidated) return 'invalidated';
    if (this.#running) return 'started';
    if (this.#started) return 'stopped';
    return this.#places > 0 ? 'scheduled' : 'created';
  }

  get running(): boolean {
    return this.#running;
  }

  schedule(): Verdict {
    if (this.#invalidated) return no('the stream has been invalidated and cannot be scheduled');
    this.#places++;
    return YES;
  }

  unschedule(): Verdict {
    if (this.#places === 0) return no();
    this.#places--;
    return YES;
  }

  start(): Verdict {
    if (this.#invalidated) return no('the stream has been invalidated and cannot be started');
    if (this.#places === 0) return no('the stream is not scheduled: schedule it before starting it');
    if (this.#paths > MAX_PATHS)
      return no(`the stream has more than ${MAX_PATHS} paths and cannot be started`);
    this.#started = true;
    this.#running = true;
    return YES;
  }

  /** `start` was allowed, and the subscription failed. */
  startFailed(): void {
    this.#running = false;
  }

  stop(): Verdict {
    if (!this.#running) return no();
    this.#running = false;
    return YES;
  }

  invalidate(): Verdict {
    if (this.#invalidated) return no();
    this.#invalidated = true;
    this.#running = false;
    this.#places = 0;
    return YES;
  }

  flush(): Verdict {
    return this.#running ? YES : no('the stream is not running: start it before flushing it');
  }

  exclude(count: number): Verdict {
    if (this.#started || this.#invalidated)
      return no('the stream has been started: exclude paths before starting it');
    if (count > MAX_EXCLUSIONS) return no(`at most ${MAX_EXCLUSIONS} paths can be excluded`);
    return YES;
  }
}
