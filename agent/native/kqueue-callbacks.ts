/** Connects the gate's kevent calls to KqueueBridge, which reads and writes the program's own records. */
import type { EventFeed } from '../events/event-feed.ts';
import type { InodeWatches } from '../events/inode-watches.ts';
import { CODECS, Family } from '../kqueue/kevent-codec.ts';
import { KqueueBridge, type KqueueOptions, type KqueuePorts } from '../kqueue/kqueue-bridge.ts';
import { type GateLibrary, viewOf } from './gate-library.ts';

export interface KqueueCallbacks {
  /** Keep the callbacks referenced for as long as the process runs: native code holds the pointers. */
  readonly changes: NativePointer;
  readonly drain: NativePointer;
  readonly queueClosed: NativePointer;
  fdClosed(fd: number): void;
  /** Store each queue's pending events in the gate, which delivers them without JavaScript. */
  detach(): void;
}

/** The change list of the current call, for changes that the kernel applies. */
interface CurrentCall {
  kq: number;
  family: number;
  changes: NativePointer;
  /** Bytes of one record. */
  size: number;
}

/** The bridge's access to descriptors and to the kernel, through the gate. */
const bridgePorts = (gate: GateLibrary, watches: InodeWatches, call: CurrentCall): KqueuePorts => ({
  lookupFd(fd) {
    const ino = gate.inode(fd).toNumber();
    return ino === 0 ? undefined : { ino };
  },
  applyKernel: (index) => gate.apply(call.kq, call.family, call.changes.add(index * call.size)),
  watch: (ino, on) => watches.change(ino, on),
  signal: (kq, pending) => void gate.signal(kq, pending ? 1 : 0),
});

export function kqueueCallbacks(
  gate: GateLibrary,
  feed: EventFeed,
  watches: InodeWatches,
  options: Pick<KqueueOptions, 'notes'>,
): KqueueCallbacks {
  const call: CurrentCall = { kq: 0, family: 0, changes: NULL, size: 0 };
  const bridge = new KqueueBridge(bridgePorts(gate, watches, call), { ...options, feed });
  const reportWatches = (): number => watches.flush((inodes, on) => gate.watch(inodes, on));

  const changes = new NativeCallback(
    (kq, family, list, nchanges, events, nevents, flags) => {
      Object.assign(call, { kq, family, changes: list, size: CODECS[family as Family].size });
      const produced = bridge.changes(
        kq,
        family as Family,
        recordsAt(list, nchanges, family as Family),
        nchanges,
        recordsAt(events, nevents, family as Family),
        nevents,
        flags,
      );
      const failed = reportWatches();
      return failed < 0 ? failed : produced;
    },
    'int32',
    ['uint32', 'uint32', 'pointer', 'int32', 'pointer', 'int32', 'uint32'],
  );
  const drain = new NativeCallback(
    (kq, family, events, capacity) =>
      bridge.drain(kq, family as Family, recordsAt(events, capacity, family as Family), 0, capacity),
    'int32',
    ['uint32', 'uint32', 'pointer', 'int32'],
  );
  const queueClosed = new NativeCallback(
    (kq) => {
      bridge.kqClosed(kq);
      reportWatches();
    },
    'void',
    ['uint32'],
  );
  return {
    changes,
    drain,
    queueClosed,
    fdClosed: (fd) => bridge.fdClosed(fd),
    detach: () => storePending(bridge, gate),
  };
}

/** A negative count is 0. */
const recordsAt = (list: NativePointer, count: number, family: Family): DataView =>
  viewOf(list, Math.max(count, 0) * CODECS[family].size);

/** Stores each queue's pending events in the gate, in kevent_qos' layout. */
function storePending(bridge: KqueueBridge, gate: GateLibrary): void {
  for (const kq of bridge.queues()) {
    const count = bridge.pendingCount(kq);
    if (count === 0) continue;
    const records = Memory.alloc(count * CODECS[Family.KeventQos].size);
    const written = bridge.drain(kq, Family.KeventQos, recordsAt(records, count, Family.KeventQos), 0, count);
    gate.leave(kq, records, written);
  }
}
