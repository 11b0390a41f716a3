/**
 * Flags that accumulate for a path over several deliveries, as in some versions of macOS. For testing programs that
 * must cope with that. Bounded: the oldest paths are dropped.
 */
import { EventFlag } from './constants.ts';

const CLINGING =
  EventFlag.ItemCreated |
  EventFlag.ItemRemoved |
  EventFlag.ItemInodeMetaMod |
  EventFlag.ItemRenamed |
  EventFlag.ItemModified |
  EventFlag.ItemFinderInfoMod |
  EventFlag.ItemChangeOwner |
  EventFlag.ItemXattrMod;

export class StickyFlags {
  readonly #byPath = new Map<string, number>();
  readonly #limit: number;

  constructor(limit = 4096) {
    this.#limit = limit;
  }

  /** @returns the flags, with all earlier ones of this path */
  of(path: string, flags: number): number {
    const all = flags | (this.#byPath.get(path) ?? 0);
    if ((flags & CLINGING) === 0) return flags;
    this.#byPath.delete(path);
    this.#byPath.set(path, all & CLINGING);
    if (this.#byPath.size > this.#limit)
      for (const oldest of this.#byPath.keys()) {
        this.#byPath.delete(oldest);
        break;
      }
    return all;
  }
}
