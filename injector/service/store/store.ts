/**
 * What outlives the service: definitions of watchers and the events retained.
 *
 * The service serves from memory and writes through, so a store that fails costs durability and nothing else. A
 * store that is elsewhere answers later: what it returns a promise of is told once that is settled.
 */
import type { Retained } from '../ring.ts';

export interface StoredWatcher {
  readonly id: string;
  /** Definition as JSON. */
  readonly definition: string;
  readonly origin: number;
  readonly droppedThrough: number;
  /** How far the source was heard, in its own words; null where it keeps no history. */
  readonly cursor: string | null;
}

/** Done, or done when settled. */
export type Done = void | Promise<void>;

export interface Store {
  /** The life of the sequence of ids: another one means other ids. */
  readonly epoch: string;
  /** Ids of this run are above this. */
  readonly startId: number;
  /** Something a person should know: what was set aside, and where. */
  readonly notice: string | undefined;
  /** As found when it was opened. */
  watchers(): readonly StoredWatcher[];
  events(watcher: string): readonly Retained[];
  /** Make or replace a definition; its events stay. */
  putWatcher(watcher: StoredWatcher): Done;
  deleteWatcher(id: string): Done;
  /** All or nothing, with the watcher's cursor. Drops what is up to its `droppedThrough`. */
  append(watcher: StoredWatcher, events: readonly Retained[]): Done;
  /** Everything of a watcher anew. */
  rewrite(watcher: StoredWatcher, events: readonly Retained[]): Done;
  /** Calls `listener` when a store that was away is there again. */
  onBack?(listener: () => void): void;
  /** @param lastId highest id told: the next run goes on from there */
  close(lastId: number): Done;
}
