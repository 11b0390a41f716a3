/**
 * Writes through to the store, and records what the store lacks.
 *
 * A full disk or an unreachable server costs durability, not the service: failed writes are recorded, and the affected
 * watchers are written as a whole when the store works again. With a synchronous store, all of this is synchronous.
 */
import type { Retained } from './ring.ts';
import type { Done, Store, StoredWatcher } from './store/store.ts';

/** The part of a watcher that the store keeps. */
export interface Kept {
  readonly id: string;
  readonly row: StoredWatcher;
  /** All retained events, including those that are being written. */
  retained(): readonly Retained[];
}

const then = (done: Done, next: () => Done): Done => (done instanceof Promise ? done.then(next) : next());

export class Keeper {
  /** Why events are kept in memory only, if they are. */
  failure: string | undefined;
  readonly #store: Store;
  readonly #log: (line: string) => void;
  /** Watchers of which the store lacks events, with the number of failed or postponed writes. */
  readonly #lacking = new Map<Kept, number>();
  /** Ids of watchers whose deletion has not been stored. */
  readonly #doomed = new Set<string>();
  #mending: Promise<void> | undefined;

  /** @param log reports when the store fails, and when it has stored everything again */
  constructor(store: Store, log: (line: string) => void) {
    this.#store = store;
    this.#log = log;
    store.onBack?.(() => void this.retry());
  }

  define(one: Kept): Done {
    return this.#keep(one, () => this.#store.putWatcher(one.row));
  }

  append(one: Kept, events: readonly Retained[]): Done {
    return this.#keep(one, () => this.#store.append(one.row, events));
  }

  delete(one: Kept): Done {
    this.#lacking.delete(one);
    this.#doomed.add(one.id);
    return this.#mend();
  }

  /** Writes everything that the store lacks. */
  retry(): Done {
    if (this.#lacking.size + this.#doomed.size > 0) return this.#mend();
  }

  #keep(one: Kept, write: () => Done): Done {
    // A pending deletion of the same id must not delete this watcher.
    if (this.#lacking.has(one) || this.#doomed.has(one.id)) return this.#lack(one);
    try {
      const done = write();
      if (done instanceof Promise)
        return done.then(
          () => this.retry(),
          (error) => this.#failed(error, one),
        );
      return this.retry();
    } catch (error) {
      this.#failed(error, one);
    }
  }

  #lack(one: Kept): Done {
    this.#lacking.set(one, (this.#lacking.get(one) ?? 0) + 1);
    return this.#mend();
  }

  #mend(): Done {
    if (this.#mending) return this.#mending;
    try {
      const done = this.#next();
      if (!(done instanceof Promise)) return;
      this.#mending = done
        .catch((error) => this.#failed(error))
        .finally(() => {
          this.#mending = undefined;
        });
      return this.#mending;
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Writes until the store lacks nothing. @throws the store's errors */
  #next(): Done {
    const [doomed] = this.#doomed;
    if (doomed !== undefined)
      return then(this.#store.deleteWatcher(doomed), () => {
        this.#doomed.delete(doomed);
        return this.#next();
      });
    const [entry] = this.#lacking;
    if (entry) {
      const [one, count] = entry;
      return then(this.#store.rewrite(one.row, one.retained()), () => {
        // Events may have arrived during the write.
        if (this.#lacking.get(one) === count) this.#lacking.delete(one);
        return this.#next();
      });
    }
    if (this.failure !== undefined) this.#log('the store works again, and has everything');
    this.failure = undefined;
  }

  #failed(error: unknown, one?: Kept): void {
    const { message } = error as Error;
    if (this.failure === undefined) this.#log(`the store fails, events are kept in memory only: ${message}`);
    this.failure = message;
    if (one) this.#lacking.set(one, (this.#lacking.get(one) ?? 0) + 1);
  }
}
