/** Access of a token. Paths and watchers outside its scopes do not exist for it. */
import type { Definition } from './definition.ts';
import { Problem } from './problem.ts';
import type { Principal } from './tokens.ts';
import type { Watcher } from './watcher.ts';
import { unknownWatcher, type WatcherService } from './watcher-service.ts';

/** @throws Problem */
export function seen(service: WatcherService, principal: Principal, id: string): Watcher {
  const watcher = service.get(id);
  // The same answer as for a watcher that does not exist.
  if (!principal.sees(watcher.definition)) return unknownWatcher(id);
  service.expire(watcher);
  return watcher;
}

/** Checks before and after links are followed, so that an answer reveals nothing outside the scopes. @throws Problem */
export function permitted(service: WatcherService, principal: Principal, given: Definition): Definition {
  const refuse = (): never => {
    throw new Problem(
      403,
      'outside_scope',
      `${given.path} is outside the scopes of this token`,
      'Give a path inside, or use a token with a wider scope.',
    );
  };
  // A path with `..` could lead out of the scope.
  if (/(^|\/)\.\.?(\/|$)/.test(given.path)) refuse();
  const plain = { ...given, path: given.path.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '') };
  if (!principal.sees(plain)) refuse();
  const resolved = service.resolve(plain);
  return principal.sees(resolved) ? resolved : refuse();
}
