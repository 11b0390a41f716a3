/** Connects the gate's calls on FSEvents streams to Streams. */
import type { EventFeed } from '../events/event-feed.ts';
import type { StreamEvent } from '../fsevents/coalescing-window.ts';
import {
  asText,
  encodedEventsLength,
  putEvents,
  putPaths,
  readEvents,
  readPaths,
  readSpec,
} from '../fsevents/records.ts';
import type { Stream } from '../fsevents/stream.ts';
import { Streams, type StreamsOptions, type StreamsPorts } from '../fsevents/streams.ts';
import type { GateLibrary } from './gate-library.ts';

/** enum stream_op of gate/fsevents/fsevents.h. */
const StreamOp = {
  Create: 0,
  Exclude: 1,
  Schedule: 2,
  Unschedule: 3,
  Start: 4,
  Stop: 5,
  Invalidate: 6,
  Release: 7,
  Flush: 8,
  Drained: 9,
  Real: 10,
} as const;

/** Limit of path bytes in a subtree request: below the limit of a request, with room for its other fields. */
const MAX_PATH_BYTES = 64 * 1024;

/** For short native calls, which never wait for JavaScript. */
const BRIEF: NativeFunctionOptions = { scheduling: 'exclusive', exceptions: 'propagate' };

export interface FseventsCallbacks {
  /** Keep referenced for as long as the process runs: native code holds the pointer. */
  readonly streams: NativePointer;
  /** Wake every stream's run loop or queue, which then delivers the pending events without the agent. */
  detach(): void;
}

export function fseventsCallbacks(
  gate: GateLibrary,
  feed: EventFeed,
  options: StreamsOptions = {},
): FseventsCallbacks {
  const at = (name: string): NativePointer => gate.module.getExportByName(name);
  const push = new NativeFunction(
    at('shimfs_stream_push'),
    'uint32',
    ['uint32', 'pointer', 'uint32', 'uint32', 'uint64'],
    BRIEF,
  );
  const hold = new NativeFunction(at('shimfs_stream_hold'), 'int', ['uint32'], BRIEF);
  const subtree = new NativeFunction(
    at('shimfs_agent_subtree'),
    'int64',
    ['uint32', 'uint32', 'pointer', 'uint32', 'uint64'],
    BRIEF,
  );
  const raise = new NativeFunction(at('shimfs_agent_raise'), 'void', ['uint64'], BRIEF);
  const clock = new NativeFunction(at('shimfs_clock'), 'uint64', [], BRIEF);
  const log = new NativeFunction(at('shimfs_say'), 'void', ['pointer'], BRIEF);
  // Without BRIEF, so that the engine's lock is released: waking a run loop or queue can run code that needs it.
  const wake = new NativeFunction(at('shimfs_streams_wake'), 'void', []);

  let scratch = { address: NULL, bytes: new Uint8Array(0) };
  const room = (length: number): typeof scratch => {
    if (scratch.bytes.length < length) {
      const address = Memory.alloc(length * 2);
      scratch = { address, bytes: new Uint8Array(ArrayBuffer.wrap(address, length * 2)) };
    }
    return scratch;
  };

  let timer: ReturnType<typeof setTimeout> | undefined;
  const ports: StreamsPorts = {
    subscribe(stream, roots) {
      let newest = 0;
      for (let i = 0; i < roots.length || i === 0; ) {
        const part: string[] = [];
        for (let length = 0; i < roots.length; i++) {
          length += 3 * roots[i]!.length + 1;
          if (part.length > 0 && length > MAX_PATH_BYTES) break;
          part.push(roots[i]!);
        }
        const paths = putPaths(part);
        const { address, bytes } = room(paths.length);
        bytes.set(paths);
        newest = subtree(stream, 1, address, paths.length, 0).toNumber();
        if (newest < 0 || roots.length === 0) break;
      }
      return newest;
    },
    unsubscribe: (stream) => void subtree(stream, 0, NULL, 0, 0),
    replay: (stream, since) => void subtree(stream, 2, NULL, 0, since),
    push(stream, events) {
      const batch = asText(events, streams.get(stream)?.spec.flags ?? 0);
      const length = encodedEventsLength(batch);
      const { address, bytes } = room(length);
      putEvents(batch, bytes.subarray(0, length));
      return push(stream, address, length, batch.length, newestOf(batch));
    },
    hold: (stream) => hold(stream) !== 0,
    raise: (id) => raise(id),
    now: () => clock().toNumber() / 1000,
    wakeAt(time) {
      if (timer !== undefined) clearTimeout(timer);
      timer =
        time === undefined ? undefined : setTimeout(onTimer, Math.max(Math.ceil(time - ports.now()), 0));
    },
    log: (text) => log(Memory.allocUtf8String(text)),
  };
  const streams = new Streams(ports, options);
  feed.listen(streams);

  function onTimer(): void {
    timer = undefined;
    streams.tick();
    wake();
  }

  const create = (number: number, bytes: Uint8Array): number => {
    streams.create(readSpec(number, bytes));
    return 1;
  };
  const answer = (op: number, stream: Stream, bytes: Uint8Array, a: number): number => {
    switch (op) {
      case StreamOp.Exclude:
        return Number(streams.exclude(stream, readPaths(bytes)));
      case StreamOp.Schedule:
        return Number(streams.schedule(stream));
      case StreamOp.Unschedule:
        return Number(streams.unschedule(stream));
      case StreamOp.Start:
        return Number(streams.start(stream, a));
      case StreamOp.Stop:
        streams.stop(stream);
        return 0;
      case StreamOp.Invalidate:
        streams.invalidate(stream);
        return 0;
      case StreamOp.Release:
        streams.release(stream);
        return 0;
      case StreamOp.Flush:
        return streams.flush(stream);
      case StreamOp.Drained:
        streams.drained(stream);
        return 0;
      case StreamOp.Real:
        streams.real(stream, readEvents(bytes));
        return 0;
      default:
        return 0;
    }
  };
  const callback = new NativeCallback(
    (op, number, data, length, a) => {
      const bytes = length > 0 ? new Uint8Array(ArrayBuffer.wrap(data, length)) : new Uint8Array(0);
      if (op === StreamOp.Create) return create(number, bytes);
      const stream = streams.get(number);
      return stream ? answer(op, stream, bytes, a.toNumber()) : 0;
    },
    'int64',
    ['uint32', 'uint32', 'pointer', 'uint32', 'uint64'],
  );
  new NativeFunction(at('shimfs_streams_install'), 'void', ['pointer'])(callback);

  const detach = (): void => {
    if (timer !== undefined) clearTimeout(timer);
    wake();
  };
  return { streams: callback, detach };
}

const newestOf = (events: readonly StreamEvent[]): number =>
  events.reduce((newest, { id }) => Math.max(newest, id), 0);
