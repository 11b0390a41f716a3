/**
 * What outlives the service: definitions of watchers and the events retained.
 *
 * The service serves from memory and writes through, so a store that fails costs durability and nothing else.
 */
import type { Retained } from '../ring.ts';

export interface StoredWatcher {
  readonly id: string;
  /** Definition as JSON. */
  readonly definition: string;
  readonly origin: number;
  readonly droppedThrough: number;
}

export interface Store {
  /** The life of the sequence of ids: another one means other ids. */
  readonly epoch: string;
  /** Ids of this run are above this. */
  readonly startId: number;
  /** Something a person should know: what was set aside, and where. */
  readonly notice: string | undefined;
  watchers(): readonly StoredWatcher[];
  events(watcher: string): readonly Retained[];
  /** Make or replace a definition; its events stay. */
  putWatcher(watcher: StoredWatcher): void;
  deleteWatcher(id: string): void;
  /** All or nothing. Drops what is up to `droppedThrough`. */
  append(watcher: string, events: readonly Retained[], droppedThrough: number): void;
  /** Everything of a watcher anew. */
  rewrite(watcher: StoredWatcher, events: readonly Retained[]): void;
  /** @param lastId highest id told: the next run goes on from there */
  close(lastId: number): void;
}
