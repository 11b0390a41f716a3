/**
 * The core's event for a change.
 *
 * One event for one operation, emitted after the operation is committed, in order of id.
 */

/** Values travel on the wire (core/protocol.ts) and are never renumbered. */
export const EventKind = {
  Created: 1,
  Removed: 2,
  Modified: 3,
  Renamed: 4,
  Attrib: 5,
  /**
   * The next three are delivered on request only and never journalled. The core emits none of them: the kernel itself
   * notifies inotify watchers of opens and reads (core/inotify); the host notifies agents of a writer's last close.
   */
  Opened: 6,
  Accessed: 7,
  Closed: 8,
} as const;
export type EventKind = (typeof EventKind)[keyof typeof EventKind];
/** Name of an event kind. */
export type EventKindName = keyof typeof EventKind;

/** Details of a change, beyond its kind. A bit set. */
export const Detail = {
  /** The file grew. */
  Extended: 1 << 0,
  /** ftruncate, truncate or O_TRUNC set the size (with Extended: to a larger size). */
  Truncated: 1 << 1,
  Mode: 1 << 2,
  Owner: 1 << 3,
  /** utimes and its family: times set explicitly, not as a side effect. */
  Times: 1 << 4,
  Xattr: 1 << 5,
  /** Created by link(2), or the link count changed while the inode lives on. */
  Link: 1 << 6,
  /** Closed: the descriptor was open for writing. */
  ClosedAfterWrite: 1 << 7,
  /** Renamed: `from` and `path` were exchanged (RENAME_EXCHANGE); `replaced` is the other inode. */
  Exchanged: 1 << 8,
  /** The inode has no name left (written or changed through an open descriptor). */
  Orphan: 1 << 9,
  /** A native write, reported afterwards; several writes may be one event. */
  Native: 1 << 10,
  /** BSD file flags (chflags). */
  Flags: 1 << 11,
  /** With Times: only the time of access was set, or only the time of modification. */
  AccessTime: 1 << 12,
  ModifyTime: 1 << 13,
  /** Modified, sent to an agent: some process still has the file open for writing. Subtree subscribers are notified of its last close. */
  Writing: 1 << 16,
} as const;

/** Type of an inode, from the S_IFMT bits of its mode. */
export type FileType = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'char' | 'block';

/** A committed change in one branch, or a branch's view of a change in a branch below it. */
export interface FsEvent {
  /** Monotonically increasing, < 2^53, one sequence for a core. */
  readonly id: number;
  /** A value of `EventKind`. */
  readonly kind: EventKind;
  /** Absolute path in the branch to which the event is delivered; for Renamed the new path. */
  readonly path: string;
  /** Renamed only: the old path. */
  readonly from?: string;
  /** Inode number. */
  readonly ino: number;
  /** Inode of the directory that holds `path`; 0 for the root and for orphans. */
  readonly parent: number;
  /** Renamed only: inode of the directory that held `from`. */
  readonly fromParent?: number;
  /**
   * Renamed: the inode that lost the name `path` (or, with Exchanged, now has the name `from`).
   * Created: the inode replaced, if the branch sees only the target of a rename.
   */
  readonly replaced?: { readonly ino: number; readonly type: FileType; readonly nlink: number };
  /** Type of the inode. */
  readonly type: FileType;
  /** Link count of `ino` after the operation. */
  readonly nlink: number;
  /** Process that caused it; 0 for the host. */
  readonly pid: number;
  /** Name of the branch whose operation caused it. */
  readonly branch: string;
  /** Milliseconds since the epoch, by the core's clock. */
  readonly time: number;
  /** A set of `Detail` bits. */
  readonly detail: number;
}

/** Consumer of events. An error it throws is reported once and does not affect other sinks. */
export type EventSink = (event: FsEvent) => void;

const NAMES = Object.fromEntries(Object.entries(EventKind).map(([name, value]) => [value, name])) as Record<
  EventKind,
  EventKindName
>;

/** `EventKind.Created` → `'Created'`. */
export const kindName = (kind: EventKind): EventKindName => NAMES[kind];
