/**
 * When a stream's events are due. By default the first after a rest starts the wait, and all that comes within it goes
 * out at its end; with NoDefer the first after a rest goes out at once and the rest of the window at its end.
 *
 * Times are milliseconds of any clock that only rises.
 */
export class Latency {
  readonly #latency: number;
  readonly #noDefer: boolean;
  #last = Number.NEGATIVE_INFINITY;
  #due: number | undefined;

  /** @param latency milliseconds; what is negative or no number is none */
  constructor(latency: number, noDefer: boolean) {
    this.#latency = Math.max(latency || 0, 0);
    this.#noDefer = noDefer;
  }

  /** When what waits is due; undefined when nothing does. */
  get due(): number | undefined {
    return this.#due;
  }

  /** Something waits. @returns when it is due */
  waits(now: number): number {
    this.#due ??= this.#noDefer ? Math.max(now, this.#last + this.#latency) : now + this.#latency;
    return this.#due;
  }

  delivered(now: number): void {
    this.#last = now;
    this.#due = undefined;
  }

  /** Nothing waits any more. */
  forget(): void {
    this.#due = undefined;
  }
}
