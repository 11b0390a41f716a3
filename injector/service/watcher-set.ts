/** Requests for several watchers: the watchers that a request selects, and the replacement of a whole set. */
import { isDeepStrictEqual } from 'node:util';
import { z } from '@hono/zod-openapi';
import type { Definition } from './definition.ts';
import { permitted, seen } from './permission.ts';
import { Problem } from './problem.ts';
import type { Principal } from './tokens.ts';
import type { Watcher } from './watcher.ts';
import type { WatcherService } from './watcher-service.ts';

export interface Selection {
  readonly id?: readonly string[];
  /** All watchers. */
  readonly tag?: readonly string[];
}

export function selected(service: WatcherService, principal: Principal, { id, tag }: Selection): Watcher[] {
  return service.all().filter((watcher) => {
    const { definition } = watcher;
    if (!principal.sees(definition)) return false;
    if (id && !id.includes(watcher.id)) return false;
    return (tag ?? []).every((one) => definition.tags.includes(one));
  });
}

const ids = z.array(z.string());

export const setSchema = z
  .object({ created: ids, replaced: ids, unchanged: ids, deleted: ids })
  .openapi('WatcherSet');

/** @param given definitions by id @throws Problem */
export async function replaceSet(
  service: WatcherService,
  principal: Principal,
  tag: readonly string[],
  given: Readonly<Record<string, Definition>>,
): Promise<z.infer<typeof setSchema>> {
  const before = selected(service, principal, { tag });
  const wanted = Object.entries(given).map(([id, definition]) => {
    const missing = tag.find((one) => !definition.tags.includes(one));
    if (missing !== undefined)
      throw new Problem(
        422,
        'outside_selection',
        `watcher '${id}' does not have the tag ${missing} that selects the set`,
        'Give each watcher of the set the tags of the query.',
      );
    const existing = service.has(id) ? seen(service, principal, id) : undefined;
    return { id, existing, definition: permitted(service, principal, definition) };
  });
  const result = {
    created: [] as string[],
    replaced: [] as string[],
    unchanged: [] as string[],
    deleted: [] as string[],
  };
  for (const { id, existing, definition } of wanted) {
    if (!existing) {
      await service.create(definition, id);
      result.created.push(id);
    } else if (isDeepStrictEqual(existing.definition, definition) && existing.status === 'watching')
      result.unchanged.push(id);
    else {
      await service.replace(existing, definition);
      result.replaced.push(id);
    }
  }
  for (const watcher of before) {
    if (Object.hasOwn(given, watcher.id)) continue;
    await service.delete(watcher);
    result.deleted.push(watcher.id);
  }
  return result;
}
