/** Events for tests of the host's parts. */
import { EventKind, type FsEvent } from '../../../core/events/fs-event.ts';

/** A Created event of a file. */
export const event = (path: string, more: Partial<FsEvent> = {}): FsEvent => ({
  id: 1,
  kind: EventKind.Created,
  path,
  ino: 5,
  parent: 2,
  type: 'file',
  nlink: 1,
  pid: 0,
  branch: 'main',
  time: 0,
  detail: 0,
  ...more,
});
