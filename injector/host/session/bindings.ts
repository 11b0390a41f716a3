/** Numbers of branches. A process carries such a number in its environment to name the branch that it sees. */
import type { FsCore } from '../../../core/fs-core.ts';

interface Binding {
  readonly branch: string;
  /** Its processes get an agent when they connect, not at their first watch. */
  readonly eager: boolean;
  /** Connections and runs that use it. */
  users: number;
}

export class Bindings {
  readonly #core: FsCore;
  /** By number. A number is never reused: a process may still carry it. */
  readonly #table: (Binding | undefined)[] = [];
  readonly #idle = new Map<string, Set<() => void>>();

  constructor(core: FsCore) {
    this.#core = core;
    this.of('main');
  }

  /** @throws Error when there is no such branch */
  of(branch: string): number {
    return this.#number(branch, false);
  }

  /** Another number of the same branch. @throws Error when there is no such branch */
  eager(branch: string): number {
    return this.#number(branch, true);
  }

  #number(branch: string, eager: boolean): number {
    if (!this.#core.listBranches().some(({ name }) => name === branch))
      throw new Error(`there is no branch '${branch}'`);
    const known = this.#table.findIndex((row) => row?.branch === branch && row.eager === eager);
    return known >= 0 ? known : this.#table.push({ branch, eager, users: 0 }) - 1;
  }

  has(binding: number): boolean {
    return this.#table[binding] !== undefined;
  }

  isEager(binding: number): boolean {
    return this.#table[binding]?.eager ?? false;
  }

  branchOf(binding: number): string {
    return this.#table[binding]?.branch ?? 'main';
  }

  userAdded(binding: number): void {
    const row = this.#table[binding];
    if (row) row.users++;
  }

  userRemoved(binding: number): void {
    const row = this.#table[binding];
    if (!row) return;
    row.users--;
    if (this.users(row.branch) === 0) for (const action of [...(this.#idle.get(row.branch) ?? [])]) action();
  }

  users(branch: string): number {
    return this.#table.reduce((sum, row) => sum + (row?.branch === branch ? row.users : 0), 0);
  }

  /** Run whenever the last user of a branch is removed. @returns cancels that */
  onIdle(branch: string, action: () => void): () => void {
    const actions = this.#idle.get(branch) ?? new Set();
    this.#idle.set(branch, actions.add(action));
    return () => actions.delete(action);
  }

  /** The branch was deleted: a process that still carries its number is refused. */
  forget(branch: string): void {
    this.#table.forEach((row, i) => {
      if (row?.branch === branch) this.#table[i] = undefined;
    });
    this.#idle.delete(branch);
  }
}
