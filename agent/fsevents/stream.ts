/**
 * One stream over virtual paths: turns changes of the tree into batches of events and decides when each is due.
 *
 * A stream with a replay ignores live changes until the replay ends, because the replay runs up to the newest event.
 * Events that were not delivered when the stream is stopped are replayed when it is started again.
 */
import { isBelow } from '../../core/events/subtree-index.ts';
import { CoalescingWindow, type StreamEvent } from './coalescing-window.ts';
import { CreateFlag, EventFlag } from './constants.ts';
import { coreId, coveredBy, eventId } from './event-id.ts';
import { History } from './history.ts';
import type { Item } from './item-map.ts';
import { Latency } from './latency.ts';
import { Lifecycle } from './lifecycle.ts';
import { merged, RisingIds, unshadowed } from './merge.ts';
import { ResumePoint } from './resume-point.ts';
import { asDirectory, Roots } from './roots.ts';
import type { StickyFlags } from './sticky-flags.ts';
import type { StreamPorts, StreamSpec } from './stream-spec.ts';
import type { TreeChange } from './tree-change.ts';

/** Queued and undelivered events above which further events wait, and are coalesced, in the window. */
export const OUTSTANDING_LIMIT = 16_384;

export class Stream {
  readonly spec: StreamSpec;
  readonly roots: Roots;
  readonly lifecycle: Lifecycle;
  readonly #ports: StreamPorts;
  readonly #sticky: StickyFlags | undefined;
  readonly #window = new CoalescingWindow();
  readonly #latency: Latency;
  readonly #history: History;
  readonly #resume: ResumePoint;
  readonly #ids = new RisingIds();
  /** Live changes up to this id of the core are replayed, or precede the start. */
  #floor = 0;
  /** Highest id of the core seen. */
  #newest = 0;
  /** Too many events are queued: new ones wait for `drained`. */
  #held = false;

  constructor(spec: StreamSpec, ports: StreamPorts, sticky?: StickyFlags) {
    const replays = spec.since !== undefined;
    this.spec = spec;
    this.roots = new Roots(spec.roots);
    this.lifecycle = new Lifecycle(spec.roots.length);
    this.#ports = ports;
    this.#sticky = sticky;
    this.#latency = new Latency(spec.latency, this.#has(CreateFlag.NoDefer));
    this.#history = new History(replays, spec.mixed);
    this.#resume = new ResumePoint(spec.since, this.#has(CreateFlag.FullHistory));
  }

