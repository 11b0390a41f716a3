/**
 * Persistent state of the service: definitions of watchers, and retained events.
 *
 * The service answers from memory and writes through, so a failure of the store costs only durability. A remote store
 * returns promises: the service publishes events when their promise has settled.
 */
import type { Retained } from '../ring.ts';

export interface StoredWatcher {
  readonly id: string;
  /** Definition as JSON. */
  readonly definition: string;
  readonly origin: number;
  readonly droppedThrough: number;
  /** Position in the source, in the source's format; null if the source keeps no history. */
  readonly cursor: string | null;
}

/** Completed, or completed when the promise settles. */
export type Done = void | Promise<void>;

export interface Store {
  /** Identifies the sequence of ids: ids of different epochs cannot be compared. */
  readonly epoch: string;
  /** Ids of this run are above this. */
  readonly startId: number;
  /** A message for the user: a damaged file was moved, and where to. */
  readonly notice: string | undefined;
  /** Contents when the store was opened. */
  watchers(): readonly StoredWatcher[];
  events(watcher: string): readonly Retained[];
  /** Creates or replaces a definition; its events stay. */
  putWatcher(watcher: StoredWatcher): Done;
  deleteWatcher(id: string): Done;
  /** Atomic, with the watcher's cursor. Drops events up to its `droppedThrough`. */
  append(watcher: StoredWatcher, events: readonly Retained[]): Done;
  /** Replaces everything of a watcher. */
  rewrite(watcher: StoredWatcher, events: readonly Retained[]): Done;
  /** Calls `listener` when a store that was unreachable can be reached again. */
  onBack?(listener: () => void): void;
  /** @param lastId highest published id: the next run continues from it */
  close(lastId: number): Done;
}
