/** Streams without Frida: a fake host, a settable clock, and a record of the delivered batches. */
import { EventFeed } from '../../../agent/events/event-feed.ts';
import type { StreamEvent } from '../../../agent/fsevents/coalescing-window.ts';
import { CreateFlag } from '../../../agent/fsevents/constants.ts';
import type { Stream } from '../../../agent/fsevents/stream.ts';
import type { StreamSpec } from '../../../agent/fsevents/stream-spec.ts';
import { Streams, type StreamsOptions } from '../../../agent/fsevents/streams.ts';
import { AgentOp } from '../../../core/protocol.ts';
import { chunkOf, eventFrame, type FrameFields, joined } from '../events/frame-bytes.ts';

export const ME = 77;
export const { FileEvents, NoDefer, WatchRoot } = CreateFlag;

export type ChangeFields = Partial<FrameFields> & Pick<FrameFields, 'kind' | 'path'>;

export class Rig {
  readonly feed = new EventFeed();
  readonly streams: Streams;
  /** Batches queued for delivery. */
  readonly batches: { readonly stream: number; readonly events: readonly StreamEvent[] }[] = [];
  readonly logged: string[] = [];
  readonly raised: number[] = [];
  readonly subscribed = new Map<number, readonly string[]>();
  readonly replays: (readonly [stream: number, since: number])[] = [];
  /** Milliseconds. */
  time = 1000;
  wake: number | undefined;
  /** Returned by `push`: events queued and not delivered. */
  outstanding = 0;
  held: number | undefined;
  /** If not 0, the negative errno that the host returns for a subscription. */
  refusal = 0;
  newest = 0;
  #seq = 0;
  #number = 0;

  constructor(options: StreamsOptions = {}) {
    this.streams = new Streams(
      {
        subscribe: (stream, roots) => {
          this.subscribed.set(stream, roots);
          return this.refusal || this.newest;
        },
        unsubscribe: (stream) => void this.subscribed.delete(stream),
        replay: (stream, since) => void this.replays.push([stream, since]),
        push: (stream, events) => {
          this.batches.push({ stream, events });
          return this.outstanding;
        },
        hold: (stream) => {
          this.held = stream;
          return true;
        },
        raise: (id) => void this.raised.push(id),
        now: () => this.time,
        wakeAt: (time) => {
          this.wake = time;
        },
        log: (text) => void this.logged.push(text),
      },
      options,
    );
    this.feed.listen(this.streams);
  }

  create(spec: Partial<Omit<StreamSpec, 'roots'>> & { readonly roots?: readonly string[] } = {}): Stream {
    const number = ++this.#number;
    const { roots = ['/v'], ...rest } = spec;
    this.streams.create({
      number,
      flags: FileEvents,
      latency: 0,
      since: undefined,
      pid: ME,
      mounts: ['/v'],
      mixed: false,
      ...rest,
      roots: roots.map((path) => ({ given: path, path })),
    });
    return this.streams.get(number)!;
  }

  /** Created, scheduled and started. */
  running(spec: Parameters<Rig['create']>[0] = {}): Stream {
    const stream = this.create(spec);
    this.streams.schedule(stream);
    if (!this.streams.start(stream, 0)) throw new Error('the stream did not start');
    return stream;
  }

  frame(event: ChangeFields): Uint8Array {
    const id = event.id ?? ++this.newest;
    this.newest = Math.max(this.newest, id);
    return eventFrame({ ino: 100, ...event, id, seq: ++this.#seq });
  }

  /** Live changes, in one chunk. */
  live(...events: ChangeFields[]): void {
    this.feed.push(chunkOf(joined(...events.map((event) => this.frame(event)))));
  }

  replay(stream: Stream, events: readonly ChangeFields[], end: { newest: number; lost?: boolean }): void {
    const frames = events.map((event) =>
      this.frame({ ...event, op: AgentOp.Replayed, stream: stream.spec.number }),
    );
    const last = eventFrame({
      op: AgentOp.ReplayEnd,
      id: end.newest,
      detail: end.lost ? 1 : 0,
      stream: stream.spec.number,
      seq: ++this.#seq,
    });
    this.feed.push(chunkOf(joined(...frames, last)));
  }

  lose(): void {
    this.feed.push(chunkOf(eventFrame({ op: AgentOp.Lost, seq: ++this.#seq })));
  }

  /** Advance the clock and run every timer that falls due. */
  advance(milliseconds: number): void {
    const end = this.time + milliseconds;
    while (this.wake !== undefined && this.wake <= end) {
      this.time = Math.max(this.time, this.wake);
      this.wake = undefined;
      this.streams.tick();
    }
    this.time = end;
  }

  /** Events queued since the last call: `path flags`, `|` between batches, flags in hex. */
  delivered(): string {
    return this.batches
      .splice(0)
      .map(({ events }) => events.map(({ path, flags }) => `${path} ${flags.toString(16)}`).join(', '))
      .join(' | ');
  }
}
