/** Watching: streams of changes over branches of a core and real directories, and their rules. */
export { type Accumulated, Accumulator, accumulated } from './accumulator.ts';
export type { WatchBatch } from './batch.ts';
export { type BranchSource, branchSource } from './branch-source.ts';
export { BUFFER_CAPACITY, type BufferOptions, ChangeBuffer } from './buffer.ts';
export { type Change, type ChangeKind, type ChangeType, type ControlKind, isControl } from './change.ts';
export { Collapser, collapse } from './collapse.ts';
export { DEBOUNCE_DEFAULTS, type DebounceOptions, Debouncer } from './debounce.ts';
export { DirectorySource, type DirectorySourceOptions, directorySource } from './directory-source.ts';
export { ErrWatcherStopped, WatcherError } from './errors.ts';
export {
  EventFlag,
  type EventType,
  eventType,
  flagOf,
  type ScanType,
  scanType,
  shouldRescan,
  type WatchEvent,
} from './event-flag.ts';
export { type BatchCallback, EventStream, type EventStreamOptions } from './event-stream.ts';
export { EventWatcher, type SpawnOptions } from './event-watcher.ts';
export {
  compileFilter,
  type Filter,
  OBJECT_STORE_RULES,
  type Rule,
  simpleRules,
  type Verdict,
} from './filter.ts';
export { type ObjectEvent, ObjectWatcher, objectEvents } from './object-watcher.ts';
export type { Lister, TreeEntry } from './scope.ts';
export type { Attachment, AttachOptions, ChangeSink, Source } from './source.ts';
export { systemTimers, type Timers } from './timers.ts';
