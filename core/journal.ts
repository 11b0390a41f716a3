/**
 * The most recent events.
 *
 * Bounded by count, bytes and age. A query that needs dropped events is answered as lost, never with a gap.
 */
import type { FsEvent } from './events/fs-event.ts';

/** Bounds of the journal; the oldest events are dropped first. */
export interface JournalLimits {
  /** Number of events. */
  readonly maxEvents: number;
  /** Estimate of the heap that events may hold. */
  readonly maxBytes: number;
  /** Milliseconds between an event and the newest event. */
  readonly maxAgeMs: number;
}

export const JOURNAL_DEFAULTS: JournalLimits = {
  maxEvents: 65_536,
  maxBytes: 32 * 1024 * 1024,
  maxAgeMs: 60 * 60 * 1000,
};

/** An event as the branch that caused it sees it, and as other branches see it. */
export interface JournalRecord {
  readonly event: FsEvent;
  /** By branch; absent if only the causing branch sees it. */
  readonly inBranches?: ReadonlyMap<string, FsEvent>;
}

/** Answer to a query for past events: the events, oldest first, or `lost` if some were dropped. */
export type History =
  | { readonly lost?: false; readonly events: FsEvent[] }
  /** Some events after the given id were dropped. `oldest` and `newest`: ids still held, 0 if none. */
  | { readonly lost: true; readonly oldest: number; readonly newest: number };

/** Heap of an event without its strings; each character counts twice at worst. */
const EVENT_BYTES = 200;

const cost = (event: FsEvent): number => EVENT_BYTES + 2 * (event.path.length + (event.from?.length ?? 0));

export class Journal {
  readonly #limits: JournalLimits;
  #ring: (JournalRecord | undefined)[] = [];
  #first = 0;
  #bytes = 0;
  /** Id of the last event ever recorded. */
  #newest = 0;
  /** Id of the newest event dropped. Ids may have gaps, so this is not always one below the oldest. */
  #dropped = 0;

  constructor(limits: Partial<JournalLimits> = {}) {
    this.#limits = { ...JOURNAL_DEFAULTS, ...limits };
  }

  get size(): number {
    return this.#ring.length - this.#first;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Id of the oldest event held; newest id + 1 if none is held. */
  get oldest(): number {
    return this.#ring[this.#first]?.event.id ?? this.#newest + 1;
  }

  get newest(): number {
    return this.#newest;
  }

  push(record: JournalRecord): void {
    this.#ring.push(record);
    this.#bytes += cost(record.event);
    this.#newest = record.event.id;
    this.#trim(record.event.time);
  }

  /** Drops events too old at `now`, milliseconds since the epoch. */
  #trim(now: number): void {
    const { maxEvents, maxBytes, maxAgeMs } = this.#limits;
    while (this.#first < this.#ring.length) {
      const { event } = this.#ring[this.#first]!;
      if (this.size <= maxEvents && this.#bytes <= maxBytes && now - event.time <= maxAgeMs) break;
      this.#ring[this.#first++] = undefined;
      this.#bytes -= cost(event);
      this.#dropped = event.id;
    }
    if (this.#first > 1024 && this.#first * 2 > this.#ring.length) {
      this.#ring = this.#ring.slice(this.#first);
      this.#first = 0;
    }
  }

  /**
   * Events with ids above `id`, oldest first.
   *
   * @param options.branch as that branch saw them; default: as caused, in all branches
   * @param options.limit at most that many, oldest first
   */
  since(id: number, options: { branch?: string; limit?: number } = {}): History {
    if (id < this.#dropped)
      return { lost: true, oldest: this.size > 0 ? this.oldest : 0, newest: this.#newest };
    const limit = options.limit ?? Number.POSITIVE_INFINITY;
    const events: FsEvent[] = [];
    for (let at = this.#after(id); at < this.#ring.length && events.length < limit; at++) {
      const record = this.#ring[at]!;
      const told =
        options.branch === undefined || options.branch === record.event.branch
          ? record.event
          : record.inBranches?.get(options.branch);
      if (told) events.push(told);
    }
    return { events };
  }

  /** Id of the last event before `time` (ms since the epoch) that is held; 0 if there is none. */
  before(time: number): number {
    let found = 0;
    for (let at = this.#first; at < this.#ring.length; at++) {
      const { event } = this.#ring[at]!;
      if (event.time >= time) break;
      found = event.id;
    }
    return found;
  }

  #after(id: number): number {
    let low = this.#first;
    let high = this.#ring.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (this.#ring[mid]!.event.id <= id) low = mid + 1;
      else high = mid;
    }
    return low;
  }
}
