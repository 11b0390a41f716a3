/** Progress of a replica: read at the start, written atomically after each batch. */
import { promises as fs } from 'node:fs';
import { dirname } from 'node:path';

/** Position in the source up to which the target is complete. */
export interface ReplicaState {
  /** Epoch of the source. */
  readonly epoch: string;
  /** Id of the last event whose changes are in the target. */
  readonly lastId: number;
}

/** Storage for a ReplicaState. */
export interface StateStore {
  /** undefined: no usable state, and everything must be compared. */
  load(): Promise<ReplicaState | undefined>;
  /** Replaces the stored state. */
  save(state: ReplicaState): Promise<void>;
}

/** A StateStore in a JSON file, replaced by rename after fsync. */
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
      // Missing, unreadable or damaged: a full comparison costs time and loses nothing.
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
