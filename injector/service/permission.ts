/** What a token may see and ask for. What lies outside of its scopes does not exist for it. */
import type { Definition } from './definition.ts';
import { Problem } from './problem.ts';
import type { Principal } from './tokens.ts';
import type { Watcher } from './watcher.ts';
import { unknownWatcher, type WatcherService } from './watcher-service.ts';

/** @throws Problem */
export function seen(service: WatcherService, principal: Principal, id: string): Watcher {
  const watcher = service.get(id);
  // The same answer as for one that is not there.
  if (!principal.sees(watcher.definition)) return unknownWatcher(id);
  service.expire(watcher);
  return watcher;
}

/** Before and after links are followed, so that an answer tells nothing about what lies outside. @throws Problem */
export function permitted(service: WatcherService, principal: Principal, given: Definition): Definition {
  const refuse = (): never => {
    throw new Problem(
      403,
      'outside_scope',
      `${given.path} is outside of what this token may watch`,
      'Give a path inside, or use a token with a wider scope.',
    );
  };
  // What is not normal could lead anywhere.
  if (/(^|\/)\.\.?(\/|$)/.test(given.path)) refuse();
  const plain = { ...given, path: given.path.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '') };
  if (!principal.sees(plain)) refuse();
  const resolved = service.resolve(plain);
  return principal.sees(resolved) ? resolved : refuse();
}
