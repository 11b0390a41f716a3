/** A watcher: its stream, its retained events, and its clients. */
import {
  type Change,
  ChangeBuffer,
  EventStream,
  type Rule,
  type Source,
  type Timers,
} from '../../core/watch/index.ts';
import { SourceCursor } from './cursor.ts';
import type { Definition, ServiceEvent } from './definition.ts';
import { formatId } from './event-id.ts';
import { FanOut } from './fan-out.ts';
import type { Keeper, Kept } from './keeper.ts';
import type { Retained, Ring } from './ring.ts';
import type { Done, StoredWatcher } from './store/store.ts';

/** The parts of the service that a watcher uses. */
export interface WatcherParts {
  readonly timers: Timers;
  readonly queueBytes: number;
  /** For definitions without an interval; milliseconds. */
  readonly interval: { readonly latency: number; readonly maxLatency: number };
  readonly keeper: Keeper;
  /** Applied after the definition's rules. */
  readonly ownRules: readonly Rule[];
  lastId(): number;
  /** The next id, and a time that is not lower than the last. */
  stamp(): { readonly id: number; readonly time: number };
  source(definition: Definition): Source;
  stateHolds(name: string, watcher: Watcher): boolean;
}

const eventOf = (change: Change): ServiceEvent => {
  const { kind, path, from, type, count, replaced, exchanged } = change;
  return { action: kind, path, from, type, count, replaced, exchanged };
};

export class Watcher implements Kept {
  readonly id: string;
  readonly ring: Ring;
  readonly fanOut: FanOut;
  readonly #parts: WatcherParts;
  #definition: Definition;
  #stream: EventStream | undefined;
  #held: ChangeBuffer;
  readonly #cursor: SourceCursor;
  /** Events with an id that are published when the store has them. */
  #pending: Retained[] = [];
  #writing: Promise<void> | undefined;
  status: 'starting' | 'watching' | 'failed' = 'starting';
  error: string | undefined;
  published = 0;

  constructor(id: string, definition: Definition, ring: Ring, parts: WatcherParts, cursor?: string | null) {
    this.id = id;
    this.#definition = definition;
    this.ring = ring;
    this.#parts = parts;
    this.#held = new ChangeBuffer(definition.path);
    this.#cursor = new SourceCursor(cursor ?? null);
    this.fanOut = new FanOut(ring, { queueBytes: parts.queueBytes, lastId: () => this.lastId });
  }

  get definition(): Definition {
    return this.#definition;
  }

  /** All events of this watcher up to this id have been published. */
  get lastId(): number {
    const [first] = this.#pending;
    return first ? first.id - 1 : this.#parts.lastId();
  }

