/** `/states`: a state holds from its request until the connection ends. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { stateName, stateSchema } from './definition.ts';
import { eventStream } from './event-routes.ts';
import type { Env } from './guard.ts';
import { frame } from './sse-frame.ts';
import { common, json, refusal } from './watcher-routes.ts';
import type { WatcherService } from './watcher-service.ts';

/** A comment. */
const BEAT = new TextEncoder().encode(':\n\n');

export function addStateRoutes(app: OpenAPIHono<Env>, service: WatcherService): void {
  addEntryRoute(app, service);
  addHeldRoutes(app, service);
}

/** Enters a state for as long as the connection lasts. */
function addEntryRoute(app: OpenAPIHono<Env>, service: WatcherService): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/states',
      operationId: 'enterState',
      description:
        'Enter a state for the watchers at and below `path` that the token may see. The answer is an event stream that ' +
        'stays open, with a comment now and then: the state is left when the connection ends.',
      request: { body: { required: true, content: { 'application/json': { schema: stateSchema } } } },
      responses: {
        200: { description: 'Entered', content: { 'text/event-stream': { schema: z.string() } } },
        ...common,
        409: refusal('Entered already'),
      },
    }),
    (context) => {
      const principal = context.get('principal');
      const { name, path, metadata } = context.req.valid('json');
      let leave: () => void = () => {};
      let gone = false;
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          // A dead connection is noticed when a write to it fails.
          const quiet = service.onBeat(() => controller.enqueue(BEAT));
          const deaf = service.onClose(() => controller.close());
          const end = (): void => {
            quiet();
            deaf();
          };
          const scopes = principal.sees;
          try {
            leave = service.enter({ name, path, metadata, owner: principal.name, scopes }, () => {
              end();
              if (!gone) controller.close();
            });
          } catch (error) {
            end();
            throw error;
          }
          controller.enqueue(frame('entered', undefined, JSON.stringify({ name, path })));
        },
        cancel: () => {
          gone = true;
          leave();
        },
      });
      return eventStream(stream) as never;
    },
  );
}

/** Leaves and lists the states that hold. */
function addHeldRoutes(app: OpenAPIHono<Env>, service: WatcherService): void {
  app.openapi(
    createRoute({
      method: 'delete',
      path: '/states/{name}',
      operationId: 'leaveState',
      description: 'Leave a state that was entered with the same token; its stream ends.',
      request: {
        params: z.object({ name: stateName }),
        query: z.object({ path: stateSchema.shape.path }),
      },
      responses: {
        204: { description: 'Left' },
        ...common,
        404: refusal('Does not hold, or was entered by somebody else'),
      },
    }),
    (context) => {
      const { name } = context.get('principal');
      const { path } = context.req.valid('query');
      service.leave(path, context.req.valid('param').name, ({ owner }) => owner === name);
      return context.body(null, 204);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/states',
      operationId: 'listStates',
      responses: {
        200: json(z.object({ items: z.array(stateSchema) }), 'Those that hold for what the token may see'),
        ...common,
      },
    }),
    (context) => {
      const principal = context.get('principal');
      const items = service
        .states()
        .filter(
          ({ path, owner }) => owner === principal.name || principal.sees({ path, source: 'directory' }),
        )
        .map(({ name, path, metadata }) => ({ name, path, metadata }));
      return context.json({ items }, 200);
    },
  );
}
