/** States that clients have entered: while one holds, watchers below its path hold events back, or drop them. */
import { covers } from '../../core/watch/paths.ts';
import type { Definition } from './definition.ts';
import { Problem } from './problem.ts';

export interface HeldState {
  readonly name: string;
  readonly path: string;
  readonly metadata: Record<string, string>;
  /** Name of the token. */
  readonly owner: string;
  readonly scopes: (definition: Pick<Definition, 'path' | 'source'>) => boolean;
}

interface Held {
  readonly state: HeldState;
  leave(): void;
}

const keyOf = (path: string, name: string): string => `${path}\n${name}`;

export class States {
  readonly #held = new Map<string, Held>();

  all(): HeldState[] {
    return [...this.#held.values()].map(({ state }) => state);
  }

  holds(name: string, definition: Definition): boolean {
    return this.all().some(
      (state) => state.name === name && covers(state.path, definition.path) && state.scopes(definition),
    );
  }

  /** @param left called once at the end of the state @returns leaves the state; idempotent @throws Problem */
  enter(state: HeldState, left: () => void): () => void {
    const key = keyOf(state.path, state.name);
    if (this.#held.has(key))
      throw new Problem(
        409,
        'state_held',
        `the state '${state.name}' is entered already`,
        'Wait until it is left, or give it another name.',
      );
    const held: Held = {
      state,
      leave: () => {
        if (this.#held.get(key) !== held) return;
        this.#held.delete(key);
        left();
      },
    };
    this.#held.set(key, held);
    return held.leave;
  }

  find(path: string, name: string): Held | undefined {
    return this.#held.get(keyOf(path, name));
  }

  clear(): void {
    this.#held.clear();
  }
}
