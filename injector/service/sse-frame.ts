/** Frames of a stream of server-sent events (HTML Living Standard, section 9.2). */
import { formatId } from './event-id.ts';
import type { Retained } from './ring.ts';

const encoder = new TextEncoder();

/** One event of a stream; without `event` it is of the default type `message`. */
export const frame = (event: string | undefined, id: number | undefined, data: string): Uint8Array =>
  encoder.encode(
    `${event ? `event: ${event}\n` : ''}${id === undefined ? '' : `id: ${formatId(id)}\n`}data: ${data}\n\n`,
  );

/** Retained events, each with its id. */
export const eventFrame = (events: readonly Retained[]): Uint8Array =>
  encoder.encode(events.map(({ id, body }) => `id: ${formatId(id)}\ndata: ${body}\n\n`).join(''));

/** The first frame: a client that loses the connection waits this long before it connects again. */
export const RETRY_FRAME = encoder.encode('retry: 1000\n\n');
