/**
 * Server-sent events of one watcher for many clients.
 *
 * A frame is encoded once and its bytes are shared. Each client catches up from what is retained at its own speed,
 * then hears what comes; one whose queue is full is told so and let go, for it can resume by its last id.
 */
import { formatId } from './event-id.ts';
import type { Retained, Ring } from './ring.ts';

const encoder = new TextEncoder();

export const frame = (event: string | undefined, id: number | undefined, data: string): Uint8Array =>
  encoder.encode(
    `${event ? `event: ${event}\n` : ''}${id === undefined ? '' : `id: ${formatId(id)}\n`}data: ${data}\n\n`,
  );

const eventFrame = (events: readonly Retained[]): Uint8Array =>
  encoder.encode(events.map(({ id, body }) => `id: ${formatId(id)}\ndata: ${body}\n\n`).join(''));

export interface FanOutOptions {
  /** Bytes that may wait for one client. */
  readonly queueBytes: number;
  /** Highest id told by the service. */
  readonly lastId: () => number;
}

const CATCH_UP = 256;

interface Client {
  readonly live: boolean;
  send(bytes: Uint8Array): void;
  bookmark(): void;
  end(): void;
}

export class FanOut {
  readonly #ring: Ring;
  readonly #options: FanOutOptions;
  readonly #clients = new Set<Client>();
  #spoken = false;
  overflows = 0;

  constructor(ring: Ring, options: FanOutOptions) {
    this.#ring = ring;
    this.#options = options;
  }

  get size(): number {
    return this.#clients.size;
  }

  /** Tell what is in the ring already. */
  publish(events: readonly Retained[]): void {
    this.#spoken = true;
    const live = [...this.#clients].filter((client) => client.live);
    if (live.length === 0) return;
    const bytes = eventFrame(events);
    for (const client of live) client.send(bytes);
  }

  /** To those who heard nothing since the last time. */
  heartbeat(): void {
    if (!this.#spoken) for (const client of [...this.#clients]) client.bookmark();
    this.#spoken = false;
  }

  end(): void {
    for (const client of [...this.#clients]) client.end();
  }

  /** @param cursor last id known; undefined: only what is to come */
  open(cursor: number | undefined, onClose: () => void = () => {}): ReadableStream<Uint8Array> {
    const ring = this.#ring;
    const clients = this.#clients;
    const { queueBytes, lastId } = this.#options;
    let at = cursor ?? lastId();
    let live = false;
    let controller!: ReadableStreamDefaultController<Uint8Array>;
    const leave = (): void => {
      if (clients.delete(client)) onClose();
    };
    const bookmark = (): void => {
      const id = lastId();
      controller.enqueue(frame('bookmark', id, JSON.stringify({ id: formatId(id) })));
    };
    const overflow = (): void => {
      this.overflows++;
      const remedy = 'Connect again with Last-Event-ID; read faster, or narrow the rules.';
      controller.enqueue(frame('overflow', undefined, JSON.stringify({ code: 'slow_client', remedy })));
      controller.close();
      leave();
    };
    const client: Client = {
      get live() {
        return live;
      },
      send(bytes) {
        if ((controller.desiredSize ?? 0) <= 0) overflow();
        else controller.enqueue(bytes);
      },
      bookmark() {
        if (live && (controller.desiredSize ?? 0) > 0) bookmark();
      },
      end() {
        controller.close();
        leave();
      },
    };
    const reset = (): void => {
      const first = ring.oldest ? formatId(ring.oldest.id) : null;
      at = lastId();
      const facts = { code: 'cursor_expired', first, last: formatId(at) };
      controller.enqueue(frame('reset', at, JSON.stringify(facts)));
    };
    const pull = (): void => {
      if (live) return;
      if (ring.expired(at) || at > lastId()) reset();
      const events = ring.after(at, CATCH_UP);
      if (events.length > 0) {
        at = events[events.length - 1]!.id;
        controller.enqueue(eventFrame(events));
        return;
      }
      live = true;
      bookmark();
    };
    return new ReadableStream<Uint8Array>(
      {
        start(given) {
          controller = given;
          clients.add(client);
          controller.enqueue(encoder.encode('retry: 1000\n\n'));
        },
        pull,
        cancel: leave,
      },
      { highWaterMark: queueBytes, size: (chunk) => chunk.byteLength },
    );
  }
}
