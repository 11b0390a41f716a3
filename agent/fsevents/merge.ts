/** Merges the system's events with the core's, for a stream whose roots are partly real. */
import { isBelow } from '../../core/events/subtree-index.ts';
import type { StreamEvent } from './coalescing-window.ts';
import { LOSS } from './constants.ts';

/** The system's events without those below a mount, which hides the real tree. Events about a loss are kept. */
export function unshadowed(real: readonly StreamEvent[], mounts: readonly string[]): StreamEvent[] {
  return real.filter(({ path, flags }) => {
    if (flags & LOSS) return true;
    const bare = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
    return !mounts.some((mount) => isBelow(mount, bare));
  });
}

/** Merges by id and keeps each list's order. An event without an id stays behind its predecessor. */
export function merged(own: readonly StreamEvent[], real: readonly StreamEvent[]): StreamEvent[] {
  const all: StreamEvent[] = [];
  let a = 0;
  let b = 0;
  while (a < own.length || b < real.length) {
    const nextOwn = own[a];
    const nextReal = real[b];
    if (
      nextReal === undefined ||
      (nextOwn !== undefined && (nextOwn.id === 0 || (nextReal.id !== 0 && nextOwn.id <= nextReal.id)))
    ) {
      all.push(nextOwn!);
      a++;
    } else {
      all.push(nextReal);
      b++;
    }
  }
  return all;
}

/** Raises ids so that each delivered id is above the one before. Consecutive ids stay consecutive. */
export class RisingIds {
  #last = 0;

  get last(): number {
    return this.#last;
  }

  next(id: number): number {
    if (id === 0) return 0;
    this.#last = Math.max(id, this.#last + 1);
    return this.#last;
  }
}
