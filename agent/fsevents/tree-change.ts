/** A change of the tree: the fields of an event that streams use, copied out of its frame. */
import { EventKind } from '../../core/events/fs-event.ts';
import type { EventFrame } from '../events/event-frame.ts';

export interface TreeChange {
  /** The core's id; 0: the change is not in the journal (it belongs to another view of the tree). */
  readonly id: number;
  /** EventKind */
  readonly kind: number;
  /** WireType of `ino` */
  readonly type: number;
  /** A set of Detail */
  readonly detail: number;
  readonly ino: number;
  /** Link count of `ino` after the change. */
  readonly nlink: number;
  readonly pid: number;
  readonly path: string;
  /** Renamed: the old path. Else empty. */
  readonly from: string;
  /** Other names of `ino`, for changes reported under all of them: of the file itself, or by a new link. */
  readonly siblings: readonly string[];
  /** Renamed: the directory of `from`; Created by link(2): that of the first sibling. */
  readonly fromParent: number;
  /** The inode that lost the name `path`; 0 for none. */
  readonly replaced: number;
  readonly replacedType: number;
  readonly replacedNlink: number;
}

export const treeChangeOf = (frame: EventFrame): TreeChange => ({
  ...namesOf(frame),
  id: frame.id,
  kind: frame.kind,
  type: frame.type,
  detail: frame.detail,
  ino: frame.ino,
  nlink: frame.nlink,
  pid: frame.pid,
  fromParent: frame.fromParent,
  replaced: frame.replaced,
  replacedType: frame.replacedType,
  replacedNlink: frame.replacedNlink,
});

/** `from` holds the old path of a rename; in other events, the sibling names, separated by NUL. */
function namesOf({ kind, path, from }: EventFrame): Pick<TreeChange, 'path' | 'from' | 'siblings'> {
  if (kind === EventKind.Renamed || from === '') return { path, from, siblings: [] };
  return { path, from: '', siblings: from.split('\0') };
}
