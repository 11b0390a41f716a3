/**
 * What waits to be told, bounded.
 *
 * Changes of one item (a path and an inode) are one entry with all their flags and the last one's id. The two halves
 * of a rename stay as they are, side by side: programs find them by their ids. Entries are in order of id.
 */
import { EventFlag } from './constants.ts';

export interface StreamEvent {
  readonly path: string;
  readonly flags: number;
  /** 0: RootChanged has none. */
  readonly id: number;
  /** 0: not known. */
  readonly ino: number;
}

/** Entries of one stream that wait. What comes beyond is told as lost. */
export const WINDOW_LIMIT = 8192;

export class CoalescingWindow {
  readonly #entries = new Map<string, StreamEvent>();
  readonly #limit: number;
  #overflowed = false;
  #newest = 0;

  constructor(limit: number = WINDOW_LIMIT) {
    this.#limit = limit;
  }

  get empty(): boolean {
    return this.#entries.size === 0 && !this.#overflowed;
  }

  get overflowed(): boolean {
    return this.#overflowed;
  }

  /** @param paired half of a rename: what comes later is an entry of its own */
  add(entry: StreamEvent, paired = false): void {
    this.#newest = Math.max(this.#newest, entry.id);
    if (this.#overflowed) return;
    // What is said of a root as a root is not an item's change.
    const key = `${entry.id === 0 ? 'root' : entry.ino}\0${entry.path}`;
    const before = this.#entries.get(key);
    // Behind all others, for its id is the newest.
    if (before) this.#entries.delete(key);
    const folded = before ? { ...entry, flags: entry.flags | before.flags } : entry;
    this.#entries.set(paired ? `${key}\0${entry.id}` : key, folded);
    if (this.#entries.size > this.#limit) this.overflow(this.#newest);
  }

  /** Something is lost: nothing of what waits is worth telling. @param newest id of what is lost last */
  overflow(newest: number): void {
    this.#overflowed = true;
    this.#newest = Math.max(this.#newest, newest);
    this.#entries.clear();
  }

  /** Everything, which is forgotten here. @param roots what is to be scanned after a loss */
  take(roots: readonly string[]): StreamEvent[] {
    const flags = EventFlag.MustScanSubDirs | EventFlag.UserDropped;
    const entries = this.#overflowed
      ? roots.map((path) => ({ path, flags, id: this.#newest, ino: 0 }))
      : [...this.#entries.values()];
    this.clear();
    return entries;
  }

  clear(): void {
    this.#entries.clear();
    this.#overflowed = false;
  }
}
