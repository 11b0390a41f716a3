/** The filesystem core: the public interface for library users and the injector. */
export type { Attr } from './attr.ts';
export type { Clock, Timespec } from './clock.ts';
export * as constants from './constants.ts';
export type { Backstore } from './content/content-store.ts';
export { ERRNO, type ErrnoCode, errorMessage, FsError } from './errors.ts';
export type { SinkErrorHandler } from './events/event-hub.ts';
export {
  Detail,
  EventKind,
  type EventKindName,
  type EventSink,
  type FileType,
  type FsEvent,
  kindName,
} from './events/fs-event.ts';
export { FsCore, type FsCoreConfig } from './fs-core.ts';
export { type Follow, FsView, type OpenResult } from './fs-view.ts';
export type { History, JournalLimits } from './journal.ts';
export type { BranchInfo, SnapshotInfo } from './layers/branch-table.ts';
export type { Owner } from './mounts.ts';
export type { NodeFs } from './node-fs/node-fs.ts';
export type { DirectoryEntry, PageLimit } from './ops/directory.ts';
export type { TimeChange } from './ops/metadata.ts';
export type { StatFs } from './ops/view-context.ts';
export type {
  ChangeKind as OverlayChangeKind,
  Conflict as OverlayConflict,
  OverlayChange,
} from './overlay/changes.ts';
export type { CommitFailure, CommitResult } from './overlay/commit.ts';
export type { OverlayCommit } from './overlay/overlays.ts';
export { decodePath, encodePath } from './path-bytes.ts';
export type { Caller } from './permission.ts';
export { MountExit, type Place } from './walk.ts';
