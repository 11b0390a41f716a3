/** How far a replica is: read at the start, written after each batch, whole or not at all. */
import { promises as fs } from 'node:fs';
import { dirname } from 'node:path';

export interface ReplicaState {
  /** Of the source. */
  readonly epoch: string;
  /** Everything up to this event is in the target. */
  readonly lastId: number;
}

export interface StateStore {
  /** undefined: nothing is known, and everything has to be compared. */
  load(): Promise<ReplicaState | undefined>;
  save(state: ReplicaState): Promise<void>;
}

export class StateFile implements StateStore {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  async load(): Promise<ReplicaState | undefined> {
    try {
      const { epoch, lastId } = JSON.parse(await fs.readFile(this.#file, 'utf8')) as Partial<ReplicaState>;
      return typeof epoch === 'string' && Number.isSafeInteger(lastId)
        ? { epoch, lastId: lastId! }
        : undefined;
    } catch {
      // Missing, unreadable or damaged: comparing everything costs time and loses nothing.
      return undefined;
    }
  }

  async save(state: ReplicaState): Promise<void> {
    await fs.mkdir(dirname(this.#file), { recursive: true });
    const file = await fs.open(`${this.#file}.new`, 'w');
    try {
      await file.writeFile(JSON.stringify(state));
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(`${this.#file}.new`, this.#file);
  }
}
