/** All streams of the process that have virtual paths. */
import { EventKind } from '../../core/events/fs-event.ts';
import { SubtreeIndex } from '../../core/events/subtree-index.ts';
import type { EventListener } from '../events/event-feed.ts';
import type { EventFrame } from '../events/event-frame.ts';
import type { StreamEvent } from './coalescing-window.ts';
import { type Item, itemsOf, LinkedInodes } from './item-map.ts';
import type { Verdict } from './lifecycle.ts';
import { StickyFlags } from './sticky-flags.ts';
import { Stream } from './stream.ts';
import type { StreamPorts, StreamSpec } from './stream-spec.ts';
import { type TreeChange, treeChangeOf } from './tree-change.ts';

export interface StreamsPorts extends StreamPorts {
  /** Call `tick` at this time; undefined: not at all. Replaces the earlier request. */
  wakeAt(time: number | undefined): void;
  /** Log a line on standard error. */
  log(text: string): void;
}

export interface StreamsOptions {
  /** Flags accumulate per path over deliveries. Default: no. */
  readonly sticky?: boolean;
}

export class Streams implements EventListener {
  readonly #ports: StreamsPorts;
  readonly #options: StreamsOptions;
  readonly #streams = new Map<number, Stream>();
  /** Running streams, by root. */
  readonly #index = new SubtreeIndex<Stream>();
  readonly #linked = new LinkedInodes();
  /** Streams that received events since the last `batchEnd`. */
  readonly #touched = new Set<Stream>();
  /** Streams with a due time. */
  readonly #armed = new Set<Stream>();
  #wake: number | undefined;
  #feedEnded = false;

  constructor(ports: StreamsPorts, options: StreamsOptions = {}) {
    this.#ports = ports;
    this.#options = options;
  }

  get size(): number {
    return this.#streams.size;
  }

  get(number: number): Stream | undefined {
    return this.#streams.get(number);
  }

  // ---- calls of the program ----

  create(spec: StreamSpec): void {
    const sticky = this.#options.sticky ? new StickyFlags() : undefined;
    this.#streams.set(spec.number, new Stream(spec, this.#ports, sticky));
  }

  schedule(stream: Stream): boolean {
    return this.#allowed('FSEventStreamSchedule', stream.lifecycle.schedule());
  }

  unschedule(stream: Stream): boolean {
    return this.#allowed('FSEventStreamUnschedule', stream.lifecycle.unschedule());
  }

  exclude(stream: Stream, paths: readonly string[]): boolean {
    if (!this.#allowed('FSEventStreamSetExclusionPaths', stream.lifecycle.exclude(paths.length)))
      return false;
    stream.roots.exclude(paths);
    return true;
  }

  /** @param delivered highest id delivered so far, 0 for none */
  start(stream: Stream, delivered: number): boolean {
    if (stream.lifecycle.running) return true;
    if (this.#feedEnded || !this.#allowed('FSEventStreamStart', stream.lifecycle.start())) return false;
    if (!stream.start(delivered)) return false;
    for (const root of stream.roots.list) this.#index.add(root.path, stream);
    this.#rearm(stream);
    return true;
  }

  stop(stream: Stream): void {
    if (stream.lifecycle.stop().allowed) this.#halt(stream);
  }

  invalidate(stream: Stream): void {
    const ran = stream.lifecycle.running;
    if (stream.lifecycle.invalidate().allowed && ran) this.#halt(stream);
  }

  #halt(stream: Stream): void {
    for (const root of stream.roots.list) this.#index.delete(root.path, stream);
    this.#touched.delete(stream);
    stream.stop();
    this.#rearm(stream);
  }

  release(stream: Stream): void {
    this.invalidate(stream);
    this.#streams.delete(stream.spec.number);
  }

  /** @returns the highest id that was ever queued for delivery */
  flush(stream: Stream): number {
    if (!this.#allowed('FSEventStreamFlush', stream.lifecycle.flush())) return 0;
    const last = stream.flush();
    this.#rearm(stream);
    return last;
  }

  drained(stream: Stream): void {
    stream.drained();
    this.#rearm(stream);
  }

  real(stream: Stream, events: readonly StreamEvent[]): void {
    stream.real(events);
    this.#rearm(stream);
  }

  #allowed(name: string, verdict: Verdict): boolean {
    if (verdict.message !== undefined) this.#ports.log(`${name}: ${verdict.message}`);
    return verdict.allowed;
  }

  // ---- events from the host ----

  event(frame: EventFrame): void {
    if (this.#index.empty) return;
    const change = treeChangeOf(frame);
    const concerned = this.#concerned(change);
    if (concerned.size === 0) return;
    const items = itemsOf(change, this.#linked);
    for (const stream of concerned) {
      stream.live(change, items);
      this.#touched.add(stream);
    }
  }

  /** Streams with a root at or above the changed paths; below them too, if the change creates, removes or moves roots. */
  #concerned({ kind, path, from, siblings }: TreeChange): Set<Stream> {
    const streams = new Set<Stream>();
    this.#index.above(path, streams);
    for (const sibling of siblings) this.#index.above(sibling, streams);
    if (from !== '') this.#index.above(from, streams);
    if (kind === EventKind.Created || kind === EventKind.Removed || kind === EventKind.Renamed) {
      this.#index.below(path, streams);
      if (from !== '') this.#index.below(from, streams);
    }
    return streams;
  }

  replayed(frame: EventFrame): void {
    const change = treeChangeOf(frame);
    const items: readonly Item[] = itemsOf(change, this.#linked);
    this.#streams.get(frame.stream)?.replayed(change, items);
  }

  replayEnd(frame: EventFrame): void {
    const stream = this.#streams.get(frame.stream);
    if (!stream) return;
    stream.replayEnd(frame.id, frame.detail !== 0);
    this.#touched.add(stream);
  }

  lost(): void {
    for (const stream of this.#streams.values()) {
      stream.lost();
      this.#touched.add(stream);
    }
  }

  batchEnd(): void {
    if (this.#touched.size === 0) return;
    const now = this.#ports.now();
    for (const stream of this.#touched) stream.tick(now);
    this.#rearm(...this.#touched);
    this.#touched.clear();
  }

  feedEnded(): void {
    this.#feedEnded = true;
    for (const stream of this.#streams.values()) stream.feedEnded();
  }

  // ---- time ----

  tick(): void {
    const now = this.#ports.now();
    this.#wake = undefined;
    const armed = [...this.#armed];
    for (const stream of armed) stream.tick(now);
    this.#rearm(...armed);
  }

  /** @param changed streams whose due time may have changed */
  #rearm(...changed: readonly Stream[]): void {
    for (const stream of changed)
      if (stream.due === undefined) this.#armed.delete(stream);
      else this.#armed.add(stream);
    let next: number | undefined;
    for (const { due } of this.#armed)
      if (due !== undefined && (next === undefined || due < next)) next = due;
    if (next === this.#wake) return;
    this.#wake = next;
    this.#ports.wakeAt(next);
  }
}
