/** The kqueue bridge between the gate's C calls and the program's memory. */

import { CODECS, Family } from '../kqueue/kevent-codec.ts';
import { KqueueBridge, type KqueueOptions } from '../kqueue/kqueue-bridge.ts';
import { type GateLibrary, viewOf } from './gate-library.ts';

export interface KqueueCallbacks {
  readonly bridge: KqueueBridge;
  /** In the order of struct shimfs_agent. To be kept alive for as long as the process runs. */
  readonly pointers: readonly NativePointer[];
  /**
   * To be called before the script goes, for whatever reason: every watcher is told that its file has gone, by the
   * gate, which needs no JavaScript for it. Idempotent.
   */
  leave(): void;
}

export function kqueueCallbacks(gate: GateLibrary, options: KqueueOptions): KqueueCallbacks {
  /** The change list of the call at hand, for the changes that are the system's. */
  let current = { kq: 0, family: 0, changes: NULL, size: 0 };
  /** Watches that came and went during a call; told to the host together. */
  const changed = new Map<number, boolean>();

  const bridge = new KqueueBridge(
    {
      lookupFd(fd) {
        const ino = gate.inode(fd).toNumber();
        return ino === 0 ? undefined : { ino };
      },
      applyKernel: (index) =>
        gate.apply(current.kq, current.family, current.changes.add(index * current.size)),
      watch: (ino, on) => void changed.set(ino, on),
      signal: (kq, pending) => void gate.signal(kq, pending ? 1 : 0),
    },
    options,
  );

  const tellWatches = (): number => {
    if (changed.size === 0) return 0;
    const on = [...changed].filter(([, wanted]) => wanted).map(([ino]) => ino);
    const off = [...changed].filter(([, wanted]) => !wanted).map(([ino]) => ino);
    changed.clear();
    if (off.length > 0) gate.watch(off, false);
    return on.length > 0 ? gate.watch(on, true) : 0;
  };

  const changes = new NativeCallback(
    (kq, family, list, nchanges, events, nevents, flags) => {
      const size = CODECS[family as Family].size;
      current = { kq, family, changes: list, size };
      const produced = bridge.changes(
        kq,
        family as Family,
        viewOf(list, Math.max(nchanges, 0) * size),
        nchanges,
        viewOf(events, Math.max(nevents, 0) * size),
        nevents,
        flags,
      );
      const failed = tellWatches();
      return failed < 0 ? failed : produced;
    },
    'int32',
    ['uint32', 'uint32', 'pointer', 'int32', 'pointer', 'int32', 'uint32'],
  );
  const drain = new NativeCallback(
    (kq, family, events, capacity) =>
      bridge.drain(
        kq,
        family as Family,
        viewOf(events, Math.max(capacity, 0) * CODECS[family as Family].size),
        0,
        capacity,
      ),
    'int32',
    ['uint32', 'uint32', 'pointer', 'int32'],
  );
  const fdClosed = new NativeCallback(
    (fd) => {
      bridge.fdClosed(fd);
      tellWatches();
    },
    'void',
    ['int32'],
  );
  const queueClosed = new NativeCallback(
    (kq) => {
      bridge.kqClosed(kq);
      tellWatches();
    },
    'void',
    ['uint32'],
  );
  let left = false;
  const leave = (): void => {
    if (left) return;
    left = true;
    bridge.hostGone();
    const size = CODECS[Family.KeventQos].size;
    for (const kq of bridge.queues()) {
      const room = bridge.pendingCount(kq);
      if (room === 0) continue;
      const records = Memory.alloc(room * size);
      const count = bridge.drain(kq, Family.KeventQos, viewOf(records, room * size), 0, room);
      gate.leave(kq, records, count);
    }
    gate.gone();
  };
  const events = new NativeCallback(
    (bytes, length) => {
      // The decoder keeps copies of what it keeps: the memory is the reader's, and used again.
      if (length === 0) leave();
      else if (bridge.onEvents(ArrayBuffer.wrap(bytes, length)) !== undefined)
        send({ type: 'trouble', reason: 'the host sent what is no event' });
      return bridge.seq >>> 0;
    },
    'uint32',
    ['pointer', 'uint32'],
  );
  return { bridge, pointers: [changes, drain, fdClosed, queueClosed, events], leave };
}
