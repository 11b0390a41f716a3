/** Events of a stream whose roots are partly real: the system's and ours as one story. */
import { isBelow } from '../../core/events/subtree-index.ts';
import type { StreamEvent } from './coalescing-window.ts';
import { LOSS } from './constants.ts';

/** The system's events without those of paths that a mount hides. What tells of a loss concerns everybody. */
export function unshadowed(real: readonly StreamEvent[], mounts: readonly string[]): StreamEvent[] {
  return real.filter(({ path, flags }) => {
    if (flags & LOSS) return true;
    const bare = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
    return !mounts.some((mount) => isBelow(mount, bare));
  });
}

/** Both in order of id, each in its own order; what has no id keeps its place behind what came before it. */
export function merged(ours: readonly StreamEvent[], real: readonly StreamEvent[]): StreamEvent[] {
  const all: StreamEvent[] = [];
  let a = 0;
  let b = 0;
  while (a < ours.length || b < real.length) {
    const mine = ours[a];
    const theirs = real[b];
    if (
      theirs === undefined ||
      (mine !== undefined && (mine.id === 0 || (theirs.id !== 0 && mine.id <= theirs.id)))
    ) {
      all.push(mine!);
      a++;
    } else {
      all.push(theirs);
      b++;
    }
  }
  return all;
}

/** Ids as they are told: never one that is not above the last. Neighbours stay neighbours. */
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
