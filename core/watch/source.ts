/**
 * The origin of changes: a branch of a core, a real directory, or a test's fake.
 *
 * A source delivers to each attached sink every change at or below its root, in order, one at a time and without
 * delay; delays, filters and limits are the stream's. History comes first, then `history-done`, then live changes,
 * without a gap. If history is lost, the sink gets `rescan` instead.
 */
import type { Change } from './change.ts';
import type { Lister } from './scope.ts';

/** Receives changes one at a time, on the stack of the source. */
export type ChangeSink = (change: Change) => void;

/** Options of `Source.attach`. */
export interface AttachOptions {
  /** Id of the last event known. Absent: live changes only. */
  readonly since?: number;
  /** Also report the root's own path: `root-removed`, `root-moved`, and `rescan` when it exists again. */
  readonly watchRoot?: boolean;
  /** Called for a failure after the start. The attachment has then ended. */
  readonly onError?: (error: unknown) => void;
  /** Called when the source becomes unavailable, and (without an error) when it returns. The attachment stays valid. */
  readonly onInterruption?: (error?: Error) => void;
}

/** A sink attached to a source. */
export interface Attachment {
  /** The path under which changes are reported: without symbolic links. */
  readonly root: string;
  /** Number of the device that contains the root; each core has a number of its own. */
  readonly dev: number;
  /** Resolves once no change can be missed. Rejects with WatcherError. */
  readonly ready: Promise<void>;
  /** No sink is called after this returns. Idempotent. */
  close(): void;
  /** Resolves once `close` was called and the system's watch is released. */
  readonly closed: Promise<void>;
}

/** A source of changes; see above for its contract. */
export interface Source {
  /** Identifies the source's sequence of ids: ids of another epoch are meaningless. */
  readonly epoch: string;
  /** Whether `since` resumes without a gap, unless it is too long ago. */
  readonly remembers?: boolean;
  /** Resolves once `epoch` is known, if it is not from the start. @throws if there is nothing to watch */
  open?(): Promise<void>;
  /** Lists the tree below a path as it is now. */
  readonly list: Lister;
  /** Delivers the changes at and below `root` to `sink`, until the attachment is closed. */
  attach(root: string, sink: ChangeSink, options?: AttachOptions): Attachment;
  /** Id of the last change, or an id below that of every change to come. */
  currentEventId(): number;
  /** Milliseconds since the epoch; undefined if unknown, or no longer known. */
  eventIdToTimestamp(id: number): number | undefined;
}
