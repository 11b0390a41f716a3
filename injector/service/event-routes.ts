/** `/watchers/{id}/events`: the same events by page and as a stream. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { eventPageSchema } from './definition.ts';
import { formatId, parseId } from './event-id.ts';
import type { Env } from './guard.ts';
import { seen } from './permission.ts';
import { Problem } from './problem.ts';
import { common, json, params, refusal } from './watcher-routes.ts';
import type { WatcherService } from './watcher-service.ts';

/** Any text: `cursorOf` checks it, with a better message. */
const cursorText = z.string().openapi({ pattern: '^[0-9]{0,20}$', example: formatId(42) });

function cursorOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const id = parseId(text);
  if (id !== undefined) return id;
  throw new Problem(
    400,
    'bad_cursor',
    `'${text.slice(0, 40)}' is not an event id`,
    'Give the id of an event.',
  );
}

/** Closes the connection after its stream: an open connection would delay the end of the service. */
export const eventStream = (stream: ReadableStream<Uint8Array>): Response =>
  new Response(stream, {
    headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no', connection: 'close' },
  });

const READ_EVENTS = createRoute({
  method: 'get',
  path: '/watchers/{id}/events',
  operationId: 'readEvents',
  description:
    'With `Accept: text/event-stream` the events as they come, after `Last-Event-ID` or `after`; without either, ' +
    'those to come. Other events of the stream: `bookmark` (idle; all events up to its id were sent), `reset` (the ' +
    'cursor expired: scan, go on from its id), `overflow` (too slow: connect again).',
  request: {
    params,
    query: z.object({
      after: cursorText.optional(),
      limit: z.coerce.number().int().min(1).max(10_000).default(1000),
      epoch: z.string().optional().openapi({ description: 'Epoch that `after` is of' }),
    }),
    headers: z.object({ 'last-event-id': cursorText.optional() }),
  },
  responses: {
    200: {
      description: 'Events in order of id',
      content: {
        ...json(eventPageSchema, '').content,
        'text/event-stream': { schema: z.string() },
      },
    },
    ...common,
    400: refusal('Bad cursor'),
    404: refusal('Unknown watcher'),
    410: refusal('cursor_expired, with first and last'),
  },
});

export function addEventRoutes(app: OpenAPIHono<Env>, service: WatcherService): void {
  const { epoch } = service.store;
  app.openapi(READ_EVENTS, (context) => {
    const watcher = seen(service, context.get('principal'), context.req.valid('param').id);
    const { after, limit, epoch: of } = context.req.valid('query');
    const { ring } = watcher;
    const streaming = (context.req.header('accept') ?? '').includes('text/event-stream');
    if (streaming) {
      const cursor = cursorOf(context.req.header('last-event-id') ?? after);
      const foreign = of !== undefined && of !== epoch && cursor !== undefined;
      // An id of another epoch has expired, even if its number exists.
      return eventStream(watcher.fanOut.open(foreign ? Number.MAX_SAFE_INTEGER : cursor)) as never;
    }
    const cursor = cursorOf(after);
    const first = ring.oldest ? formatId(ring.oldest.id) : null;
    const last = ring.newest ? formatId(ring.newest.id) : null;
    const expired =
      cursor !== undefined &&
      (ring.expired(cursor) || cursor > watcher.lastId || (of !== undefined && of !== epoch));
    if (expired)
      throw new Problem(
        410,
        'cursor_expired',
        'events after this cursor are gone, or it is of another epoch',
        'Scan what is watched, then go on from `last`.',
        { first, last, epoch },
      );
    const items = ring.after(cursor ?? 0, limit);
    const next = items.at(-1)?.id ?? cursor ?? watcher.lastId;
    return context.json(
      {
        items: items.map(({ body }) => JSON.parse(body)),
        next: formatId(next),
        first,
        last,
        gap: ring.droppedThrough > 0 && cursor === undefined,
        epoch,
      },
      200,
    );
  });
}
