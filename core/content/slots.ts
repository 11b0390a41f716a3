/** Indices of dirty marks in the shared page, allocated and freed in O(1). */
import { NO_SLOT } from '../constants.ts';

export class Slots {
  readonly #limit: number;
  readonly #free: number[] = [];
  #next = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A free slot, or NO_SLOT if all are taken. */
  take(): number {
    const reused = this.#free.pop();
    if (reused !== undefined) return reused;
    return this.#next < this.#limit ? this.#next++ : NO_SLOT;
  }

  give(slot: number): void {
    if (slot !== NO_SLOT) this.#free.push(slot);
  }
}
