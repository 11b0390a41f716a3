/** Small numbers for branches: what a process carries in its environment to say where it lives. */
import type { FsCore } from '../../core/fs-core.ts';

interface Binding {
  readonly branch: string;
  /** Its processes get their agent with their first question. */
  readonly eager: boolean;
  /** Programs and runs that live in it. */
  users: number;
}

export class Bindings {
  readonly #core: FsCore;
  /** By number. A number is never given again: a process may still carry it. */
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
    const known = this.#table.findIndex((one) => one?.branch === branch && one.eager === eager);
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

  entered(binding: number): void {
    const at = this.#table[binding];
    if (at) at.users++;
  }

  left(binding: number): void {
    const at = this.#table[binding];
    if (!at) return;
    at.users--;
    if (this.users(at.branch) === 0) for (const action of [...(this.#idle.get(at.branch) ?? [])]) action();
  }

  users(branch: string): number {
    return this.#table.reduce((sum, one) => sum + (one?.branch === branch ? one.users : 0), 0);
  }

  /** Run whenever the last user has left. @returns what ends that */
  onIdle(branch: string, action: () => void): () => void {
    const actions = this.#idle.get(branch) ?? new Set();
    this.#idle.set(branch, actions.add(action));
    return () => actions.delete(action);
  }

  /** The branch is no more: who still carries its number is turned away. */
  forget(branch: string): void {
    this.#table.forEach((one, i) => {
      if (one?.branch === branch) this.#table[i] = undefined;
    });
    this.#idle.delete(branch);
  }
}
