/** Timers whose clock the test advances. */
import type { Timers } from '../../../core/watch/timers.ts';

export class ManualTimers implements Timers {
  #now = 0;
  #next = 0;
  readonly #set = new Map<number, { at: number; action: () => void }>();

  now(): number {
    return this.#now;
  }

  get pending(): number {
    return this.#set.size;
  }

  set(ms: number, action: () => void): number {
    this.#set.set(++this.#next, { at: this.#now + ms, action });
    return this.#next;
  }

  clear(timer: unknown): void {
    this.#set.delete(timer as number);
  }

  /** Advances the clock by `ms` milliseconds and runs every timer due in them, in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#set].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      this.#set.delete(due[0]);
      this.#now = Math.max(this.#now, due[1].at);
      due[1].action();
    }
    this.#now = end;
  }
}
