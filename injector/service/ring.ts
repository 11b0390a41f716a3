/** The newest events of one watcher, bounded by count, bytes and age. */

export interface Retained {
  readonly id: number;
  /** Milliseconds since the epoch; never lower than that of the event before. */
  readonly time: number;
  /** The event as JSON. */
  readonly body: string;
}

export interface Retention {
  readonly events: number;
  readonly bytes: number;
  readonly seconds: number;
}

export const RETENTION: Retention = { events: 10_000, bytes: 8 * 1024 * 1024, seconds: 15 * 60 };

export class Ring {
  retention: Retention;
  /** Cursors between 0 and this belong to an earlier watcher of the same id. */
  readonly origin: number;
  #items: Retained[] = [];
  #bytes = 0;
  /** Items before this index are dropped; they are removed in batches. */
  #start = 0;
  #droppedThrough = 0;

  constructor(origin: number, retention: Retention = RETENTION, droppedThrough = 0) {
    this.origin = origin;
    this.retention = retention;
    this.#droppedThrough = droppedThrough;
  }

  get count(): number {
    return this.#items.length - this.#start;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Id of the last dropped event; 0: none. */
  get droppedThrough(): number {
    return this.#droppedThrough;
  }

  get oldest(): Retained | undefined {
    return this.#items[this.#start];
  }

  get newest(): Retained | undefined {
    return this.count > 0 ? this.#items[this.#items.length - 1] : undefined;
  }

  push(item: Retained): void {
    this.#items.push(item);
    this.#bytes += sizeOf(item);
  }

  /** Drops events above the limits, or too old at `now`. @returns whether it dropped any */
  trim(now: number): boolean {
    const { events, bytes, seconds } = this.retention;
    const before = this.#start;
    for (let item = this.oldest; item; item = this.oldest) {
      const keep = this.count <= events && this.#bytes <= bytes && item.time >= now - seconds * 1000;
      if (keep) break;
      this.#droppedThrough = item.id;
      this.#bytes -= sizeOf(item);
      this.#start++;
    }
    const dropped = this.#start > before;
    if (this.#start > 1024 && this.#start * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#start);
      this.#start = 0;
    }
    return dropped;
  }

  /** Whether events after `cursor` are lost. Cursor 0: whether any event was dropped. */
  expired(cursor: number): boolean {
    return cursor < this.#droppedThrough || (cursor > 0 && cursor < this.origin);
  }

  /** At most `limit` events after `cursor`, oldest first. */
  after(cursor: number, limit = Number.POSITIVE_INFINITY): Retained[] {
    let low = this.#start;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#items[middle]!.id <= cursor) low = middle + 1;
      else high = middle;
    }
    return this.#items.slice(low, Math.min(low + limit, this.#items.length));
  }

  /** All retained events. */
  all(): Retained[] {
    return this.#items.slice(this.#start);
  }
}

const sizeOf = (item: Retained): number => Buffer.byteLength(item.body);
