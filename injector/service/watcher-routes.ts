/** `/watchers`: create, describe, replace and delete. A watcher outside a token's scopes does not exist for it. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import {
  definitionSchema,
  ID,
  idSchema,
  pageSchema,
  problemSchema,
  TAG,
  tagText,
  watcherSchema,
} from './definition.ts';
import { formatId } from './event-id.ts';
import type { Env } from './guard.ts';
import { permitted, seen } from './permission.ts';
import { Problem } from './problem.ts';
import type { Watcher } from './watcher.ts';
import type { WatcherService } from './watcher-service.ts';
import { replaceSet, selected, setSchema } from './watcher-set.ts';

export const json = <T>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});
export const refusal = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
});
/** Responses of every route. */
export const common = {
  400: refusal('Bad request'),
  401: refusal('No known token'),
  403: refusal('Outside of the scopes of the token'),
  405: refusal('Not done here'),
  413: refusal('Body too large'),
  415: refusal('No JSON'),
  421: refusal('Asked for under another name'),
  431: { description: 'Request line or headers too large' },
  500: refusal('Something failed here'),
  503: refusal('Closing'),
};
const refusals = {
  ...common,
  404: refusal('Unknown'),
  422: refusal('Cannot be watched, or contradicts itself'),
};
const body = <T>(schema: T) => ({ required: true, content: { 'application/json': { schema } } });
/** A query parameter that may be repeated; the document and the check agree. */
const many = (one: z.ZodString, pattern: RegExp) =>
  z
    .union([one.transform((x) => [x]), z.array(one)])
    .optional()
    .openapi({ type: 'array', minItems: 1, items: { type: 'string', pattern: pattern.source } });
/** Known to OpenAPI 3.1, not to its types here. */
const NAMED_BY_ID = { propertyNames: { pattern: ID.source } } as object;
const select = { id: many(idSchema, ID), tag: many(tagText, TAG) };
export const params = z.object({ id: idSchema });

export function describe(watcher: Watcher, epoch: string): z.infer<typeof watcherSchema> {
  const { ring, definition, fanOut, id, status, error } = watcher;
  const edge = (one = ring.oldest) => (one ? { id: formatId(one.id), time: one.time } : null);
  return {
    id,
    definition,
    epoch,
    least: edge(ring.oldest),
    most: edge(ring.newest),
    retained: { events: ring.count, bytes: ring.bytes },
    clients: fanOut.size,
    status,
    ...(error !== undefined && { error }),
  };
}

export function addWatcherRoutes(app: OpenAPIHono<Env>, service: WatcherService): void {
  addListRoutes(app, service);
  addSetRoutes(app, service);
  addItemRoutes(app, service);
}

/** Creates a watcher; lists all watchers that a token may see. */
function addListRoutes(app: OpenAPIHono<Env>, service: WatcherService): void {
  const { epoch } = service.store;
  app.openapi(
    createRoute({
      method: 'post',
      path: '/watchers',
      operationId: 'createWatcher',
      request: { body: body(definitionSchema) },
      responses: { ...refusals, 201: json(watcherSchema, 'Made'), 429: refusal('Too many') },
    }),
    async (context) => {
      const definition = permitted(service, context.get('principal'), context.req.valid('json'));
      const watcher = await service.create(definition);
      return context.json(describe(watcher, epoch), 201, { location: `/watchers/${watcher.id}` });
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/watchers',
      operationId: 'listWatchers',
      request: {
        query: z.object({
          ...select,
          limit: z.coerce.number().int().min(1).max(1000).default(100),
          after: idSchema.optional().openapi({ description: '`next` of the page before' }),
        }),
      },
      responses: { ...refusals, 200: json(pageSchema, 'In order of id') },
    }),
    (context) => {
      const { limit, after, ...query } = context.req.valid('query');
      const rest = selected(service, context.get('principal'), query).filter(
        ({ id }) => !after || id > after,
      );
      const items = rest.slice(0, limit).map((watcher) => describe(watcher, epoch));
      return context.json({ items, next: rest.length > limit ? items[limit - 1]!.id : null }, 200);
    },
  );
}

/** Replaces or deletes several watchers at once. */
function addSetRoutes(app: OpenAPIHono<Env>, service: WatcherService): void {
  app.openapi(
    createRoute({
      method: 'put',
      path: '/watchers',
      operationId: 'putWatchers',
      description:
        'The watchers that the token sees (and that have all the tags given) become these: others are deleted, those ' +
        'that are the same already are left alone. What is refused is refused before anything is done; where one ' +
        'cannot be watched nothing is deleted, and the request may be repeated.',
      request: {
        query: z.object({ tag: select.tag }),
        body: body(z.strictObject({ watchers: z.record(idSchema, definitionSchema).openapi(NAMED_BY_ID) })),
      },
      responses: { ...refusals, 200: json(setSchema, 'As given'), 429: refusal('Too many') },
    }),
    async (context) => {
      const { tag = [] } = context.req.valid('query');
      const given = context.req.valid('json').watchers;
      return context.json(await replaceSet(service, context.get('principal'), tag, given), 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'delete',
      path: '/watchers',
      operationId: 'deleteWatchers',
      request: { query: z.object(select) },
      responses: { ...refusals, 200: json(z.object({ deleted: z.array(z.string()) }), 'Deleted') },
    }),
    async (context) => {
      const query = context.req.valid('query');
      if (!query.id && !query.tag)
        throw new Problem(422, 'nothing_selected', 'neither id nor tag is given', 'Say which: ?id= or ?tag=');
      const watchers = selected(service, context.get('principal'), query);
      for (const watcher of watchers) await service.delete(watcher);
      return context.json({ deleted: watchers.map(({ id }) => id) }, 200);
    },
  );
}

/** Describes, replaces or deletes the watcher of an id. */
function addItemRoutes(app: OpenAPIHono<Env>, service: WatcherService): void {
  const { epoch } = service.store;
  app.openapi(
    createRoute({
      method: 'get',
      path: '/watchers/{id}',
      operationId: 'describeWatcher',
      request: { params },
      responses: { ...refusals, 200: json(watcherSchema, 'The watcher') },
    }),
    (context) =>
      context.json(
        describe(seen(service, context.get('principal'), context.req.valid('param').id), epoch),
        200,
      ),
  );
  app.openapi(
    createRoute({
      method: 'put',
      path: '/watchers/{id}',
      operationId: 'putWatcher',
      request: { params, body: body(definitionSchema) },
      responses: { ...refusals, 200: json(watcherSchema, 'As given'), 201: json(watcherSchema, 'Made') },
    }),
    async (context) => {
      const { id } = context.req.valid('param');
      const principal = context.get('principal');
      const existing = service.has(id) ? seen(service, principal, id) : undefined;
      const definition = permitted(service, principal, context.req.valid('json'));
      if (existing) {
        await service.replace(existing, definition);
        return context.json(describe(existing, epoch), 200);
      }
      const watcher = await service.create(definition, id);
      return context.json(describe(watcher, epoch), 201, { location: `/watchers/${id}` });
    },
  );
  app.openapi(
    createRoute({
      method: 'delete',
      path: '/watchers/{id}',
      operationId: 'deleteWatcher',
      request: { params },
      responses: { ...refusals, 204: { description: 'Deleted' } },
    }),
    async (context) => {
      await service.delete(seen(service, context.get('principal'), context.req.valid('param').id));
      return context.body(null, 204);
    },
  );
}
