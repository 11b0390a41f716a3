/** All changes since the last query, as four sets, for consumers that poll. */
import type { Change } from './change.ts';
import { Collapser } from './collapse.ts';

/** Net changes since the last query; absolute paths. */
export interface Accumulated {
  /** Files whose contents or attributes changed. */
  readonly modified: readonly string[];
  /** Files that were created. */
  readonly created: readonly string[];
  /** Files that were removed. */
  readonly deleted: readonly string[];
  /** Files that were renamed; an exchange is two entries. */
  readonly moved: readonly { readonly from: string; readonly to: string }[];
  /** True if changes were lost or a root changed: the sets are incomplete. */
  readonly rescan: boolean;
}

/** Sorts collapsed changes into the four sets. */
export function accumulated(changes: readonly Change[]): Accumulated {
  const modified = new Set<string>();
  const created = new Set<string>();
  const deleted = new Set<string>();
  const moved: { from: string; to: string }[] = [];
  let rescan = false;
  for (const change of changes) {
    const { kind, path, from = '' } = change;
    if (kind === 'create') created.add(path);
    else if (kind === 'update' || kind === 'attrib') {
      if (!created.has(path)) modified.add(path);
    } else if (kind === 'delete') deleted.add(path);
    else if (kind === 'rename') {
      moved.push({ from, to: path });
      if (change.exchanged) moved.push({ from: path, to: from });
    } else if (kind !== 'history-done') rescan = true;
  }
  return { modified: [...modified], created: [...created], deleted: [...deleted], moved, rescan };
}

/** Collects changes between two calls of `getAndClear`. */
export class Accumulator {
  readonly #collapser = new Collapser();

  /** Whether there is no change to get. */
  get empty(): boolean {
    return this.#collapser.size === 0;
  }

  /** Adds a change, in the order of delivery. */
  add(change: Change): void {
    this.#collapser.push(change);
  }

  /** Returns the changes since the last call and forgets them. */
  getAndClear(): Accumulated {
    return accumulated(this.#collapser.drain());
  }
}
