/** The gate's functions for FSEvents streams, and the memory through which their arguments are passed. */
import { SubtreeMode } from '../../core/protocol.ts';
import type { StreamEvent } from '../fsevents/coalescing-window.ts';
import { encodedEventsLength, putEvents, putPaths } from '../fsevents/records.ts';
import type { GateLibrary } from './gate-library.ts';

/** Limit of path bytes in a subtree request: below the limit of a request, with room for its other fields. */
const MAX_PATH_BYTES = 64 * 1024;

/** For short native calls, which never wait for JavaScript. */
const BRIEF: NativeFunctionOptions = { scheduling: 'exclusive', exceptions: 'propagate' };

const bind = (gate: GateLibrary) => {
  const at = (name: string): NativePointer => gate.module.getExportByName(name);
  return {
    push: new NativeFunction(
      at('shimfs_stream_push'),
      'uint32',
      ['uint32', 'pointer', 'uint32', 'uint32', 'uint64'],
      BRIEF,
    ),
    hold: new NativeFunction(at('shimfs_stream_hold'), 'int', ['uint32'], BRIEF),
    subtree: new NativeFunction(
      at('shimfs_agent_subtree'),
      'int64',
      ['uint32', 'uint32', 'pointer', 'uint32', 'uint64'],
      BRIEF,
    ),
    raise: new NativeFunction(at('shimfs_agent_raise'), 'void', ['uint64'], BRIEF),
    clock: new NativeFunction(at('shimfs_clock'), 'uint64', [], BRIEF),
    log: new NativeFunction(at('shimfs_log'), 'void', ['pointer'], BRIEF),
    // Without BRIEF, so that the engine's lock is released: waking a run loop or queue can run code that needs it.
    wake: new NativeFunction(at('shimfs_streams_wake'), 'void', []),
    install: new NativeFunction(at('shimfs_streams_install'), 'void', ['pointer']),
  };
};

export class FseventsGate {
  readonly #native: ReturnType<typeof bind>;
  #scratch = { address: NULL, bytes: new Uint8Array(0) };

  constructor(gate: GateLibrary) {
    this.#native = bind(gate);
  }

  install(callback: NativePointer): void {
    this.#native.install(callback);
  }

  /** Adds the roots in requests of at most MAX_PATH_BYTES. @returns the core's newest event id, or a negative errno */
  subscribe(stream: number, roots: readonly string[]): number {
    let newest = 0;
    for (let i = 0; i < roots.length || i === 0; ) {
      const part: string[] = [];
      for (let length = 0; i < roots.length; i++) {
        length += 3 * roots[i]!.length + 1;
        if (part.length > 0 && length > MAX_PATH_BYTES) break;
        part.push(roots[i]!);
      }
      const paths = putPaths(part);
      const { address, bytes } = this.#memory(paths.length);
      bytes.set(paths);
      newest = this.#native.subtree(stream, SubtreeMode.Add, address, paths.length, 0).toNumber();
      if (newest < 0 || roots.length === 0) break;
    }
    return newest;
  }

  unsubscribe(stream: number): void {
    this.#native.subtree(stream, SubtreeMode.Remove, NULL, 0, 0);
  }

  replay(stream: number, since: number): void {
    this.#native.subtree(stream, SubtreeMode.Replay, NULL, 0, since);
  }

  /** @returns number of events queued and not delivered yet */
  push(stream: number, events: readonly StreamEvent[]): number {
    const length = encodedEventsLength(events);
    const { address, bytes } = this.#memory(length);
    putEvents(events, bytes.subarray(0, length));
    const newest = events.reduce((id, event) => Math.max(id, event.id), 0);
    return this.#native.push(stream, address, length, events.length, newest);
  }

  hold(stream: number): boolean {
    return this.#native.hold(stream) !== 0;
  }

  raise(id: number): void {
    this.#native.raise(id);
  }

  /** Milliseconds of a monotonic clock. */
  now(): number {
    return this.#native.clock().toNumber() / 1000;
  }

  log(text: string): void {
    this.#native.log(Memory.allocUtf8String(text));
  }

  /** Wake the run loops and queues of all streams with events. */
  wake(): void {
    this.#native.wake();
  }

  #memory(length: number): { readonly address: NativePointer; readonly bytes: Uint8Array } {
    if (this.#scratch.bytes.length < length) {
      const address = Memory.alloc(length * 2);
      this.#scratch = { address, bytes: new Uint8Array(ArrayBuffer.wrap(address, length * 2)) };
    }
    return this.#scratch;
  }
}
