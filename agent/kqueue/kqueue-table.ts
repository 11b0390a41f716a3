/**
 * Kqueues that have, or had, something virtual, by descriptor number. `dup` of a kqueue gives a second number for
 * the same queue.
 */
import type { Knote } from './knote.ts';

export class Kqueue {
  /** Every number it is known by; it ends with the last. */
  readonly numbers = new Set<number>();
  readonly knotes = new Set<Knote>();

  /** Active knotes, oldest activation first. */
  head: Knote | undefined;
  tail: Knote | undefined;
  queuedCount = 0;
  /** What the kernel was last told about readiness. */
  signalled = false;

  /** A number to reach it by, -1 once it is closed. */
  get number(): number {
    for (const number of this.numbers) return number;
    return -1;
  }
}

export class KqueueTable {
  readonly #byNumber = new Map<number, Kqueue>();

  get(number: number): Kqueue | undefined {
    return this.#byNumber.get(number);
  }

  ensure(number: number): Kqueue {
    let kqueue = this.#byNumber.get(number);
    if (kqueue === undefined) {
      kqueue = new Kqueue();
      kqueue.numbers.add(number);
      this.#byNumber.set(number, kqueue);
    }
    return kqueue;
  }

  /** `to` must be free. */
  alias(from: number, to: number): void {
    const kqueue = this.ensure(from);
    kqueue.numbers.add(to);
    this.#byNumber.set(to, kqueue);
  }

  /** @returns the kqueue when that was its last number */
  close(number: number): Kqueue | undefined {
    const kqueue = this.#byNumber.get(number);
    if (kqueue === undefined) return undefined;
    this.#byNumber.delete(number);
    kqueue.numbers.delete(number);
    return kqueue.numbers.size === 0 ? kqueue : undefined;
  }

  /** One number of each. */
  *numbers(): Iterable<number> {
    const seen = new Set<Kqueue>();
    for (const [number, kqueue] of this.#byNumber) {
      if (!seen.has(kqueue)) yield number;
      seen.add(kqueue);
    }
  }

  get size(): number {
    return this.#byNumber.size;
  }
}
