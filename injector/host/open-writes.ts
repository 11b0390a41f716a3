/**
 * Files that were written and may be written on. Who watches a whole tree the way FSEvents does hears of a write
 * when the last descriptor for writing is closed.
 */
import { Detail, EventKind, type FsEvent } from '../../core/events/fs-event.ts';
import type { FsCore } from '../../core/fs-core.ts';
import type { Writers } from './writers.ts';

export class OpenWrites {
  readonly #core: FsCore;
  readonly #writers: Writers;
  /** By inode, the last change that was told. As many as files open for writing. */
  readonly #written = new Map<number, FsEvent>();

  constructor(core: FsCore, writers: Writers) {
    this.#core = core;
    this.#writers = writers;
  }

  /** The event as agents are to be told it. */
  mark(event: FsEvent): FsEvent {
    if (event.kind !== EventKind.Modified || !this.#writers.hasInode(event.ino)) return event;
    this.#written.set(event.ino, event);
    return { ...event, detail: event.detail | Detail.Writing };
  }

  /** The last writer of `ino` has left. @returns what is to be told of it, if it was written and has a name */
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
      // The file has gone meanwhile, or its branch.
      return undefined;
    }
  }
}
