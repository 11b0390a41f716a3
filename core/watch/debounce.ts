/**
 * When to deliver: a pure rule, and a small class that runs it on timers.
 *
 * Trailing: after `wait` without a change, but at most `maxWait` after the first queued change. Leading
 * (FSEvents' NoDefer): at once if nothing was delivered for `wait`, otherwise at the end of that window. In both modes
 * the last change is delivered: a delivery takes everything queued, and a later change makes the next delivery due.
 */
import type { Timers } from './timers.ts';

/** Options of Debouncer. */
export interface DebounceOptions {
  /** Milliseconds. Default: 100. */
  readonly wait?: number;
  /** Milliseconds, at least `wait`. Default: 500. */
  readonly maxWait?: number;
  /** Default: false. */
  readonly leading?: boolean;
}

/** Defaults of DebounceOptions; milliseconds. */
export const DEBOUNCE_DEFAULTS = { wait: 100, maxWait: 500, leading: false } as const;

export interface DebounceRule {
  readonly wait: number;
  readonly maxWait: number;
  readonly leading: boolean;
}

const DEFAULT_RULE: DebounceRule = DEBOUNCE_DEFAULTS;

export function debounceRule(options: DebounceOptions = {}): DebounceRule {
  if (options.wait === undefined && options.maxWait === undefined && !options.leading) return DEFAULT_RULE;
  const { wait = DEBOUNCE_DEFAULTS.wait, maxWait = DEBOUNCE_DEFAULTS.maxWait, leading = false } = options;
  return { wait, maxWait: Math.max(wait, maxWait), leading };
}

export interface DebounceState {
  /** Times at which the first and the last queued change arrived; null if none is queued. */
  readonly first: number | null;
  readonly last: number | null;
  readonly delivered: number;
}

export const IDLE: DebounceState = { first: null, last: null, delivered: Number.NEGATIVE_INFINITY };

/** Time of the next delivery; null if nothing is queued. */
export function dueAt(rule: DebounceRule, { first, last, delivered }: DebounceState): number | null {
  if (first === null || last === null) return null;
  if (rule.leading) return Math.max(first, delivered + rule.wait);
  return Math.min(last + rule.wait, first + rule.maxWait);
}

/** A change arrived. If the clock went backwards, its last value is used. */
export const queued = (state: DebounceState, now: number): DebounceState => ({
  first: state.first ?? Math.max(now, state.delivered),
  last: Math.max(now, state.last ?? state.delivered),
  delivered: state.delivered,
});

export const delivered = (now: number): DebounceState => ({ first: null, last: null, delivered: now });

/** Runs the rule on injected timers and calls `deliver` when a delivery is due. */
export class Debouncer {
  readonly #rule: DebounceRule;
  readonly #timers: Timers;
  readonly #deliver: () => void;
  #state = IDLE;
  #timer: unknown;

  constructor(options: DebounceOptions, timers: Timers, deliver: () => void) {
    this.#rule = debounceRule(options);
    this.#timers = timers;
    this.#deliver = deliver;
  }

  /** Records that a change was queued. */
  touch(): void {
    this.#state = queued(this.#state, this.#timers.now());
    // A later due time is computed when the timer fires: a burst sets one timer, not one per event.
    if (this.#timer === undefined) this.#arm();
  }

  #arm(): void {
    const due = dueAt(this.#rule, this.#state);
    if (due === null) return;
    this.#timer = this.#timers.set(Math.max(0, due - this.#timers.now()), () => {
      this.#timer = undefined;
      const at = dueAt(this.#rule, this.#state);
      if (at === null) return;
      // Timers may fire a fraction of a millisecond early.
      if (this.#timers.now() + 1 > at) this.flush();
      else this.#arm();
    });
  }

  /** Delivers queued changes now. */
  flush(): void {
    const waits = this.#state.first !== null;
    this.cancel();
    this.#state = delivered(this.#timers.now());
    if (waits) this.#deliver();
  }

  /** Forgets queued changes. */
  cancel(): void {
    if (this.#timer !== undefined) this.#timers.clear(this.#timer);
    this.#timer = undefined;
    this.#state = { ...this.#state, first: null, last: null };
  }
}
