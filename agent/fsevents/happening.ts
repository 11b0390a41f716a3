/** A change of the tree, as far as streams care. */
import type { EventFrame } from '../events/event-frame.ts';

export interface Happening {
  /** The core's id; 0: not one of its history's (another view of the tree). */
  readonly id: number;
  /** EventKind */
  readonly kind: number;
  /** WireType of `ino` */
  readonly type: number;
  /** A set of Detail */
  readonly detail: number;
  readonly ino: number;
  /** Names of `ino` afterwards. */
  readonly nlink: number;
  readonly pid: number;
  readonly path: string;
  /** Renamed: the old path. Else empty. */
  readonly from: string;
  /** The inode that lost the name `path`; 0 for none. */
  readonly replaced: number;
  readonly replacedType: number;
  readonly replacedNlink: number;
}

/** Outlives the frame. */
export const happeningOf = (frame: EventFrame): Happening => ({
  id: frame.id,
  kind: frame.kind,
  type: frame.type,
  detail: frame.detail,
  ino: frame.ino,
  nlink: frame.nlink,
  pid: frame.pid,
  path: frame.path,
  from: frame.from,
  replaced: frame.replaced,
  replacedType: frame.replacedType,
  replacedNlink: frame.replacedNlink,
});
