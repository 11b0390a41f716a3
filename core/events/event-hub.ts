/**
 * Hands events to those who listen, in order of id.
 *
 * A sink may change the filesystem itself: its events wait in a queue until every sink has had the current one.
 * A sink that throws stays subscribed, for the next event may find it well; its first error is reported, the
 * rest are not.
 */
import { Subject } from 'rxjs';
import type { EventSink, FsEvent } from './fs-event.ts';

interface Subscriber {
  readonly sink: EventSink;
  /** Only what is heard in this branch. */
  readonly branch: string | undefined;
  failed: boolean;
}

/** An event, and how branches other than its own hear of it. */
export interface Told {
  readonly event: FsEvent;
  readonly heard?: ReadonlyMap<string, FsEvent>;
}

/** Told of the first error of each sink. */
export type SinkErrorHandler = (error: unknown, event: FsEvent) => void;

export class EventHub {
  /** Every event, as its own branch hears it. An observer's error is RxJS's to report (asynchronously). */
  readonly events$ = new Subject<FsEvent>();
  readonly #subscribers = new Set<Subscriber>();
  readonly #onSinkError: SinkErrorHandler;
  #queue: Told[] = [];
  #delivering = false;

  constructor(onSinkError: SinkErrorHandler) {
    this.#onSinkError = onSinkError;
  }

  /** @returns what ends the subscription */
  subscribe(sink: EventSink, branch?: string): () => void {
    const subscriber: Subscriber = { sink, branch, failed: false };
    this.#subscribers.add(subscriber);
    return () => {
      this.#subscribers.delete(subscriber);
    };
  }

  publish(told: Told): void {
    if (this.#delivering) {
      this.#queue.push(told);
      return;
    }
    this.#delivering = true;
    try {
      this.#deliver(told);
      while (this.#queue.length > 0) {
        const batch = this.#queue;
        this.#queue = [];
        for (const next of batch) this.#deliver(next);
      }
    } finally {
      this.#delivering = false;
    }
  }

  #deliver(told: Told): void {
    for (const subscriber of this.#subscribers) {
      const { branch } = subscriber;
      const event =
        branch === undefined || branch === told.event.branch ? told.event : told.heard?.get(branch);
      if (!event) continue;
      try {
        subscriber.sink(event);
      } catch (error) {
        this.#report(subscriber, error, event);
      }
    }
    if (this.events$.observed) this.events$.next(told.event);
  }

  #report(subscriber: Subscriber, error: unknown, event: FsEvent): void {
    if (subscriber.failed) return;
    subscriber.failed = true;
    try {
      this.#onSinkError(error, event);
    } catch {
      // A reporter that fails as well has nobody left to tell.
    }
  }
}
