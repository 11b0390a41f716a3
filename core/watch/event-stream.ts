/**
 * Batches of changes at and below some paths.
 *
 * The same stream over a branch of a core and over real directories. Filters and collapsing come before the delay:
 * changes that cancel out in the meantime are not delivered. A stream holds its source from construction to `close`
 * (also `Symbol.dispose`, or the signal's abort): no callback begins after that, and the source is released at once.
 * Callbacks never run on the stack of the operation that caused a change.
 */
import { type Observable, Subject } from 'rxjs';
import { batchOf, byDirectory, type WatchBatch } from './batch.ts';
import { type BufferOptions, ChangeBuffer } from './buffer.ts';
import type { Change } from './change.ts';
import { Debouncer } from './debounce.ts';
import { directorySource } from './directory-source.ts';
import { compileFilter, type Filter, type Rule, simpleRules } from './filter.ts';
import { Outlet } from './outlet.ts';
import { trimmed } from './paths.ts';
import { type Sees, scoped } from './scope.ts';
import type { Attachment, Source } from './source.ts';
import { systemTimers, type Timers } from './timers.ts';

/** Options of EventStream; all optional. */
export interface EventStreamOptions extends BufferOptions {
  /** Default: real directories. */
  readonly source?: Source;
  /** Id of the last event known: later events are delivered first, then `history-done`. */
  readonly since?: number;
  /** Milliseconds without a change before a delivery. Default: 100. */
  readonly latency?: number;
  /** Maximum delay of a change in milliseconds. Default: 500, at least `latency`. */
  readonly maxLatency?: number;
  /** Deliver the first change after a pause at once. Default: false. */
  readonly noDefer?: boolean;
  /** Default: true. If false: one event for each directory with changes. */
  readonly fileEvents?: boolean;
  /** Report when a path of the stream itself, or a path above it, is removed, moved or created. Default: false. */
  readonly watchRoot?: boolean;
  /** Paths or globs not reported. */
  readonly ignore?: readonly string[];
  /** Paths or globs reported; absent: everything. */
  readonly include?: readonly string[];
  /** Applied before `include` and `ignore`. */
  readonly rules?: readonly Rule[];
  /** Its abort closes the stream. */
  readonly signal?: AbortSignal;
  /** Called if the source fails after it was ready. The stream is then closed. */
  readonly onError?: (error: unknown) => void;
  /** Called when the source is temporarily unavailable, and (without an error) when it returns. */
  readonly onInterruption?: (error?: Error) => void;
  /** Clock and timers. Default: the process's. */
  readonly timers?: Timers;
}

/** Receives each batch. Runs in a timer, so an error it throws is uncaught. */
export type BatchCallback = (batch: WatchBatch) => void;

/** A stream of batches from one or more paths, for callbacks, `for await` and RxJS. */
export class EventStream implements AsyncIterable<WatchBatch>, Disposable {
  /** The watched paths, without trailing slashes. */
  readonly paths: readonly string[];
  /** Resolves once no change can be missed; if the source cannot be watched, rejects with WatcherError and closes the stream. */
  readonly ready: Promise<void>;
  readonly #options: EventStreamOptions;
  readonly #source: Source;
  readonly #callback: BatchCallback | undefined;
  readonly #attachments: Attachment[];
  readonly #buffer: ChangeBuffer;
  readonly #debouncer: Debouncer;
  // Created on demand: there may be ten thousand streams that use neither.
  #subject: Subject<WatchBatch> | undefined;
  #outlets: Set<Outlet> | undefined;
  #abort: (() => void) | undefined;
  #closed: Promise<void> | undefined;
  /** Collects batches from construction on for the first loop, if there is no callback. */
  #first: Outlet | undefined;
  #latest: number;
  #historyLeft: number;
  #open = true;

