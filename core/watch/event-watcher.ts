/**
 * A watcher of one path with the defaults of disk indexers: file events without delay, roots watched.
 *
 * Dispose of it to cancel; another watcher of the same path may be spawned right after.
 */
import type { WatchBatch } from './batch.ts';
import { EventStream, type EventStreamOptions } from './event-stream.ts';
import type { Source } from './source.ts';

/** Options of `EventWatcher.spawn`; file events are always on. */
export type SpawnOptions = Omit<EventStreamOptions, 'fileEvents'>;

/** An EventStream of one path with those defaults. */
export class EventWatcher implements AsyncIterable<WatchBatch>, Disposable {
  readonly #stream: EventStream;

  private constructor(stream: EventStream) {
    this.#stream = stream;
  }

  /** Leading edge and `watchRoot` by default. */
  static spawn(path: string, options: SpawnOptions = {}): EventWatcher {
    return new EventWatcher(new EventStream(path, { noDefer: true, watchRoot: true, ...options }));
  }

  /** A watcher that delivers nothing and never ends by itself. */
  static noop(): EventWatcher {
    return new EventWatcher(new EventStream('/', { source: SILENT }));
  }

  /** Device of the watched path. */
  get dev(): number {
    return this.#stream.dev;
  }

  /** Resolves once no change can be missed; rejects with WatcherError if the path cannot be watched. */
  get ready(): Promise<void> {
    return this.#stream.ready;
  }

  /** Resolves once the watcher is closed and the system's watch is released. */
  get closed(): Promise<void> {
    return this.#stream.closed;
  }

  /** Batches from each subscription on; completes when the watcher is closed. */
  get events$(): EventStream['events$'] {
    return this.#stream.events$;
  }

  /** Id up to which everything was delivered. */
  get latestEventId(): number {
    return this.#stream.latestEventId;
  }

  /** Id of the last change anywhere in the source. */
  currentEventId(): number {
    return this.#stream.currentEventId();
  }

  /** Milliseconds since the epoch; undefined if the source does not know the id, or no longer. */
  eventIdToTimestamp(id: number): number | undefined {
    return this.#stream.eventIdToTimestamp(id);
  }

  /** Delivers queued changes now. */
  flush(): void {
    this.#stream.flush();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<WatchBatch> {
    return this.#stream[Symbol.asyncIterator]();
  }

  /** Releases everything and drops queued changes. Idempotent; may be called from a callback. */
  close(): void {
    this.#stream.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

const SILENT: Source = {
  epoch: '',
  list: () => [],
  attach: (root) => ({ root, dev: 0, ready: Promise.resolve(), close: () => {}, closed: Promise.resolve() }),
  currentEventId: () => 0,
  eventIdToTimestamp: () => undefined,
};
