/** `/states`: what holds from its request until that connection ends. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { stateSchema } from './definition.ts';
import { eventStream } from './event-routes.ts';
import { frame } from './fan-out.ts';
import type { Env } from './guard.ts';
import { json, refusal } from './watcher-routes.ts';
import type { WatcherService } from './watcher-service.ts';

export function addStateRoutes(app: OpenAPIHono<Env>, service: WatcherService): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/states',
      description:
        'Enter a state for the watchers at and below `path` that the token may see. The answer is an event stream that ' +
        'stays open: the state is left when the connection ends.',
      request: { body: { required: true, content: { 'application/json': { schema: stateSchema } } } },
      responses: {
        200: { description: 'Entered', content: { 'text/event-stream': { schema: z.string() } } },
        400: refusal('Bad request'),
        401: refusal('No known token'),
        403: refusal('Outside of the scopes of the token'),
        409: refusal('Entered already'),
      },
    }),
    (context) => {
      const principal = context.get('principal');
      const { name, path, metadata } = context.req.valid('json');
      let leave: () => void = () => {};
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          leave = service.enter({
            name,
            path,
            metadata,
            scopes: (definition) => principal.sees(definition),
          });
          controller.enqueue(frame('entered', undefined, JSON.stringify({ name, path })));
          const leaveState = leave;
          const forget = service.onClose(() => controller.close());
          leave = () => {
            forget();
            leaveState();
          };
        },
        cancel: () => leave(),
      });
      return eventStream(stream) as never;
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/states',
      responses: {
        200: json(z.object({ items: z.array(stateSchema) }), 'Those that hold for what the token may see'),
        401: refusal('No known token'),
      },
    }),
    (context) => {
      const principal = context.get('principal');
      const items = service
        .states()
        .filter(({ path }) => principal.sees({ path, source: 'directory' }))
        .map(({ name, path, metadata }) => ({ name, path, metadata }));
      return context.json({ items }, 200);
    },
  );
}
