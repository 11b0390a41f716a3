/** First checks of a request: addressed to this service, from its own page or no page, and with a known token. */
import { isIP } from 'node:net';
import type { MiddlewareHandler } from 'hono';
import { Problem } from './problem.ts';
import type { Principal, Tokens } from './tokens.ts';

export interface Env {
  Variables: { principal: Principal };
}

const hostName = (host: string): string => {
  try {
    return new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, '');
  } catch {
    return '';
  }
};

/** DNS rebinding needs a name: addresses, `localhost` and the name that the service listens on are accepted. */
export const checkHost =
  (listenHost: string): MiddlewareHandler =>
  async (context, next) => {
    const host = context.req.header('host') ?? '';
    const name = hostName(host);
    if (name !== 'localhost' && name !== listenHost && isIP(name) === 0)
      throw new Problem(421, 'bad_host', `this is not '${host}'`, 'Use the address that `ready` named.');
    const origin = context.req.header('origin');
    if (origin !== undefined && origin !== `http://${host}`)
      throw new Problem(403, 'bad_origin', `pages of ${origin} may not ask`, 'Use the page at / here.');
    await next();
  };

export const checkToken =
  (tokens: Tokens): MiddlewareHandler<Env> =>
  async (context, next) => {
    const principal = tokens.of(context.req.header('authorization'));
    if (!principal)
      throw new Problem(
        401,
        'unauthorized',
        'the request has no token that is known here',
        'Send `Authorization: Bearer TOKEN` with one from the token file.',
      );
    context.set('principal', principal);
    await next();
  };
