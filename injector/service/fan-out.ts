/**
 * Server-sent events of one watcher for many clients.
 *
 * A frame is encoded once, and all clients share its bytes. Each client catches up from the retained events at its own
 * speed, then receives events as they are published. A client whose queue is full gets an error and is disconnected:
 * it can resume from its last id.
 */
import type { Retained, Ring } from './ring.ts';
import { eventFrame } from './sse-frame.ts';
import { StreamClient } from './stream-client.ts';

export interface FanOutOptions {
  /** Bytes that may wait for one client. */
  readonly queueBytes: number;
  /** Highest id published by the service. */
  readonly lastId: () => number;
}

export class FanOut {
  readonly #ring: Ring;
  readonly #options: FanOutOptions;
  readonly #clients = new Set<StreamClient>();
  #active = false;
  overflows = 0;

  constructor(ring: Ring, options: FanOutOptions) {
    this.#ring = ring;
    this.#options = options;
  }

  get size(): number {
    return this.#clients.size;
  }

  /** Sends events that are already in the ring. */
  publish(events: readonly Retained[]): void {
    this.#active = true;
    const live = [...this.#clients].filter((client) => client.live);
    if (live.length === 0) return;
    const bytes = eventFrame(events);
    for (const client of live) client.send(bytes);
  }

  /** Sends the highest id to idle clients. */
  heartbeat(): void {
    if (!this.#active) for (const client of [...this.#clients]) client.bookmark();
    this.#active = false;
  }

  end(): void {
    for (const client of [...this.#clients]) client.end();
  }

  /** @param cursor last id that the client knows; undefined: it gets only events to come */
  open(cursor: number | undefined, onClose: () => void = () => {}): ReadableStream<Uint8Array> {
    const { queueBytes, lastId } = this.#options;
    const client = new StreamClient(this.#ring, lastId, cursor, {
      overflowed: () => this.overflows++,
      left: () => {
        if (this.#clients.delete(client)) onClose();
      },
    });
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#clients.add(client);
          client.start(controller);
        },
        pull: () => client.pull(),
        cancel: () => client.leave(),
      },
      { highWaterMark: queueBytes, size: (chunk) => chunk.byteLength },
    );
  }
}
