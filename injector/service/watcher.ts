/** One watcher: its stream, what it retains, and who listens. */
import {
  type Change,
  ChangeBuffer,
  EventStream,
  type Rule,
  type Source,
  type Timers,
} from '../../core/watch/index.ts';
import type { Definition, ServiceEvent } from './definition.ts';
import { formatId } from './event-id.ts';
import { FanOut } from './fan-out.ts';
import type { Retained, Ring } from './ring.ts';
import type { StoredWatcher } from './store/store.ts';

/** What a watcher needs of its service. */
export interface WatcherParts {
  readonly timers: Timers;
  readonly queueBytes: number;
  /** After all others. */
  readonly ownRules: readonly Rule[];
  lastId(): number;
  /** The next id, and a time no lower than the last. */
  stamp(): { readonly id: number; readonly time: number };
  source(definition: Definition): Source;
  stateHolds(name: string, watcher: Watcher): boolean;
  /** Write through. Never throws. */
  keep(watcher: Watcher, events: readonly Retained[]): void;
}

const eventOf = (change: Change): ServiceEvent => {
  const { kind, path, from, type, count, replaced, exchanged } = change;
  return { action: kind, path, from, type, count, replaced, exchanged };
};

export class Watcher {
  readonly id: string;
  readonly ring: Ring;
  readonly fanOut: FanOut;
  readonly #parts: WatcherParts;
  #definition: Definition;
  #stream: EventStream | undefined;
  #held: ChangeBuffer;
  status: 'starting' | 'watching' | 'failed' = 'starting';
  error: string | undefined;
  told = 0;

  constructor(id: string, definition: Definition, ring: Ring, parts: WatcherParts) {
    this.id = id;
    this.#definition = definition;
    this.ring = ring;
    this.#parts = parts;
    this.#held = new ChangeBuffer(definition.path);
    this.fanOut = new FanOut(ring, { queueBytes: parts.queueBytes, lastId: () => parts.lastId() });
  }

  get definition(): Definition {
    return this.#definition;
  }

  get row(): StoredWatcher {
    const { origin, droppedThrough } = this.ring;
    return { id: this.id, definition: JSON.stringify(this.#definition), origin, droppedThrough };
  }

  /** @throws WatcherError when the path cannot be watched */
  async start(): Promise<void> {
    const { path, rules, latencyMs, maxLatencyMs, noDefer } = this.#definition;
    this.status = 'starting';
    this.error = undefined;
    const options = {
      source: this.#parts.source(this.#definition),
      rules: [...rules, ...this.#parts.ownRules],
      latency: latencyMs,
      maxLatency: Math.max(latencyMs, maxLatencyMs),
      noDefer,
      watchRoot: true,
      timers: this.#parts.timers,
      onError: (error: unknown) => this.fail(error),
    };
    const stream = new EventStream(path, options, (batch) => this.#take(batch));
    this.#stream = stream;
    await stream.ready;
    if (this.#stream === stream && !stream.isClosed) this.status = 'watching';
  }

  fail(error: unknown): void {
    this.status = 'failed';
    this.error = (error as Error).message;
    this.tell([{ action: 'error', path: this.#definition.path, message: this.error }]);
  }

  /** Same retained events, another story from here on. */
  async replace(definition: Definition): Promise<void> {
    this.#stream?.close();
    this.#definition = definition;
    this.ring.retention = definition.retention;
    this.#held = new ChangeBuffer(definition.path);
    await this.start();
  }

  #take(batch: readonly Change[]): void {
    const { defer, drop } = this.#definition;
    const holds = (name: string): boolean => this.#parts.stateHolds(name, this);
    if (drop.some(holds)) return;
    if (defer.some(holds)) for (const change of batch) this.#held.push(change);
    else this.tell(batch.map(eventOf));
  }

  /** A state was left: what waited for it is told, if nothing else holds it. */
  release(): void {
    if (this.#held.empty || this.#definition.defer.some((name) => this.#parts.stateHolds(name, this))) return;
    this.tell(this.#held.drain().map(eventOf));
  }

  /** Kept first, told then: nobody hears of what a restart would forget. */
  tell(events: readonly ServiceEvent[]): void {
    if (events.length === 0) return;
    let now = 0;
    const retained = events.map((event) => {
      const { id, time } = this.#parts.stamp();
      now = time;
      return { id, time, body: JSON.stringify({ id: formatId(id), ...event, time }) };
    });
    for (const one of retained) this.ring.push(one);
    this.ring.trim(now);
    this.#parts.keep(this, retained);
    this.told += retained.length;
    this.fanOut.publish(retained);
  }

  /** Take now what the stream holds back. */
  deliver(): void {
    this.#stream?.flush();
  }

  /** Tell all that waits, whatever holds it. */
  flush(): void {
    this.deliver();
    if (!this.#held.empty) this.tell(this.#held.drain().map(eventOf));
  }

  async close(): Promise<void> {
    const stream = this.#stream;
    stream?.close();
    this.fanOut.end();
    await stream?.closed;
  }
}
