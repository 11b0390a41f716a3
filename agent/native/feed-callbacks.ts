/** What all APIs of the program share: the host's events, descriptors that are closed, and the agent's end. */
import type { EventFeed } from '../events/event-feed.ts';
import type { InodeWatches } from '../events/inode-watches.ts';
import type { GateLibrary } from './gate-library.ts';

/** One translated API, as far as the others' events concern it. Its events it takes from the feed. */
export interface TranslatedApi {
  /** A descriptor number is about to be free. */
  fdClosed?(fd: number): void;
  /** The feed has ended and the script goes: leave with the gate what is still to be told. */
  leave?(): void;
}

export interface FeedCallbacks {
  readonly fdClosed: NativePointer;
  readonly events: NativePointer;
  /**
   * To be called before the script goes, for whatever reason: every watcher is told that its file has gone.
   * Idempotent.
   */
  leave(): void;
}

export function feedCallbacks(
  gate: GateLibrary,
  feed: EventFeed,
  watches: InodeWatches,
  apis: readonly TranslatedApi[],
): FeedCallbacks {
  const tellWatches = (): number => watches.flush((inodes, on) => gate.watch(inodes, on));
  const fdClosed = new NativeCallback(
    (fd) => {
      for (const api of apis) api.fdClosed?.(fd);
      tellWatches();
    },
    'void',
    ['int32'],
  );
  let left = false;
  const leave = (): void => {
    if (left) return;
    left = true;
    feed.end();
    for (const api of apis) api.leave?.();
    gate.gone();
  };
  const events = new NativeCallback(
    (bytes, length) => {
      // The decoder keeps copies of what it keeps: the memory is the reader's, and used again.
      if (length === 0) leave();
      else if (feed.push(ArrayBuffer.wrap(bytes, length)) !== undefined)
        send({ type: 'trouble', reason: 'the host sent what is no event' });
      return feed.seq >>> 0;
    },
    'uint32',
    ['pointer', 'uint32'],
  );
  return { fdClosed, events, leave };
}
