/**
 * Files that were written while open. FSEvents streams notify a write when the last writable descriptor is closed.
 */
import { Detail, EventKind, type FsEvent } from '../../../core/events/fs-event.ts';
import type { FsCore } from '../../../core/fs-core.ts';
import type { Writers } from './writers.ts';

export class OpenWrites {
  readonly #core: FsCore;
  readonly #writers: Writers;
  /** The last Modified event of each inode that is open for writing. */
  readonly #written = new Map<number, FsEvent>();

  constructor(core: FsCore, writers: Writers) {
    this.#core = core;
    this.#writers = writers;
  }

  /** The event as agents receive it: with `Writing` while the file is open for writing. */
  mark(event: FsEvent): FsEvent {
    if (event.kind !== EventKind.Modified || !this.#writers.hasInode(event.ino)) return event;
    this.#written.set(event.ino, event);
    return { ...event, detail: event.detail | Detail.Writing };
  }

  /** Reports the close of the last writer. @returns its event, undefined if nothing was written or no name is left */
  closed(ino: number): FsEvent | undefined {
    const event = this.#written.get(ino);
    if (!event || !this.#written.delete(ino)) return undefined;
    try {
      const view = this.#core.view(event.branch, { pid: 0, uid: 0, gid: 0, umask: 0 });
      const { path, orphan } = view.pathOf(ino);
      if (orphan) return undefined;
      const { nlink } = view.stat({ dir: ino, path: '' });
      const id = this.#core.takeEventId();
      return {
        ...event,
        id,
        kind: EventKind.Closed,
        path,
        nlink,
        detail: Detail.ClosedAfterWrite | Detail.Writing,
      };
    } catch {
      // The file or its branch was removed meanwhile.
      return undefined;
    }
  }
}
