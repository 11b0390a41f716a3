/** Time, as the watchers see it; given from outside so that tests own it. */

export interface Timers {
  /** Milliseconds of a clock that never goes backwards. */
  now(): number;
  /** Run `action` once, `ms` milliseconds from now at the earliest, never on the caller's stack. */
  set(ms: number, action: () => void): unknown;
  clear(timer: unknown): void;
}

export const systemTimers: Timers = {
  now: () => performance.now(),
  set: (ms, action) => setTimeout(action, ms),
  clear: (timer) => clearTimeout(timer as NodeJS.Timeout),
};
