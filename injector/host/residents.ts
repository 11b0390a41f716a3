/**
 * Which branch each process lives in: the one it was started with, or the one it was bound to since.
 *
 * What a process carries in its environment may be out of date, so what is known of it here goes before that. A
 * child by fork names its parent; an exec keeps the pid and the moment that the process was started.
 */
import { readFileSync } from 'node:fs';

/** Of a process. */
export interface Resident {
  readonly peer: { readonly pid: number };
  readonly binding: number;
  rebind(binding: number): void;
}

interface Bound {
  readonly binding: number;
  /** Tells the process from a later one of the same number. */
  readonly started: string;
}

/** Records of processes that have gone are dropped above this many. */
const MOST_RECORDS = 4096;

export class Residents<R extends Resident> {
  readonly #connections = new Map<number, Set<R>>();
  readonly #bound = new Map<number, Bound>();

  came(one: R): void {
    const { pid } = one.peer;
    this.#connections.set(pid, (this.#connections.get(pid) ?? new Set()).add(one));
  }

  left(one: R): void {
    const all = this.#connections.get(one.peer.pid);
    all?.delete(one);
    if (all?.size === 0) this.#connections.delete(one.peer.pid);
  }

  of(pid: number): ReadonlySet<R> {
    return this.#connections.get(pid) ?? new Set();
  }

  get pids(): number[] {
    return [...this.#connections.keys()].sort((a, b) => a - b);
  }

  /** Where a process that says `binding` lives. @param parent that it was forked from, 0 if it came by exec */
  bindingOf(pid: number, binding: number, parent: number): number {
    if (this.#bound.size === 0) return binding;
    const started = startOf(pid);
    const own = this.#bound.get(pid);
    if (own?.started === started) return own.binding;
    this.#bound.delete(pid);
    const inherited = parent === 0 ? undefined : this.#bound.get(parent);
    if (!inherited) return binding;
    this.#keep(pid, { binding: inherited.binding, started });
    return inherited.binding;
  }

  /** @returns false when no such process lives here */
  bind(pid: number, binding: number): boolean {
    const all = this.of(pid);
    if (all.size === 0) return false;
    this.#keep(pid, { binding, started: startOf(pid) });
    for (const one of all) one.rebind(binding);
    return true;
  }

  #keep(pid: number, bound: Bound): void {
    this.#bound.delete(pid);
    this.#bound.set(pid, bound);
    if (this.#bound.size <= MOST_RECORDS) return;
    for (const old of this.#bound.keys()) if (!this.#connections.has(old)) this.#bound.delete(old);
  }
}

/** When the process was started, as the system counts; empty where that cannot be read. */
function startOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name before it may hold anything, parentheses included.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
