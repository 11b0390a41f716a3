/** Connects the gate's calls on FSEvents streams to Streams. */
import { StreamOp } from '../../core/gate/agent-abi.ts';
import type { EventFeed } from '../events/event-feed.ts';
import { asText, readEvents, readPaths, readSpec } from '../fsevents/records.ts';
import type { Stream } from '../fsevents/stream.ts';
import { Streams, type StreamsOptions } from '../fsevents/streams.ts';
import { FseventsGate } from './fsevents-gate.ts';
import type { GateLibrary } from './gate-library.ts';

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
  const native = new FseventsGate(gate);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const onTimer = (): void => {
    timer = undefined;
    streams.tick();
    native.wake();
  };
  const streams: Streams = new Streams(
    {
      subscribe: (stream, roots) => native.subscribe(stream, roots),
      unsubscribe: (stream) => native.unsubscribe(stream),
      replay: (stream, since) => native.replay(stream, since),
      push: (stream, events) => native.push(stream, asText(events, streams.get(stream)?.spec.flags ?? 0)),
      hold: (stream) => native.hold(stream),
      raise: (id) => native.raise(id),
      now: () => native.now(),
      wakeAt(time) {
        if (timer !== undefined) clearTimeout(timer);
        timer = undefined;
        if (time !== undefined) timer = setTimeout(onTimer, Math.max(Math.ceil(time - native.now()), 0));
      },
      log: (text) => native.log(text),
    },
    options,
  );
  feed.listen(streams);

  const callback = new NativeCallback(
    (op, number, data, length, argument) => {
      const bytes = length > 0 ? new Uint8Array(ArrayBuffer.wrap(data, length)) : new Uint8Array(0);
      if (op === StreamOp.Create) {
        streams.create(readSpec(number, bytes));
        return 1;
      }
      const stream = streams.get(number);
      return stream ? handle(streams, op, stream, bytes, argument.toNumber()) : 0;
    },
    'int64',
    ['uint32', 'uint32', 'pointer', 'uint32', 'uint64'],
  );
  native.install(callback);

  const detach = (): void => {
    if (timer !== undefined) clearTimeout(timer);
    native.wake();
  };
  return { streams: callback, detach };
}

/** @param delivered Start: highest id delivered so far @returns the gate's result of the call */
function handle(streams: Streams, op: number, stream: Stream, bytes: Uint8Array, delivered: number): number {
  switch (op) {
    case StreamOp.Exclude:
      return Number(streams.exclude(stream, readPaths(bytes)));
    case StreamOp.Schedule:
      return Number(streams.schedule(stream));
    case StreamOp.Unschedule:
      return Number(streams.unschedule(stream));
    case StreamOp.Start:
      return Number(streams.start(stream, delivered));
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
}
