/**
 * Kqueues that have or had virtual knotes, by descriptor number. `dup` of a kqueue adds a second number to the same
 * queue.
 */
import type { Knote } from './knote.ts';

export class Kqueue {
  /** All its descriptor numbers; the kqueue ends with the last. */
  readonly numbers = new Set<number>();
  readonly knotes = new Set<Knote>();

  /** Active knotes, oldest activation first. */
  head: Knote | undefined;
  tail: Knote | undefined;
  queuedCount = 0;
  /** The readiness last signalled to the kernel. */
  signalled = false;

  /** One of its descriptor numbers, -1 once it is closed. */
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

  /** @returns the kqueue, if this was its last number */
  close(number: number): Kqueue | undefined {
    const kqueue = this.#byNumber.get(number);
    if (kqueue === undefined) return undefined;
    this.#byNumber.delete(number);
    kqueue.numbers.delete(number);
    return kqueue.numbers.size === 0 ? kqueue : undefined;
  }

  /** A descriptor number of each kqueue. */
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
