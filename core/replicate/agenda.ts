/**
 * Where a replicator has to look next.
 *
 * Changes are not merged the way streams merge them: who looks at the origin as it is now is ahead of the changes
 * still waiting, and may have copied what a creation and a deletion together say never was. So whatever was named
 * is looked at, once. A rename is a hint beside two places to look at.
 */
import type { Change } from '../watch/change.ts';

export interface Item {
  readonly path: string;
  /** What is below has to be compared, too. */
  readonly deep: boolean;
  /** It was called so before. */
  readonly from?: string;
  readonly ino?: number;
  /** How many names `ino` has, if more than one. */
  readonly links?: number;
}

/** Places to look at, beyond which looking everywhere is better. */
const CAPACITY = 65_536;

export class Agenda {
  readonly #capacity: number;
  #items = new Map<string, Item>();
  #lastId = 0;

  constructor(capacity = CAPACITY) {
    this.#capacity = capacity;
  }

  get empty(): boolean {
    return this.#items.size === 0;
  }

  /** Everything has to be compared. */
  addAll(): void {
    this.#items.clear();
    this.#items.set('', { path: '', deep: true });
  }

  /** @param within the path in the replica; '' of what is outside or the root itself */
  add(change: Change, within: (path: string) => string): void {
    this.#lastId = Math.max(this.#lastId, change.id);
    const { kind, ino, links = 1 } = change;
    if (kind === 'history-done' || kind === 'root-removed' || kind === 'root-moved') return;
    const path = within(change.path);
    const shared = links > 1 && ino !== undefined ? { ino, links } : {};
    if (kind === 'rename') this.#rename(path, within(change.from!), change.exchanged ?? false);
    else this.#put({ path, deep: kind === 'rescan' || kind === 'overflow' || kind === 'create', ...shared });
    if (this.#items.size > this.#capacity) this.addAll();
  }

  #put(item: Item): void {
    const known = this.#items.get(item.path);
    this.#items.set(item.path, { ...known, ...item, deep: item.deep || (known?.deep ?? false) });
  }

  /** The new name first: once the old one was looked at, nothing is left to be moved. */
  #rename(path: string, from: string, exchanged: boolean): void {
    const first = this.#items.get(from)?.from;
    for (const one of [first, from, path]) if (one !== undefined) this.#items.delete(one);
    this.#items.set(path, { path, deep: true, ...(!exchanged && { from: first ?? from }) });
    this.#items.set(from, { path: from, deep: true });
    if (first !== undefined) this.#put({ path: first, deep: true });
  }

  /** Everything there is, and the id of the last change in it; forgotten here. */
  take(): { items: Item[]; lastId: number } {
    const items = [...this.#items.values()];
    this.#items = new Map();
    return { items, lastId: this.#lastId };
  }
}
