/**
 * Writes through to the store, and knows what the store lacks.
 *
 * A full disk or a server that is away costs durability, not the service: what could not be written is remembered,
 * and written as a whole once the store takes it again. With a store that answers at once, so does this.
 */
import type { Retained } from './ring.ts';
import type { Done, Store, StoredWatcher } from './store/store.ts';

/** One watcher, as the store is to have it. */
export interface Kept {
  readonly id: string;
  readonly row: StoredWatcher;
  /** Everything, what is being written included. */
  retained(): readonly Retained[];
}

const then = (done: Done, next: () => Done): Done => (done instanceof Promise ? done.then(next) : next());

export class Keeper {
  /** Why events are kept in memory only, if they are. */
  failure: string | undefined;
  readonly #store: Store;
  readonly #log: (line: string) => void;
  /** Of which the store lacks something, and how often something was added to that. */
  readonly #lacking = new Map<Kept, number>();
  /** To be deleted still. */
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

  /** Write what is missing, if the store takes it now. */
  retry(): Done {
    if (this.#lacking.size + this.#doomed.size > 0) return this.#mend();
  }

  #keep(one: Kept, write: () => Done): Done {
    // One of its name that is still to be deleted must not take it along.
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

  /** Until nothing is missing. @throws what the store throws */
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
        // Something may have come while that was written.
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
