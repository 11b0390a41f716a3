/**
 * When a stream's events are due. By default the first event after a pause starts a window of `latency`, at whose end
 * all events are delivered. With NoDefer the first event after a pause is delivered immediately, and later events at the
 * end of the window.
 *
 * Times are milliseconds of a monotonic clock.
 */
export class Latency {
  readonly #latency: number;
  readonly #noDefer: boolean;
  #last = Number.NEGATIVE_INFINITY;
  #due: number | undefined;

  /** @param latency milliseconds; negative and NaN mean 0 */
  constructor(latency: number, noDefer: boolean) {
    this.#latency = Math.max(latency || 0, 0);
    this.#noDefer = noDefer;
  }

  /** When the waiting events are due; undefined if none wait. */
  get due(): number | undefined {
    return this.#due;
  }

  /** An event waits. @returns when it is due */
  waits(now: number): number {
    this.#due ??= this.#noDefer ? Math.max(now, this.#last + this.#latency) : now + this.#latency;
    return this.#due;
  }

  delivered(now: number): void {
    this.#last = now;
    this.#due = undefined;
  }

  /** The waiting events were dropped. */
  forget(): void {
    this.#due = undefined;
  }
}
