/** The host's stream of events: decoded once and dispatched to the listeners in the order of their registration. */
import { type EventFrame, EventFrameDecoder, type FrameError } from './event-frame.ts';

export interface EventListener {
  /** @param frame valid until this returns */
  event(frame: EventFrame): void;
  /** The last event of a chunk has been dispatched: deliver the collected events. */
  batchEnd(): void;
  /** No further events will arrive. Called once, followed by `batchEnd`. */
  feedEnded(): void;
  /** The further methods of FrameSink. */
  replayed?(frame: EventFrame): void;
  replayEnd?(frame: EventFrame): void;
  lost?(): void;
}

export class EventFeed {
  readonly #listeners: EventListener[] = [];
  readonly #decoder: EventFrameDecoder;
  #ended = false;

  constructor() {
    this.#decoder = new EventFrameDecoder({
      event: (frame) => {
        for (let i = 0; i < this.#listeners.length; i++) this.#listeners[i]!.event(frame);
      },
      goodbye: () => this.#end(),
      replayed: (frame) => {
        for (const listener of this.#listeners) listener.replayed?.(frame);
      },
      replayEnd: (frame) => {
        for (const listener of this.#listeners) listener.replayEnd?.(frame);
      },
      lost: () => {
        for (const listener of this.#listeners) listener.lost?.();
      },
    });
  }

  listen(listener: EventListener): void {
    this.#listeners.push(listener);
  }

  /**
   * The next bytes from the host.
   * @returns the error if the bytes are invalid: every listener has had `feedEnded`, and the caller closes the connection
   */
  push(chunk: ArrayBuffer): FrameError | undefined {
    const error = this.#decoder.push(chunk);
    if (error !== undefined) this.#end();
    this.#endBatch();
    return error;
  }

  /** The host's connection ended. Idempotent. */
  end(): void {
    this.#end();
    this.#endBatch();
  }

  /** Sequence number of the last event decoded (0: none yet). */
  get seq(): number {
    return this.#decoder.seq;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const listener of this.#listeners) listener.feedEnded();
  }

  #endBatch(): void {
    for (let i = 0; i < this.#listeners.length; i++) this.#listeners[i]!.batchEnd();
  }
}
