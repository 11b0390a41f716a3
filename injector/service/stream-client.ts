/** One client of a watcher's stream: catches up from the retained events, then receives events as they are published. */
import { formatId } from './event-id.ts';
import type { Ring } from './ring.ts';
import { eventFrame, frame, RETRY_FRAME } from './sse-frame.ts';

/** Events read from the ring at once. */
const CATCH_UP = 256;

export interface StreamClientCallbacks {
  /** The client's queue is full; it is disconnected. */
  readonly overflowed: () => void;
  /** The stream has ended. May be called several times. */
  readonly left: () => void;
}

export class StreamClient {
  readonly #ring: Ring;
  /** Highest id published by the service. */
  readonly #lastId: () => number;
  readonly #callbacks: StreamClientCallbacks;
  /** Id of the last event sent. */
  #at: number;
  #live = false;
  #controller!: ReadableStreamDefaultController<Uint8Array>;

  /** @param cursor last id that the client knows; undefined: it gets only events to come */
  constructor(
    ring: Ring,
    lastId: () => number,
    cursor: number | undefined,
    callbacks: StreamClientCallbacks,
  ) {
    this.#ring = ring;
    this.#lastId = lastId;
    this.#callbacks = callbacks;
    this.#at = cursor ?? lastId();
  }

  /** Whether the client has caught up: published events are sent to it directly. */
  get live(): boolean {
    return this.#live;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    controller.enqueue(RETRY_FRAME);
  }

  /** Called by the stream when its queue has room. */
  pull(): void {
    if (this.#live) return;
    if (this.#ring.expired(this.#at) || this.#at > this.#lastId()) this.#reset();
    const events = this.#ring.after(this.#at, CATCH_UP);
    if (events.length > 0) {
      this.#at = events[events.length - 1]!.id;
      this.#controller.enqueue(eventFrame(events));
      return;
    }
    this.#live = true;
    this.#sendBookmark();
  }

  send(bytes: Uint8Array): void {
    if ((this.#controller.desiredSize ?? 0) <= 0) this.#overflow();
    else this.#controller.enqueue(bytes);
  }

  /** Reports the highest id to an idle client. */
  bookmark(): void {
    if (this.#live && (this.#controller.desiredSize ?? 0) > 0) this.#sendBookmark();
  }

  end(): void {
    this.#controller.close();
    this.leave();
  }

  leave(): void {
    this.#callbacks.left();
  }

  #sendBookmark(): void {
    const id = this.#lastId();
    this.#controller.enqueue(frame('bookmark', id, JSON.stringify({ id: formatId(id) })));
  }

  #reset(): void {
    const first = this.#ring.oldest ? formatId(this.#ring.oldest.id) : null;
    this.#at = this.#lastId();
    const facts = { code: 'cursor_expired', first, last: formatId(this.#at) };
    this.#controller.enqueue(frame('reset', this.#at, JSON.stringify(facts)));
  }

  #overflow(): void {
    this.#callbacks.overflowed();
    const remedy = 'Connect again with Last-Event-ID; read faster, or narrow the rules.';
    this.#controller.enqueue(frame('overflow', undefined, JSON.stringify({ code: 'slow_client', remedy })));
    this.end();
  }
}
