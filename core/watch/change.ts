/**
 * What every source says of a change, and what every rule of this folder works on.
 *
 * A change names paths as its consumer knows them. One operation may be several changes with one id (a rename into
 * view brings what is below); an id never comes back for another operation.
 */
import type { FileType } from '../events/fs-event.ts';

export type ChangeKind = 'create' | 'update' | 'attrib' | 'delete' | 'rename';

/**
 * What is told about the watch rather than about a file:
 * - `overflow`: `count` changes were dropped below `path`; scan it
 * - `rescan`: what happened below `path` is not known; scan it
 * - `root-removed`: the watched path `path` is gone
 * - `root-moved`: the watched path `from` is now called `path`
 * - `history-done`: what follows is live; path and id mean nothing
 */
export type ControlKind = 'overflow' | 'rescan' | 'root-removed' | 'root-moved' | 'history-done';

/** `unknown`: it was gone before anyone could look. */
export type ChangeType = FileType | 'unknown';

export interface Change {
  readonly kind: ChangeKind | ControlKind;
  readonly path: string;
  /** rename, root-moved: the path before. */
  readonly from?: string;
  readonly type: ChangeType;
  /** Of the last operation that is in it. < 2^53. */
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** rename: what lost the name `path`. */
  readonly replaced?: ChangeType;
  /** rename: `from` and `path` changed places. */
  readonly exchanged?: boolean;
  /** 0 or absent where the source does not know. */
  readonly ino?: number;
  /** Names of the inode; absent where the source does not know. */
  readonly links?: number;
  /** overflow: how many changes were dropped. */
  readonly count?: number;
}

const CONTROL: ReadonlySet<string> = new Set<ControlKind>([
  'overflow',
  'rescan',
  'root-removed',
  'root-moved',
  'history-done',
]);

export const isControl = (change: Change): boolean => CONTROL.has(change.kind);

export const control = (kind: ControlKind, path: string, id: number, time: number): Change => ({
  kind,
  path,
  type: 'unknown',
  id,
  time,
});
