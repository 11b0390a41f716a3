/**
 * The branch of each process: the branch that it was started with, or to which it was bound since.
 *
 * The binding in a process's environment may be out of date, so the record here takes precedence. A child by fork
 * names its parent; an exec keeps the pid and the start time of the process.
 */
import { readFileSync } from 'node:fs';
import type { Pid } from '../../../core/numbers.ts';

/** A connection of a process, as far as this table needs it. */
export interface BoundConnection {
  readonly peer: { readonly pid: Pid };
  readonly binding: number;
  /** User id by which its requests are judged. */
  readonly uid: number;
  rebind(binding: number): void;
}

interface Bound {
  readonly binding: number;
  /** Distinguishes the process from a later process with the same pid. */
  readonly started: string;
}

/** Above this many, records of ended processes are dropped. */
const MAX_RECORDS = 4096;

const NONE: ReadonlySet<BoundConnection> = new Set();

export class ProcessTable {
  readonly #connections = new Map<Pid, Set<BoundConnection>>();
  readonly #bound = new Map<Pid, Bound>();
  readonly #startOf: (pid: Pid) => string;

  /** @param startOf when a process was started, in the system's units; empty where that cannot be read */
  constructor(startOf: (pid: Pid) => string = startTime) {
    this.#startOf = startOf;
  }

  add(connection: BoundConnection): void {
    const { pid } = connection.peer;
    this.#connections.set(pid, (this.#connections.get(pid) ?? new Set()).add(connection));
  }

  remove(connection: BoundConnection): void {
    const { pid } = connection.peer;
    const all = this.#connections.get(pid);
    all?.delete(connection);
    if (all?.size === 0) this.#connections.delete(pid);
  }

  /** Connections of a process; during an exec both images have a connection. */
  of(pid: Pid): ReadonlySet<BoundConnection> {
    return this.#connections.get(pid) ?? NONE;
  }

  /** @returns undefined for a process without a connection */
  uidOf(pid: Pid): number | undefined {
    return this.of(pid).values().next().value?.uid;
  }

  get pids(): Pid[] {
    return [...this.#connections.keys()].sort((a, b) => a - b);
  }

  /** The binding of a process whose environment says `binding`. @param parent it was forked from, 0 after an exec */
  bindingOf(pid: Pid, binding: number, parent: Pid | 0): number {
    if (this.#bound.size === 0) return binding;
    const started = this.#startOf(pid);
    const own = this.#bound.get(pid);
    if (own?.started === started) return own.binding;
    this.#bound.delete(pid);
    const inherited = parent === 0 ? undefined : this.#bound.get(parent);
    if (!inherited) return binding;
    this.#record(pid, { binding: inherited.binding, started });
    return inherited.binding;
  }

  /** @returns false when no such process lives here */
  bind(pid: Pid, binding: number): boolean {
    const all = this.of(pid);
    if (all.size === 0) return false;
    this.#record(pid, { binding, started: this.#startOf(pid) });
    for (const connection of all) connection.rebind(binding);
    return true;
  }

  #record(pid: Pid, bound: Bound): void {
    this.#bound.delete(pid);
    this.#bound.set(pid, bound);
    if (this.#bound.size <= MAX_RECORDS) return;
    for (const old of this.#bound.keys()) if (!this.#connections.has(old)) this.#bound.delete(old);
  }
}

function startTime(pid: Pid): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses before it may contain any byte, parentheses included.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
