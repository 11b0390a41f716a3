/**
 * The events of a stream that wait for delivery, coalesced and bounded.
 *
 * Changes of an item (path and inode) become one event with all their flags and the latest id. The two halves of a
 * rename stay separate and adjacent: programs pair them by their ids. Events are in order of id.
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

/** Events beyond this number are reported as lost. */
export const WINDOW_LIMIT = 8192;

export class CoalescingWindow {
  readonly #events = new Map<string, StreamEvent>();
  readonly #limit: number;
  #overflowed = false;
  #newest = 0;

  constructor(limit: number = WINDOW_LIMIT) {
    this.#limit = limit;
  }

  get empty(): boolean {
    return this.#events.size === 0 && !this.#overflowed;
  }

  get overflowed(): boolean {
    return this.#overflowed;
  }

  /** @param paired half of a rename: later changes of the item are not folded into it */
  add(event: StreamEvent, paired = false): void {
    this.#newest = Math.max(this.#newest, event.id);
    if (this.#overflowed) return;
    // RootChanged is about the root's path, not about an item, and is not folded with item events.
    const key = `${event.id === 0 ? 'root' : event.ino}\0${event.path}`;
    const before = this.#events.get(key);
    // Re-inserted at the end, because its id is now the newest.
    if (before) this.#events.delete(key);
    const folded = before ? { ...event, flags: event.flags | before.flags } : event;
    this.#events.set(paired ? `${key}\0${event.id}` : key, folded);
    if (this.#events.size > this.#limit) this.overflow(this.#newest);
  }

  /** Events were lost: MustScanSubDirs of every root replaces the waiting events. @param newest id of the last lost event */
  overflow(newest: number): void {
    this.#overflowed = true;
    this.#newest = Math.max(this.#newest, newest);
    this.#events.clear();
  }

  /** Removes and returns all events. @param roots paths to scan after a loss */
  take(roots: readonly string[]): StreamEvent[] {
    const flags = EventFlag.MustScanSubDirs | EventFlag.UserDropped;
    const events = this.#overflowed
      ? roots.map((path) => ({ path, flags, id: this.#newest, ino: 0 }))
      : [...this.#events.values()];
    this.clear();
    return events;
  }

  clear(): void {
    this.#events.clear();
    this.#overflowed = false;
  }
}
