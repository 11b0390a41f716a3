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

  get dev(): number {
    return this.#stream.dev;
  }

  get ready(): Promise<void> {
    return this.#stream.ready;
  }

  get closed(): Promise<void> {
    return this.#stream.closed;
  }

  get events$(): EventStream['events$'] {
    return this.#stream.events$;
  }

  get latestEventId(): number {
    return this.#stream.latestEventId;
  }

  currentEventId(): number {
    return this.#stream.currentEventId();
  }

  eventIdToTimestamp(id: number): number | undefined {
    return this.#stream.eventIdToTimestamp(id);
  }

  flush(): void {
    this.#stream.flush();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<WatchBatch> {
    return this.#stream[Symbol.asyncIterator]();
  }

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
