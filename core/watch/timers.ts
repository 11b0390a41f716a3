/** The clock and timers of watchers; injected so that tests control time. */

export interface Timers {
  /** Milliseconds of a clock that never goes backwards. */
  now(): number;
  /** Runs `action` once, after at least `ms` milliseconds, never on the caller's stack. */
  set(ms: number, action: () => void): unknown;
  /** Cancels a timer that `set` returned. */
  clear(timer: unknown): void;
}

/** The process's monotonic clock and timers. */
export const systemTimers: Timers = {
  now: () => performance.now(),
  set: (ms, action) => setTimeout(action, ms),
  clear: (timer) => clearTimeout(timer as NodeJS.Timeout),
};
