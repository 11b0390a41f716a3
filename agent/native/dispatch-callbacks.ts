/** Connects the gate's calls on Dispatch sources to DispatchSources. */
import { DispatchSources } from '../dispatch/dispatch-sources.ts';
import type { EventFeed } from '../events/event-feed.ts';
import type { InodeWatches } from '../events/inode-watches.ts';
import type { TranslatedApi } from './feed-callbacks.ts';
import type { GateLibrary } from './gate-library.ts';

export interface DispatchCallbacks extends TranslatedApi {
  /** Keep referenced for as long as the process runs: native code holds the pointer. */
  readonly dispatch: NativePointer;
}

export function dispatchCallbacks(
  gate: GateLibrary,
  feed: EventFeed,
  watches: InodeWatches,
): DispatchCallbacks {
  const sources = new DispatchSources({
    lookupFd(fd) {
      const ino = gate.inode(fd).toNumber();
      return ino === 0 ? undefined : { ino };
    },
    watch: (ino, on) => watches.change(ino, on),
    merge: (id, bits) => gate.merge(id, bits) !== 0,
  });
  feed.listen(sources);
  const dispatch = new NativeCallback(
    (op, id, fd, mask) => {
      sources.handle(op, id, fd, mask);
      return watches.flush((inodes, on) => gate.watch(inodes, on));
    },
    'int32',
    ['uint32', 'uint32', 'int32', 'uint32'],
  );
  return { dispatch, fdClosed: (fd) => sources.fdClosed(fd) };
}