  #has(flag: number): boolean {
    return (this.spec.flags & flag) !== 0;
  }

  /** When the waiting events are due; undefined if none are. */
  get due(): number | undefined {
    const blocked = this.#held || this.#history.holdsEvents || !this.lifecycle.running;
    return blocked ? undefined : this.#latency.due;
  }

  /** @param delivered highest id delivered so far, 0 for none @returns whether the stream runs */
  start(delivered: number): boolean {
    const { number } = this.spec;
    const newest = this.#ports.subscribe(
      number,
      this.roots.list.map((root) => root.path),
    );
    if (newest < 0) {
      this.lifecycle.startFailed();
      return false;
    }
    const since = this.#resume.start(delivered, newest);
    this.#newest = Math.max(this.#newest, newest);
    this.#floor = newest;
    if (since !== undefined) {
      this.#history.replayStarts();
      this.#ports.replay(number, since);
    }
    return true;
  }

  stop(): void {
    this.#ports.unsubscribe(this.spec.number);
    const lost = this.#window.overflowed;
    this.#window.clear();
    // A loss that was not reported yet is reported after the restart.
    if (lost) this.#window.overflow(coveredBy(this.#newest));
    this.#latency.forget();
    this.#history.replayEnds();
    this.#held = false;
  }

  /** A live change at, below or above a root. */
  live(change: TreeChange, items: readonly Item[]): void {
    if (!this.lifecycle.running || this.#history.replaying || (change.id !== 0 && change.id <= this.#floor))
      return;
    const own = change.pid === this.spec.pid;
    if (!own || !this.#has(CreateFlag.IgnoreSelf))
      this.#addItems(change, items, own && this.#has(CreateFlag.MarkSelf) ? EventFlag.OwnEvent : 0);
    if (this.#has(CreateFlag.WatchRoot))
      for (const root of this.roots.changed(change))
        this.#add({ path: root.given, flags: EventFlag.RootChanged, id: 0, ino: 0 });
    this.#arm();
  }

  replayed(change: TreeChange, items: readonly Item[]): void {
    if (this.lifecycle.running && this.#history.replaying) this.#addItems(change, items, 0);
  }

  /** @param newest id of the core up to which the replay ran @param lost part of it was no longer in the journal */
  replayEnd(newest: number, lost: boolean): void {
    if (!this.lifecycle.running || !this.#history.replaying) return;
    this.#history.replayEnds();
    this.#newest = this.#floor = newest;
    if (lost) this.#window.overflow(coveredBy(newest));
    this.#endHistory();
    if (!this.#window.empty) this.flush();
  }

  #endHistory(): void {
    if (!this.#history.takeDone()) return;
    this.flush();
    const path = this.spec.roots[0]?.path ?? '/';
    this.#window.add({ path, flags: EventFlag.HistoryDone, id: coveredBy(this.#newest), ino: 0 });
    this.flush();
  }

  /** Changes were lost: the program has to scan every root. */
  lost(): void {
    if (!this.lifecycle.running) return;
    this.#window.overflow(coveredBy(this.#newest));
    this.#arm();
  }

  /** No further changes will arrive: reported as a forced unmount of the volume. */
  feedEnded(): void {
    if (!this.lifecycle.running) return;
    for (const root of this.roots.list) {
      const mounts = this.spec.mounts.filter((mount) => isBelow(root.path, mount));
      if (this.#has(CreateFlag.WatchRoot) && mounts.length === 0)
        this.#add({ path: root.given, flags: EventFlag.RootChanged, id: 0, ino: 0 });
      const id = coveredBy(this.#newest);
      for (const mount of mounts) this.#add({ path: mount, flags: EventFlag.Unmount, id, ino: 0 });
      if (mounts.length === 0)
        this.#add({ path: root.path, flags: EventFlag.MustScanSubDirs | EventFlag.UserDropped, id, ino: 0 });
    }
    this.#held = false;
    this.flush();
  }

  #addItems(change: TreeChange, items: readonly Item[], extraFlags: number): void {
    const core = change.id || this.#newest;
    this.#newest = Math.max(this.#newest, core);
    for (const item of items) {
      if (!this.roots.covers(item.path)) continue;
      const id = eventId(core, item.part);
      if (this.#has(CreateFlag.FileEvents))
        this.#add({ path: item.path, flags: item.flags | extraFlags, id, ino: item.ino }, item.paired);
      else {
        const path = item.within ? asDirectory(item.path) : this.roots.directoryOf(item.path);
        this.#add({ path, flags: extraFlags, id, ino: 0 });
      }
    }
  }

  #add(event: StreamEvent, paired = false): void {
    this.#window.add(event, paired);
  }

  #arm(): void {
    if (!this.#window.empty) this.#latency.waits(this.#ports.now());
  }

  /** Deliver the events that are due. */
  tick(now: number): void {
    const due = this.due;
    if (due !== undefined && due <= now) this.flush();
  }

  /** Deliver all waiting events, due or not. @returns the highest id that was ever queued, 0 for none */
  flush(): number {
    if (this.lifecycle.running && !this.#held && !this.#history.replaying) this.#deliver([]);
    return this.#ids.last;
  }

  /** All queued events have been delivered. */
  drained(): void {
    if (!this.#held) return;
    this.#held = false;
    if (!this.#window.empty) this.flush();
  }

  /** Events of the system's own stream: delivered immediately, merged with the waiting ones. */
  real(events: readonly StreamEvent[]): void {
    if (!this.lifecycle.running) return;
    const kept: StreamEvent[] = [];
    for (const event of unshadowed(events, this.spec.mounts)) {
      if ((event.flags & EventFlag.HistoryDone) === 0) kept.push(event);
      else this.#history.systemDone();
    }
    const highest = kept.reduce((id, event) => Math.max(id, event.id), 0);
    if (coreId(highest) > this.#newest) this.#ports.raise(coreId(highest));
    this.#deliver(kept);
    this.#endHistory();
  }

  #deliver(real: readonly StreamEvent[]): void {
    const own = this.#history.holdsEvents ? [] : this.#window.take(this.roots.list.map((root) => root.path));
    this.#latency.delivered(this.#ports.now());
    const batch: StreamEvent[] = [];
    for (const event of merged(own, real)) {
      const id = this.#ids.next(event.id);
      const flags = this.#sticky ? this.#sticky.of(event.path, event.flags) : event.flags;
      batch.push(id === event.id && flags === event.flags ? event : { ...event, id, flags });
    }
    if (batch.length === 0) return;
    this.#resume.queued(this.#ids.last, this.#newest);
    const outstanding = this.#ports.push(this.spec.number, batch);
    if (outstanding > OUTSTANDING_LIMIT) this.#held = this.#ports.hold(this.spec.number);
  }
}
