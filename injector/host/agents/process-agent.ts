/** The agent of a process, for the requests of its gate. Watch calls return false while there is no agent. */
import type { Pid } from '../../../core/numbers.ts';
import type { Agents } from './agents.ts';
import type { EventDelivery } from './event-delivery.ts';

export class ProcessAgent {
  readonly #agents: Agents;
  readonly #delivery: EventDelivery;
  readonly #pid: Pid;

  constructor(agents: Agents, delivery: EventDelivery, pid: Pid) {
    this.#agents = agents;
    this.#delivery = delivery;
    this.#pid = pid;
  }

  /** Number of the last event frame sent to it, 0 when there is no agent. */
  get seq(): number {
    return this.#agents.seqOf(this.#pid);
  }

  /** Resolves when the agent runs. @throws EngineError */
  bring(): Promise<void> {
    return this.#agents.bring(this.#pid);
  }

  /** Start the engine if that fetches nothing: a watch may follow soon. */
  warm(): void {
    this.#agents.warm();
  }

  /** @returns false when the process has no agent */
  watch(inodes: readonly number[], on: boolean): boolean {
    return this.#agents.watch(this.#pid, inodes, on);
  }

  /** @returns false when the process has no agent */
  subtree(stream: number, roots: readonly string[], mode: number, since: number): boolean {
    const connection = this.#agents.connectionOf(this.#pid);
    if (!connection) return false;
    this.#delivery.subtree(connection, stream, roots, mode, since);
    return true;
  }
}
