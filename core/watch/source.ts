/**
 * Where changes come from: a branch of a core, a real directory, or whatever a test makes up.
 *
 * A source tells each attached sink everything at or below its root, in order, one change at a time and as it
 * happens; delays, filters and limits are the stream's. History comes first, then `history-done`, then what is
 * live, with no gap between. Where history is lost the sink gets `rescan` instead.
 */
import type { Change } from './change.ts';
import type { Lister } from './scope.ts';

export type ChangeSink = (change: Change) => void;

export interface AttachOptions {
  /** Id of the last event known. Absent: only what is to come. */
  readonly since?: number;
  /** Watch for the root's own path, too: `root-removed`, `root-moved`, and `rescan` when it is there again. */
  readonly watchRoot?: boolean;
  /** A failure after the start. The attachment is dead then. */
  readonly onError?: (error: unknown) => void;
  /** The source is away for a while, and later (without an error) there again. The attachment lives meanwhile. */
  readonly onInterruption?: (error?: Error) => void;
}

export interface Attachment {
  /** The path under which changes are told: without symbolic links. */
  readonly root: string;
  /** Number of the device that holds the root; of a core one of its own. */
  readonly dev: number;
  /** Resolves once no change can be missed. Rejects with WatcherError. */
  readonly ready: Promise<void>;
  /** No sink is called after this returns. May be called again. */
  close(): void;
  /** Resolves once `close` was called and the system's watch is gone. */
  readonly closed: Promise<void>;
}

export interface Source {
  /** The life of the source that ids belong to: those of another epoch mean nothing here. */
  readonly epoch: string;
  /** Does `since` go on where it was, unless that is too long ago? */
  readonly remembers?: boolean;
  /** Resolves once `epoch` is known, where that is not from the start. @throws when there is nothing to watch */
  open?(): Promise<void>;
  readonly list: Lister;
  attach(root: string, sink: ChangeSink, options?: AttachOptions): Attachment;
  /** Id of the last change, or below that of any to come. */
  currentEventId(): number;
  /** Milliseconds since the epoch; undefined if that is not known (any more). */
  eventIdToTimestamp(id: number): number | undefined;
}
