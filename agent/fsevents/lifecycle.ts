/**
 * What may be done with a stream and when: Created → Scheduled → Started ⇄ Stopped → Invalidated. What the header
 * forbids is refused with a word, as the system does it, and harms nobody.
 */
import { MAX_EXCLUSIONS, MAX_PATHS } from './constants.ts';

export type StreamState = 'created' | 'scheduled' | 'started' | 'stopped' | 'invalidated';

export interface Verdict {
  readonly allowed: boolean;
  /** What to say of it on standard error. */
  readonly say?: string;
}

const YES: Verdict = { allowed: true };
const no = (say?: string): Verdict => ({ allowed: false, say });

export class Lifecycle {
  readonly #paths: number;
  /** Run loops and modes, or a queue. */
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
    if (this.#invalidated) return no('it cannot be scheduled, for it has been invalidated');
    this.#places++;
    return YES;
  }

  unschedule(): Verdict {
    if (this.#places === 0) return no();
    this.#places--;
    return YES;
  }

  start(): Verdict {
    if (this.#invalidated) return no('it cannot be started, for it has been invalidated');
    if (this.#places === 0) return no('it cannot be started before it is scheduled');
    if (this.#paths > MAX_PATHS) return no(`it cannot be started with more than ${MAX_PATHS} paths`);
    this.#started = true;
    this.#running = true;
    return YES;
  }

  /** Start was allowed, and then failed. */
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
    return this.#running ? YES : no('it cannot be flushed before it is started');
  }

  exclude(count: number): Verdict {
    if (this.#started || this.#invalidated) return no('paths are to be excluded before it is started');
    if (count > MAX_EXCLUSIONS) return no(`at most ${MAX_EXCLUSIONS} paths can be excluded`);
    return YES;
  }
}
