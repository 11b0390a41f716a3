/**
 * Batches for one `for await` loop.
 *
 * While the loop is busy, changes are collapsed and bounded as in the stream: a slow loop gets fewer, larger batches,
 * and eventually `overflow`.
 */
import { batchOf, type WatchBatch } from './batch.ts';
import type { ChangeBuffer } from './buffer.ts';

type Result = IteratorResult<WatchBatch, undefined>;

export class Outlet implements AsyncIterableIterator<WatchBatch> {
  readonly #buffer: ChangeBuffer;
  readonly #left: () => void;
  #waiting: ((result: Result) => void)[] = [];
  #lastId = 0;
  #ended = false;

  /** @param left called once, when the loop is left or the stream ends */
  constructor(buffer: ChangeBuffer, left: () => void) {
    this.#buffer = buffer;
    this.#left = left;
  }

  push(batch: WatchBatch): void {
    if (this.#ended) return;
    const waiting = this.#waiting.shift();
    if (waiting && this.#buffer.empty) {
      waiting({ done: false, value: batch });
      this.#lastId = batch.lastId;
      return;
    }
    for (const event of batch) this.#buffer.push(event);
    this.#lastId = Math.max(this.#lastId, batch.lastId);
    waiting?.(this.#take());
  }

  #take(): Result {
    return { done: false, value: batchOf(this.#buffer.drain(), this.#lastId) };
  }

  next(): Promise<Result> {
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    if (!this.#buffer.empty) return Promise.resolve(this.#take());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Ends the loop now and drops queued batches. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#left();
    this.#buffer.drain();
    for (const waiting of this.#waiting) waiting({ done: true, value: undefined });
    this.#waiting = [];
  }

  return(): Promise<Result> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
