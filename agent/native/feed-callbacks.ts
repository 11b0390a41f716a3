/** Callbacks that concern kqueue, Dispatch and FSEvents alike: the host's events, closed descriptors, the agent's end. */
import type { EventFeed } from '../events/event-feed.ts';
import type { InodeWatches } from '../events/inode-watches.ts';
import type { GateLibrary } from './gate-library.ts';

/** A watch API that the agent translates to. It receives events from the feed. */
export interface TranslatedApi {
  /** A descriptor number is about to be closed. */
  fdClosed?(fd: number): void;
  /** The feed has ended and the script is about to be unloaded: store the pending events in the gate. */
  detach?(): void;
}

export interface FeedCallbacks {
  readonly fdClosed: NativePointer;
  readonly events: NativePointer;
  /**
   * Call before the script is unloaded, for any reason. Every watch reports the end of its file, as after a forced
   * unmount. Idempotent.
   */
  detach(): void;
}

export function feedCallbacks(
  gate: GateLibrary,
  feed: EventFeed,
  watches: InodeWatches,
  apis: readonly TranslatedApi[],
): FeedCallbacks {
  const reportWatches = (): number => watches.flush((inodes, on) => gate.watch(inodes, on));
  const fdClosed = new NativeCallback(
    (fd) => {
      for (const api of apis) api.fdClosed?.(fd);
      reportWatches();
    },
    'void',
    ['int32'],
  );
  let detached = false;
  const detach = (): void => {
    if (detached) return;
    detached = true;
    feed.end();
    for (const api of apis) api.detach?.();
    gate.gone();
  };
  const events = new NativeCallback(
    (bytes, length) => {
      // No copy: the gate reuses this buffer for its next read, and the decoder copies the bytes that it keeps.
      if (length === 0) detach();
      else {
        const error = feed.push(ArrayBuffer.wrap(bytes, length));
        if (error !== undefined) send({ type: 'trouble', reason: `invalid event stream: ${error.message}` });
      }
      return feed.seq >>> 0;
    },
    'uint32',
    ['pointer', 'uint32'],
  );
  return { fdClosed, events, detach };
}
