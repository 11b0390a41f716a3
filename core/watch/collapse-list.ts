/**
 * Changes in order, searchable backwards by path.
 *
 * Every path is indexed to the positions of the changes that name it or a path below it, so that the cost of finding
 * the change that a new change meets does not depend on the length of the list.
 */
import type { Change } from './change.ts';
import { above } from './paths.ts';

/** Positions, ascending. */
type Positions = number[];

/** First index whose value is at least `value`. */
function lowerBound(list: Positions, value: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (list[mid]! < value) low = mid + 1;
    else high = mid;
  }
  return low;
}

/** Usually appends: the newest position is the largest. */
function insert(list: Positions, value: number): void {
  const at = list.length === 0 || list[list.length - 1]! < value ? list.length : lowerBound(list, value);
  if (list[at] !== value) list.splice(at, 0, value);
}

function drop(index: Map<string, Positions>, key: string, value: number): void {
  const list = index.get(key);
  if (!list) return;
  const at = list[list.length - 1] === value ? list.length - 1 : lowerBound(list, value);
  if (list[at] === value) list.splice(at, 1);
  if (list.length === 0) index.delete(key);
}

const before = (list: Positions | undefined, position: number): number =>
  list ? (list[lowerBound(list, position) - 1] ?? -1) : -1;

export class CollapseList {
  readonly #at = new Map<number, Change>();
  readonly #exact = new Map<string, Positions>();
  /** Positions by every directory above a change's paths. */
  readonly #under = new Map<string, Positions>();
  #next = 0;

  get size(): number {
    return this.#at.size;
  }

  /** Allocates a position after all others. */
  slot(): number {
    return this.#next++;
  }

  get(position: number): Change | undefined {
    return this.#at.get(position);
  }

  /** Puts `change` at `position`, replacing any change there. */
  put(position: number, change: Change): void {
    this.remove(position);
    this.#at.set(position, change);
    for (const path of pathsOf(change)) {
      this.#add(this.#exact, path, position);
      for (const dir of above(path)) this.#add(this.#under, dir, position);
    }
  }

  #add(index: Map<string, Positions>, key: string, position: number): void {
    const list = index.get(key);
    if (list) insert(list, position);
    else index.set(key, [position]);
  }

  remove(position: number): void {
    const change = this.#at.get(position);
    if (!change) return;
    this.#at.delete(position);
    for (const path of pathsOf(change)) {
      drop(this.#exact, path, position);
      for (const dir of above(path)) drop(this.#under, dir, position);
    }
  }

  /** Replaces a change by another with the same paths. */
  amend(position: number, change: Change): void {
    this.#at.set(position, change);
  }

  /** Position of the last change before `position` that names `path`, a path below or a path above it; or -1. */
  met(path: string, position: number): number {
    let found = Math.max(before(this.#exact.get(path), position), before(this.#under.get(path), position));
    for (const dir of above(path)) {
      const list = this.#exact.get(dir);
      if (list) found = Math.max(found, before(list, position));
    }
    return found;
  }

  /** Positions, from `position` on, of changes that name `path` or a path below it. */
  from(path: string, position: number): number[] {
    const all = new Set<number>();
    for (const list of [this.#exact.get(path), this.#under.get(path)])
      if (list) for (let i = lowerBound(list, position); i < list.length; i++) all.add(list[i]!);
    return [...all].sort((a, b) => a - b);
  }

  /** Everything, in order. */
  changes(): Change[] {
    return [...this.#at.keys()].sort((a, b) => a - b).map((position) => this.#at.get(position)!);
  }

  clear(): void {
    this.#at.clear();
    this.#exact.clear();
    this.#under.clear();
    this.#next = 0;
  }
}

export const pathsOf = (change: Change): readonly string[] =>
  change.from === undefined ? [change.path] : [change.path, change.from];
