/** The service over HTTP: checks of every request, and routes that need no watcher. */
import { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { type ApiDocument, apiPage } from './api-page.ts';
import { addEventRoutes } from './event-routes.ts';
import { checkHost, checkToken, type Env } from './guard.ts';
import { metricsOf } from './metrics.ts';
import { PAGE } from './page.ts';
import { Problem } from './problem.ts';
import { addStateRoutes } from './state-routes.ts';
import type { Tokens } from './tokens.ts';
import { addWatcherRoutes } from './watcher-routes.ts';
import type { WatcherService } from './watcher-service.ts';

export interface AppOptions {
  readonly service: WatcherService;
  readonly tokens: Tokens;
  /** Name or address that the service listens on. */
  readonly host: string;
  readonly maxBodyBytes?: number;
  /** Receives internal errors: faults of the service, not of a request. */
  readonly report?: (error: unknown) => void;
}

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'shimfs watcher service', version: '1' },
  security: [{ bearer: [] }],
};
const POLICY =
  "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly params?: { readonly code?: string };
}

function badRequest(error: { readonly issues: readonly unknown[] }): Problem {
  const issues = error.issues as readonly Issue[];
  const detail = issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; ');
  const code = issues.find((issue) => issue.params?.code)?.params?.code;
  // An issue with a code breaks a rule that the published document cannot express.
  if (code !== undefined) return new Problem(422, code, detail, 'Say it once, or not at all.');
  return new Problem(400, 'bad_request', detail, 'GET /openapi.json describes the expected body.');
}

const noRoute = (): Problem =>
  new Problem(404, 'no_such_route', 'there is no such route', 'GET /openapi.json lists the routes.');

/** Methods that `path` allows. */
function methodsOf(app: OpenAPIHono<Env>, path: string): string[] {
  const matches = (route: string): boolean =>
    new RegExp(`^${route.replace(/\./g, '\\.').replace(/:\w+/g, '[^/]+')}$`).test(path);
  const methods = app.routes.filter((route) => route.method !== 'ALL' && matches(route.path));
  return [...new Set(methods.map(({ method }) => method))];
}

export function createApp(options: AppOptions): OpenAPIHono<Env> {
  const { service, tokens, host, maxBodyBytes = 256 * 1024, report = () => {} } = options;
  const app = new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (!result.success) throw badRequest(result.error);
    },
  });
  addRefusals(app, report);
  addChecks(app, service, host, maxBodyBytes);
  addPages(app);
  addHealth(app, service, tokens);
  for (const path of ['/metrics', '/watchers', '/watchers/*', '/states', '/states/*'])
    app.use(path, checkToken(tokens));
  const registry = metricsOf(service);
  app.get('/metrics', async (context) =>
    context.body(await registry.metrics(), 200, { 'content-type': registry.contentType }),
  );
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  addWatcherRoutes(app, service);
  addEventRoutes(app, service);
  addStateRoutes(app, service);
  app.doc31('/openapi.json', DOCUMENT);
  return app;
}

/** Answers for errors, unknown routes and wrong methods. */
function addRefusals(app: OpenAPIHono<Env>, report: (error: unknown) => void): void {
  app.onError((error) => {
    if (error instanceof Problem) return error.toResponse();
    if (error instanceof HTTPException && error.status < 500)
      return new Problem(
        error.status,
        'bad_request',
        error.message || 'the body is not what it should be',
        'Send one JSON object with Content-Type: application/json.',
      ).toResponse();
    report(error);
    return new Problem(
      500,
      'internal',
      'something failed here',
      'Look at what the service says.',
    ).toResponse();
  });
  app.notFound((context) => {
    const methods = methodsOf(app, context.req.path);
    if (methods.length === 0) return noRoute().toResponse();
    const allow = methods.join(', ');
    const { method } = context.req;
    const answer = new Problem(
      405,
      'bad_method',
      `${method} is not done here`,
      `Here: ${allow}.`,
    ).toResponse();
    answer.headers.set('allow', allow);
    return answer;
  });
}

/** Checks that every request passes: its host, its size, and that the service is not closing. */
function addChecks(app: OpenAPIHono<Env>, service: WatcherService, host: string, maxBodyBytes: number): void {
  app.use(checkHost(host));
  app.use(async (context, next) => {
    if (service.closed)
      throw new Problem(503, 'closing', 'the service is closing', 'Connect again in a moment.');
    await next();
    context.res.headers.set('x-content-type-options', 'nosniff');
    context.res.headers.set('cache-control', 'no-store');
    context.res.headers.set('content-security-policy', POLICY);
  });
  app.use(
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: () => {
        throw new Problem(
          413,
          'body_too_large',
          `a body may have ${maxBodyBytes} bytes`,
          'Send less at once.',
        );
      },
    }),
  );
}

/** Pages for people. */
function addPages(app: OpenAPIHono<Env>): void {
  app.get('/', (context) => context.html(PAGE));
  app.get('/docs', (context) => context.redirect('/docs/', 308));
  app.get('/docs/', (context) => context.html(apiPage(app.getOpenAPI31Document(DOCUMENT) as ApiDocument)));
}

function addHealth(app: OpenAPIHono<Env>, service: WatcherService, tokens: Tokens): void {
  app.get('/healthz', (context) => {
    const failure = service.storeFailure;
    // Causes name paths, and this route needs no token: only a request with a token gets the cause.
    const known = tokens.of(context.req.header('authorization')) !== undefined;
    return context.json({
      status: failure ? 'degraded' : 'ok',
      epoch: service.store.epoch,
      store: failure
        ? {
            status: 'failing',
            ...(known && { cause: failure }),
            remedy: 'Events are kept in memory only: make room on the disk.',
          }
        : { status: 'ok' },
      notice: (known && service.store.notice) || null,
    });
  });
}
