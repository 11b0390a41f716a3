/** The interface of one stream: what the program asked for at its creation, and what the stream needs from outside. */
import type { StreamEvent } from './coalescing-window.ts';
import type { Root } from './roots.ts';

export interface StreamSpec {
  /** Unique in the process. */
  readonly number: number;
  /** A set of CreateFlag. */
  readonly flags: number;
  /** Milliseconds. */
  readonly latency: number;
  /** Replay the events after this id; undefined: no replay. */
  readonly since: number | undefined;
  readonly roots: readonly Root[];
  /** The process itself, for IgnoreSelf and MarkSelf. */
  readonly pid: number;
  /** Mounts: directories at which the virtual tree hides the real one. */
  readonly mounts: readonly string[];
  /** A root is real or contains real files: a stream of the system reports those. */
  readonly mixed: boolean;
}

export interface StreamPorts {
  /** Subscribe to events of these paths. @returns the newest event's id in the core, or a negative errno */
  subscribe(stream: number, roots: readonly string[]): number;
  unsubscribe(stream: number): void;
  /** Ask the host for a replay: `replayed`, …, `replayEnd` follow. @param since id of the core */
  replay(stream: number, since: number): void;
  /** Queue for delivery. @returns number of events queued and not delivered yet */
  push(stream: number, events: readonly StreamEvent[]): number;
  /** Have `drained` called once all queued events are delivered. @returns false: they are already */
  hold(stream: number): boolean;
  /** The system's ids have reached this one: the host's next ids must be above it. @param id of the core */
  raise(id: number): void;
  /** Milliseconds of a monotonic clock. */
  now(): number;
}
