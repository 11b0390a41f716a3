/**
 * The host's stream of events for all who translate them: one decoder, and listeners that are told in the order in
 * which they came.
 */
import { type EventFrame, EventFrameDecoder, type FrameError } from './event-frame.ts';

export interface EventListener {
  /** @param frame valid until this returns */
  event(frame: EventFrame): void;
  /** All that has come so far has been told: pass it on. */
  batchEnd(): void;
  /** Nobody will tell of events any more. Once, and followed by `batchEnd`. */
  feedEnded(): void;
  /** What FrameSink tells beside events. */
  replayed?(frame: EventFrame): void;
  replayEnd?(frame: EventFrame): void;
  lost?(): void;
}

export class EventFeed {
  readonly #listeners: EventListener[] = [];
  readonly #decoder: EventFrameDecoder;
  #gone = false;

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
   * @returns why the stream is no good, if so: the connection is to be closed; every listener has been told
   */
  push(chunk: ArrayBuffer): FrameError | undefined {
    const error = this.#decoder.push(chunk);
    if (error !== undefined) this.#end();
    this.#settle();
    return error;
  }

  /** The host's connection ended. Idempotent. */
  end(): void {
    this.#end();
    this.#settle();
  }

  /** Sequence number of the last event taken in (0: none yet). */
  get seq(): number {
    return this.#decoder.seq;
  }

  #end(): void {
    if (this.#gone) return;
    this.#gone = true;
    for (const listener of this.#listeners) listener.feedEnded();
  }

  #settle(): void {
    for (let i = 0; i < this.#listeners.length; i++) this.#listeners[i]!.batchEnd();
  }
}
