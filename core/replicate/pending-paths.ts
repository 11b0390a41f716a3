/**
 * The paths that a replicator must compare next.
 *
 * Changes are not collapsed as streams collapse them: the replicator reads the origin's present state, which is ahead of
 * the changes still queued, and may have copied a file whose creation and deletion would cancel out. So every path
 * named by a change is compared, once. A rename adds both paths, and a hint to rename in the target.
 */
import type { Change } from '../watch/change.ts';

export interface PendingPath {
  readonly path: string;
  /** Compare everything below as well. */
  readonly deep: boolean;
  /** The path before a rename. */
  readonly from?: string;
  readonly ino?: number;
  /** Link count of `ino`, if more than one. */
  readonly links?: number;
}

/** Number of paths above which a full comparison is cheaper. */
const CAPACITY = 65_536;

export class PendingPaths {
  readonly #capacity: number;
  #items = new Map<string, PendingPath>();
  #lastId = 0;

  constructor(capacity = CAPACITY) {
    this.#capacity = capacity;
  }

  get empty(): boolean {
    return this.#items.size === 0;
  }

  /** Schedules a full comparison. */
  addAll(): void {
    this.#items.clear();
    this.#items.set('', { path: '', deep: true });
  }

  /** @param within maps a path of the origin to the replica's; '' for the root itself and for paths outside it */
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

  #put(item: PendingPath): void {
    const known = this.#items.get(item.path);
    this.#items.set(item.path, { ...known, ...item, deep: item.deep || (known?.deep ?? false) });
  }

  /** Queues the new name before the old: comparing the old name first would remove the file to be renamed. */
  #rename(path: string, from: string, exchanged: boolean): void {
    const first = this.#items.get(from)?.from;
    for (const one of [first, from, path]) if (one !== undefined) this.#items.delete(one);
    this.#items.set(path, { path, deep: true, ...(!exchanged && { from: first ?? from }) });
    this.#items.set(from, { path: from, deep: true });
    if (first !== undefined) this.#put({ path: first, deep: true });
  }

  /** Removes and returns all items, with the id of the last change they include. */
  take(): { items: PendingPath[]; lastId: number } {
    const items = [...this.#items.values()];
    this.#items = new Map();
    return { items, lastId: this.#lastId };
  }
}
