/**
 * Delivers events to subscribers, in order of id.
 *
 * A sink may change the filesystem itself: its events wait in a queue until every sink has received the current event.
 * A sink that throws stays subscribed, because the next event may succeed; only its first error is reported.
 */
import { Subject } from 'rxjs';
import type { EventSink, FsEvent } from './fs-event.ts';

interface Subscriber {
  readonly sink: EventSink;
  /** Deliver only events visible in this branch; undefined: all. */
  readonly branch: string | undefined;
  failed: boolean;
}

/** An event, and its translations for other branches that see it. */
export interface PublishedEvent {
  readonly event: FsEvent;
  readonly inBranches?: ReadonlyMap<string, FsEvent>;
}

/** Called with the first error of each sink. */
export type SinkErrorHandler = (error: unknown, event: FsEvent) => void;

export class EventHub {
  /** Every event, as its own branch sees it. RxJS reports an observer's error asynchronously. */
  readonly events$ = new Subject<FsEvent>();
  readonly #subscribers = new Set<Subscriber>();
  readonly #onSinkError: SinkErrorHandler;
  #queue: PublishedEvent[] = [];
  #delivering = false;

  constructor(onSinkError: SinkErrorHandler) {
    this.#onSinkError = onSinkError;
  }

  /** @returns a function that ends the subscription */
  subscribe(sink: EventSink, branch?: string): () => void {
    const subscriber: Subscriber = { sink, branch, failed: false };
    this.#subscribers.add(subscriber);
    return () => {
      this.#subscribers.delete(subscriber);
    };
  }

  publish(published: PublishedEvent): void {
    if (this.#delivering) {
      this.#queue.push(published);
      return;
    }
    this.#delivering = true;
    try {
      this.#deliver(published);
      while (this.#queue.length > 0) {
        const batch = this.#queue;
        this.#queue = [];
        for (const next of batch) this.#deliver(next);
      }
    } finally {
      this.#delivering = false;
    }
  }

  #deliver(published: PublishedEvent): void {
    for (const subscriber of this.#subscribers) {
      const { branch } = subscriber;
      const event =
        branch === undefined || branch === published.event.branch
          ? published.event
          : published.inBranches?.get(branch);
      if (!event) continue;
      try {
        subscriber.sink(event);
      } catch (error) {
        this.#report(subscriber, error, event);
      }
    }
    if (this.events$.observed) this.events$.next(published.event);
  }

  #report(subscriber: Subscriber, error: unknown, event: FsEvent): void {
    if (subscriber.failed) return;
    subscriber.failed = true;
    try {
      this.#onSinkError(error, event);
    } catch {
      // The error handler failed as well; there is nowhere left to report to.
    }
  }
}
