/**
 * Changes in an object store's terms: puts and deletes of keys.
 *
 * Directories are no objects; but a directory that is created or moved causes puts of the files in it, and the delete
 * of a directory has `prefix`. Changes of mode, owner or times alone are not reported.
 */
import type { WatchBatch } from './batch.ts';
import { isControl } from './change.ts';
import { directorySource } from './directory-source.ts';
import { ErrWatcherStopped, WatcherError } from './errors.ts';
import type { WatchEvent } from './event-flag.ts';
import { EventStream, type EventStreamOptions } from './event-stream.ts';
import { OBJECT_STORE_RULES } from './filter.ts';
import type { Lister } from './scope.ts';

/** A put or delete of a key, which is an absolute path. */
export interface ObjectEvent {
  /** `rescan`: changes were lost; compare everything at and below `path`. */
  readonly op: 'put' | 'delete' | 'rescan';
  /** The key. */
  readonly path: string;
  /** delete: everything below `path` was deleted as well. */
  readonly prefix?: boolean;
  /** Id of the event that caused it; several keys may share it. */
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/** Converts an event of a tree to puts and deletes of keys. @param list lists the files below a directory that was moved */
export function objectEvents(event: WatchEvent, list: Lister): ObjectEvent[] {
  const { kind, path, from, type, id, time } = event;
  const objectEvent = (op: ObjectEvent['op'], at: string, directory = false): ObjectEvent => ({
    op,
    path: at,
    ...(directory && { prefix: true }),
    id,
    time,
  });
  const put = (at: string, what: string): ObjectEvent[] => {
    if (what !== 'directory') return [objectEvent('put', at)];
    return [...list(at)].filter((one) => one.type !== 'directory').map((one) => objectEvent('put', one.path));
  };
  const isDirectory = type === 'directory';
  if (isControl(event)) return kind === 'history-done' ? [] : [objectEvent('rescan', from ?? path)];
  // The files in a new directory have events of their own.
  if (kind === 'create' || kind === 'update') return isDirectory ? [] : [objectEvent('put', path)];
  if (kind === 'delete') return [objectEvent('delete', path, isDirectory || type === 'unknown')];
  if (kind !== 'rename') return [];
  if (event.exchanged)
    return [
      objectEvent('delete', from!, isDirectory),
      ...put(path, type),
      ...put(from!, event.replaced ?? 'unknown'),
    ];
  return [objectEvent('delete', from!, isDirectory), ...put(path, type)];
}

/** Watches paths and yields object events through one loop. */
export class ObjectWatcher {
  readonly #options: EventStreamOptions;
  readonly #streams = new Map<string, EventStream>();
  readonly #waiting: ((result: IteratorResult<ObjectEvent, undefined>) => void)[] = [];
  readonly #queue: ObjectEvent[] = [];
  readonly #capacity: number;
  #stopped = false;

  /** Ignores hidden files, `*.metadata.json`, `*~` and `*.tmp`, unless `rules` are given. */
  constructor(options: EventStreamOptions = {}) {
    this.#options = { rules: OBJECT_STORE_RULES, ...options };
    this.#capacity = options.capacity ?? 8192;
  }

  /** Watches an additional path. @throws ErrWatcherStopped; WatcherError if it cannot be watched */
  async watch(path: string): Promise<void> {
    if (this.#stopped) throw new ErrWatcherStopped();
    if (this.#streams.has(path)) return;
    const stream = new EventStream(path, { ...this.#options, watchRoot: true }, (batch) =>
      this.#take(path, batch),
    );
    this.#streams.set(path, stream);
    try {
      await stream.ready;
    } catch (error) {
      this.#streams.delete(path);
      throw error instanceof WatcherError ? error : new WatcherError('watch', path, error);
    }
    if (this.#stopped) throw new ErrWatcherStopped();
  }

  #take(root: string, batch: WatchBatch): void {
    const list = (this.#options.source ?? directorySource()).list;
    for (const event of batch) for (const one of objectEvents(event, list)) this.#put(root, one);
  }

  #put(root: string, event: ObjectEvent): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting({ done: false, value: event });
    else if (this.#queue.length < this.#capacity) this.#queue.push(event);
    else {
      // The consumer is not keeping up: one rescan replaces the whole queue.
      this.#queue.length = 0;
      this.#queue.push({ op: 'rescan', path: root, id: event.id, time: event.time });
    }
  }

  /** Events of the watched paths, until `stop`. One loop at a time. @throws ErrWatcherStopped if stopped before */
  events(): AsyncIterableIterator<ObjectEvent> {
    if (this.#stopped) throw new ErrWatcherStopped();
    const end = { done: true, value: undefined } as const;
    const iterator: AsyncIterableIterator<ObjectEvent> = {
      next: () => {
        if (this.#stopped) return Promise.resolve(end);
        const event = this.#queue.shift();
        if (event) return Promise.resolve({ done: false, value: event });
        return new Promise((resolve) => this.#waiting.push(resolve));
      },
      return: () => Promise.resolve(end),
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /** Ends the loop and releases everything. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    this.#queue.length = 0;
    for (const stream of streams) stream.close();
    for (const waiting of this.#waiting.splice(0)) waiting({ done: true, value: undefined });
    await Promise.all(streams.map((stream) => stream.closed));
  }
}