  get row(): StoredWatcher {
    const { origin, droppedThrough } = this.ring;
    const definition = JSON.stringify(this.#definition);
    return { id: this.id, definition, origin, droppedThrough, cursor: this.#cursor.text };
  }

  retained(): readonly Retained[] {
    return [...this.ring.all(), ...this.#pending];
  }

  /**
   * @returns whether it resumes without a gap; if not, changes may have been missed
   * @throws WatcherError when the path cannot be watched
   */
  async start(): Promise<boolean> {
    const { latency, maxLatency } = this.#parts.interval;
    const { path, rules, latencyMs = latency, maxLatencyMs = maxLatency, noDefer } = this.#definition;
    this.status = 'starting';
    this.error = undefined;
    const source = this.#parts.source(this.#definition);
    await source.open?.();
    const since = this.#cursor.in(source);
    if (since === undefined) this.#cursor.begin(source);
    const options = {
      source,
      ...(since !== undefined && { since }),
      rules: [...rules, ...this.#parts.ownRules],
      latency: latencyMs,
      maxLatency: Math.max(latencyMs, maxLatencyMs),
      noDefer,
      watchRoot: true,
      timers: this.#parts.timers,
      onError: (error: unknown) => this.fail(error),
      onInterruption: (error?: Error) => (error ? this.fail(error) : this.#goOn()),
    };
    const stream = new EventStream(path, options, (batch) => this.#take(batch, source));
    this.#stream = stream;
    await stream.ready;
    if (this.#stream === stream && !stream.isClosed) this.#goOn();
    return since !== undefined;
  }

  /** It failed and does not recover by itself, unlike an interrupted source. */
  get dead(): boolean {
    return this.status === 'failed' && (this.#stream?.isClosed ?? true);
  }

  #goOn(): void {
    this.status = 'watching';
    this.error = undefined;
  }

  fail(error: unknown): void {
    const { message } = error as Error;
    // A retry that fails for the same reason is not reported again.
    const known = this.status === 'failed' && this.error === message;
    this.status = 'failed';
    this.error = message;
    if (!known) this.report([{ action: 'error', path: this.#definition.path, message }]);
  }

  /** Starts a failed watcher again; reports a rescan if it cannot resume. @returns whether it watches */
  async retry(): Promise<boolean> {
    const { error } = this;
    this.#stream?.close();
    try {
      if (!(await this.start())) this.report([{ action: 'rescan', path: this.#definition.path }]);
      return true;
    } catch (again) {
      // Reported only if the reason is another.
      this.status = 'failed';
      this.error = error;
      this.fail(again);
      return false;
    }
  }

  /** Keeps the retained events; new events follow the new definition. */
  async replace(definition: Definition): Promise<void> {
    this.#stream?.close();
    this.#definition = definition;
    this.ring.retention = definition.retention;
    this.#held = new ChangeBuffer(definition.path);
    this.#cursor.forget();
    await this.start();
  }

  #take(batch: readonly Change[], source: Source): void {
    const { defer, drop } = this.#definition;
    const holds = (name: string): boolean => this.#parts.stateHolds(name, this);
    this.#cursor.received(batch, source);
    // Clients do not need the end of a replay: the service resumes for them.
    const changes = batch.filter(({ kind }) => kind !== 'history-done');
    if (drop.some(holds)) return;
    if (defer.some(holds)) for (const change of changes) this.#held.push(change);
    else this.report(changes.map(eventOf));
  }

  /** After the end of a state: publishes the held events, unless another state holds them. */
  release(): void {
    if (this.#held.empty || this.#definition.defer.some((name) => this.#parts.stateHolds(name, this))) return;
    this.report(this.#held.drain().map(eventOf));
  }

  /** Stores events, then publishes them: a client never receives an event that a restart would lose. */
  report(events: readonly ServiceEvent[]): void {
    if (events.length === 0) return;
    // Held events are not stored: after a restart they must be read from the source again.
    if (this.#held.empty) this.#cursor.published();
    for (const event of events) {
      const { id, time } = this.#parts.stamp();
      this.#pending.push({ id, time, body: JSON.stringify({ id: formatId(id), ...event, time }) });
    }
    if (!this.#writing) this.#write();
  }

  /** Events that arrive during an asynchronous write are written together in the next. */
  #write(): void {
    const batch = this.#pending;
    const done = this.#parts.keeper.append(this, batch);
    if (!(done instanceof Promise)) {
      this.#publish(batch);
      return;
    }
    // `batch` is still being written: new events go to a copy of the list, after it.
    this.#pending = [...batch];
    this.#writing = done.then(() => {
      this.#writing = undefined;
      this.#publish(batch);
      if (this.#pending.length > 0) this.#write();
    });
  }

  #publish(events: readonly Retained[]): void {
    for (const event of events) this.ring.push(event);
    this.#pending = this.#pending.slice(events.length);
    this.ring.trim(events.at(-1)!.time);
    this.published += events.length;
    this.fanOut.publish(events);
  }

  /** Drops events that are too old at `now`. */
  expire(now: number): Done {
    if (this.ring.trim(now)) return this.#parts.keeper.append(this, []);
  }

  /** Publishes the changes that the stream is still collecting. */
  deliver(): void {
    this.#stream?.flush();
  }

  /** Publishes all changes, including those that states hold back. */
  flush(): void {
    this.deliver();
    if (!this.#held.empty) this.report(this.#held.drain().map(eventOf));
  }

  /** Resolves when all stored events have been published. */
  async settled(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async close(): Promise<void> {
    const stream = this.#stream;
    stream?.close();
    await this.settled();
    this.fanOut.end();
    await stream?.closed;
  }
}
