/** A store for tests. It fails on demand, and a second service can continue with it. */
import type { Retained } from '../ring.ts';
import type { Store, StoredWatcher } from './store.ts';

export class MemoryStore implements Store {
  readonly epoch: string;
  readonly notice = undefined;
  startId = 0;
  /** Every write throws this error while it is set. */
  failure: Error | undefined;
  readonly #watchers = new Map<string, StoredWatcher>();
  readonly #events = new Map<string, Retained[]>();

  constructor(epoch = 'memory') {
    this.epoch = epoch;
  }

  watchers(): readonly StoredWatcher[] {
    return [...this.#watchers.values()];
  }

  events(watcher: string): readonly Retained[] {
    return this.#events.get(watcher) ?? [];
  }

  #write(): void {
    if (this.failure) throw this.failure;
  }

  putWatcher(watcher: StoredWatcher): void {
    this.#write();
    this.#watchers.set(watcher.id, watcher);
  }

  deleteWatcher(id: string): void {
    this.#write();
    this.#watchers.delete(id);
    this.#events.delete(id);
  }

  append(watcher: StoredWatcher, events: readonly Retained[]): void {
    this.#write();
    const { id, droppedThrough } = watcher;
    this.#events.set(
      id,
      [...this.events(id), ...events].filter((event) => event.id > droppedThrough),
    );
    if (this.#watchers.has(id)) this.#watchers.set(id, watcher);
  }

  rewrite(watcher: StoredWatcher, events: readonly Retained[]): void {
    this.#write();
    this.#watchers.set(watcher.id, watcher);
    this.#events.set(watcher.id, [...events]);
  }

  close(lastId: number): void {
    this.startId = lastId;
  }
}
