/** The source of times. */

/** Nanoseconds since the epoch. */
export type Clock = () => bigint;

/** Seconds and nanoseconds since the epoch. */
export interface Timespec {
  /** Whole seconds. */
  readonly sec: number;
  /** 0 to 999,999,999. */
  readonly nsec: number;
}

/**
 * The current instant as two small integers, so that setting an inode's times allocates nothing.
 *
 * Without an injected clock it follows the system's wall clock in milliseconds, as a kernel's coarse clock
 * does (a finer clock would run ahead of the times the kernel gives to object files), and distinguishes instants
 * within one millisecond by counting microseconds.
 */
export class Now {
  sec = 0;
  nsec = 0;
  readonly #clock: Clock | undefined;
  #ms = 0;
  #step = 0;

  constructor(clock?: Clock) {
    this.#clock = clock;
  }

  /** Read the clock into `sec` and `nsec`. */
  read(): this {
    if (this.#clock) {
      const at = this.#clock();
      this.sec = Number(at / 1_000_000_000n);
      this.nsec = Number(at % 1_000_000_000n);
      return this;
    }
    const ms = Date.now();
    this.#step = ms === this.#ms ? Math.min(this.#step + 1, 999) : 0;
    this.#ms = ms;
    this.sec = Math.floor(ms / 1000);
    this.nsec = (ms % 1000) * 1_000_000 + this.#step * 1000;
    return this;
  }

  /** The instant last read, in milliseconds. */
  get ms(): number {
    return this.sec * 1000 + this.nsec / 1e6;
  }
}
