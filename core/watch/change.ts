/**
 * A change as every source delivers it, and on which every rule of this folder works.
 *
 * A change names paths as its consumer knows them. One operation may be several changes with one id (a rename into
 * view creates everything below it); an id is never reused for another operation.
 */
import type { FileType } from '../events/fs-event.ts';

/** Kind of a change of a file. `update`: contents; `attrib`: mode, owner, times or extended attributes. */
export type ChangeKind = 'create' | 'update' | 'attrib' | 'delete' | 'rename';

/**
 * Changes about the watch rather than about a file:
 * - `overflow`: `count` changes were dropped below `path`; scan it
 * - `rescan`: the changes below `path` are unknown; scan it
 * - `root-removed`: the watched path `path` was removed
 * - `root-moved`: the watched path `from` is now `path`
 * - `history-done`: later changes are live; path and id mean nothing
 */
export type ControlKind = 'overflow' | 'rescan' | 'root-removed' | 'root-moved' | 'history-done';

/** `unknown`: the file was removed before its type could be read. */
export type ChangeType = FileType | 'unknown';

/** One change below a watched root, or a message about the watch itself. */
export interface Change {
  /** Kind of the change, or of the message about the watch. */
  readonly kind: ChangeKind | ControlKind;
  /** Absolute path; for a rename the new path. */
  readonly path: string;
  /** rename, root-moved: the path before. */
  readonly from?: string;
  /** Type of the file. */
  readonly type: ChangeType;
  /** Id of the last operation included. < 2^53. */
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** rename: type of the file that lost the name `path`. */
  readonly replaced?: ChangeType;
  /** rename: `from` and `path` were exchanged. */
  readonly exchanged?: boolean;
  /** Inode number; 0 or absent if the source does not know it. */
  readonly ino?: number;
  /** Link count of the inode; absent if the source does not know it. */
  readonly links?: number;
  /** overflow: number of changes dropped. */
  readonly count?: number;
}

const CONTROL: ReadonlySet<string> = new Set<ControlKind>([
  'overflow',
  'rescan',
  'root-removed',
  'root-moved',
  'history-done',
]);

/** Whether a change is about the watch rather than about a file. */
export const isControl = (change: Change): boolean => CONTROL.has(change.kind);

export const control = (kind: ControlKind, path: string, id: number, time: number): Change => ({
  kind,
  path,
  type: 'unknown',
  id,
  time,
});