  constructor(paths: string | readonly string[], options: EventStreamOptions = {}, callback?: BatchCallback) {
    this.paths = (typeof paths === 'string' ? [paths] : [...paths]).map(trimmed);
    if (this.paths.length === 0) throw new RangeError('a stream needs a path');
    this.#options = options;
    this.#source = options.source ?? directorySource();
    this.#callback = callback;
    this.#buffer = new ChangeBuffer(this.paths[0]!, options);
    const { latency: wait, maxLatency: maxWait, noDefer: leading, timers = systemTimers } = options;
    const delays = {
      ...(wait !== undefined && { wait }),
      ...(maxWait !== undefined && { maxWait }),
      leading,
    };
    this.#debouncer = new Debouncer(delays, timers, () => this.#deliver());
    this.#latest = options.since ?? this.#source.currentEventId();
    this.#historyLeft = this.paths.length;
    if (!callback) this.#first = this.#outlet();
    this.#attachments = this.paths.map((path) => this.#attach(path));
    const [only] = this.#attachments;
    this.ready =
      this.#attachments.length === 1
        ? only!.ready
        : Promise.all(this.#attachments.map((one) => one.ready)).then(() => {});
    this.ready.catch(() => this.close());
    const { signal } = options;
    if (signal?.aborted) this.close();
    else if (signal) {
      this.#abort = () => this.close();
      signal.addEventListener('abort', this.#abort, { once: true });
    }
  }

  #attach(path: string): Attachment {
    const { since, watchRoot, include, ignore, rules, onInterruption } = this.#options;
    const attach = { onError: this.#fails, since, watchRoot, onInterruption };
    if (!(include || ignore || rules))
      return this.#source.attach(
        path,
        (change) => {
          if (!this.#open) return;
          if (change.kind === 'history-done') this.#historyEnds(change);
          else this.#take(change);
        },
        attach,
      );
    const all = [...(rules ?? []), ...simpleRules(include, ignore)];
    let sees: Sees | undefined;
    // While a source replays history synchronously the resolved root is not known yet: the given path stands in for it.
    const view = (root: string): Sees => {
      const filter: Filter = compileFilter(all, root);
      return (at, type) => at === root || filter.accepts(at, type === 'directory');
    };
    const list = this.#source.list;
    const attachment: { root?: string } = {};
    const take = (change: Change): void => {
      if (!this.#open) return;
      if (change.kind === 'history-done') this.#historyEnds(change);
      else {
        sees ??= view(attachment.root ?? path);
        for (const one of scoped(change, sees, list)) this.#take(one);
      }
    };
    return Object.assign(attachment, this.#source.attach(path, take, attach));
  }

  /** Delivers `history-done` once, after the history of all paths. */
  #historyEnds(change: Change): void {
    if (--this.#historyLeft === 0) this.#take(change);
  }

  #take(change: Change): void {
    this.#buffer.push(change);
    this.#debouncer.touch();
  }

  #deliver(): void {
    if (!this.#open) return;
    let batch = batchOf(this.#buffer.drain(), this.#latest);
    this.#latest = batch.lastId;
    if (batch.length === 0) return;
    if (this.#options.fileEvents === false)
      batch = byDirectory(
        batch,
        this.#attachments.map((one) => one.root),
      );
    for (const outlet of [...(this.#outlets ?? [])]) outlet.push(batch);
    this.#subject?.next(batch);
    this.#callback?.(batch);
  }

  get #fails(): (error: unknown) => void {
    return (error) => {
      if (!this.#open) return;
      this.#options.onError?.(error);
      this.#subject?.error(error);
      this.close();
    };
  }

  /** Resolves once the stream is closed and the system's watches are released. */
  get closed(): Promise<void> {
    this.#closed ??= Promise.all(this.#attachments.map((one) => one.closed)).then(() => {});
    return this.#closed;
  }

  /** Id up to which everything was delivered. */
  get latestEventId(): number {
    return this.#latest;
  }

  /** Id of the last change anywhere in the source. */
  currentEventId(): number {
    return this.#source.currentEventId();
  }

  /** Milliseconds since the epoch; undefined if the source does not know the id, or no longer. */
  eventIdToTimestamp(id: number): number | undefined {
    return this.#source.eventIdToTimestamp(id);
  }

  /** Device of the first path. */
  get dev(): number {
    return this.#attachments[0]!.dev;
  }

  /** Whether `close` was called or the source failed. */
  get isClosed(): boolean {
    return !this.#open;
  }

  /** Delivers queued changes now. */
  flush(): void {
    if (this.#open) this.#debouncer.flush();
  }

  /** Batches from each subscription on; completes when the stream is closed. */
  get events$(): Observable<WatchBatch> {
    this.#subject ??= new Subject();
    if (!this.#open) this.#subject.complete();
    return this.#subject.asObservable();
  }

  #outlet(): Outlet {
    const outlet = new Outlet(new ChangeBuffer(this.paths[0]!, this.#options), () =>
      this.#outlets?.delete(outlet),
    );
    this.#outlets ??= new Set();
    this.#outlets.add(outlet);
    return outlet;
  }

  /**
   * Batches, until the stream is closed. Leaving the loop does not close it.
   *
   * The first loop of a stream without a callback gets everything from construction on, any other the batches from its
   * start on.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<WatchBatch> {
    const first = this.#first;
    this.#first = undefined;
    if (first) return first;
    const outlet = this.#outlet();
    if (!this.#open) outlet.end();
    return outlet;
  }

  /** Releases everything and drops queued changes. Idempotent; may be called from a callback. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.#abort) this.#options.signal?.removeEventListener('abort', this.#abort);
    this.#debouncer.cancel();
    for (const attachment of this.#attachments) attachment.close();
    this.#buffer.drain();
    for (const outlet of [...(this.#outlets ?? [])]) outlet.end();
    this.#subject?.complete();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
