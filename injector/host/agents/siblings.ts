/**
 * A file with several names changes under all of them. Subtree watches are notified of each name when the file itself
 * changed; for a new name, the event carries the names that existed before.
 */
import { dirname } from 'node:path';
import { Detail, EventKind, type FsEvent } from '../../../core/events/fs-event.ts';
import type { FsCore } from '../../../core/fs-core.ts';

/** An event as it is sent to an agent. */
export interface TreeEvent extends FsEvent {
  /** Other names of `ino`; not for Renamed. For Created, `fromParent` is the directory of the first. */
  readonly siblings?: readonly string[];
}

/** Further names are left out: a frame is limited. */
const MAX_NAMES = 128;
const MAX_NAME_UNITS = 16 * 1024;

const CONCERNED: readonly EventKind[] = [EventKind.Modified, EventKind.Attrib, EventKind.Closed];

/** @param branch its current names are used */
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
    if (siblings.length === MAX_NAMES || units > MAX_NAME_UNITS) break;
    siblings.push(other);
  }
  const [first] = siblings;
  if (first === undefined) return event;
  if (kind !== EventKind.Created) return { ...event, siblings };
  return { ...event, siblings, fromParent: view.stat({ path: dirname(first) }).ino };
}
