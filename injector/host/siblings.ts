/**
 * A file with several names is changed under all of them. Whoever hears of whole trees is told of each, where what
 * happened concerns the file itself; of a new name, which ones it had before.
 */
import { dirname } from 'node:path';
import { Detail, EventKind, type FsEvent } from '../../core/events/fs-event.ts';
import type { FsCore } from '../../core/fs-core.ts';

/** An event on its way to an agent. */
export interface TreeEvent extends FsEvent {
  /** Other names of `ino`; not for Renamed. For Created, `fromParent` is the directory of the first. */
  readonly siblings?: readonly string[];
}

/** More names than these are not told: the kernel has a limit, too, and a frame one of its own. */
const MOST_NAMES = 128;
const MOST_UNITS = 16 * 1024;

const CONCERNED: readonly EventKind[] = [EventKind.Modified, EventKind.Attrib, EventKind.Closed];

/** @param branch whose names they are, as they are now */
export function withSiblings(event: FsEvent, core: FsCore, branch: string): TreeEvent {
  const { kind, type, nlink, detail, ino, path } = event;
  const concerned = CONCERNED.includes(kind) || (kind === EventKind.Created && (detail & Detail.Link) !== 0);
  if (!concerned || type === 'directory' || nlink < 2 || detail & Detail.Orphan) return event;
  const siblings: string[] = [];
  let units = 0;
  const view = core.view(branch, { pid: 0, uid: 0, gid: 0, umask: 0 });
  for (const other of view.pathsOf(ino)) {
    if (other === path) continue;
    units += other.length;
    if (siblings.length === MOST_NAMES || units > MOST_UNITS) break;
    siblings.push(other);
  }
  const [first] = siblings;
  if (first === undefined) return event;
  if (kind !== EventKind.Created) return { ...event, siblings };
  return { ...event, siblings, fromParent: view.stat({ path: dirname(first) }).ino };
}
