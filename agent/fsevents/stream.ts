/**
 * One stream over virtual paths: what it is told of becomes batches that are due at some time.
 *
 * It hears of live changes from its start on, or of the past first: while that comes, live changes are left out, for
 * the past is told up to its very end. What was not delivered when it is stopped is asked for again when it is started.
 */
import { isBelow } from '../../core/events/subtree-index.ts';
import { CoalescingWindow, type StreamEvent } from './coalescing-window.ts';
import { CreateFlag, EventFlag } from './constants.ts';
import { coreId, coveredBy, eventId } from './event-id.ts';
import type { Item } from './item-map.ts';
import { Latency } from './latency.ts';
import { Lifecycle } from './lifecycle.ts';
import { merged, RisingIds, unshadowed } from './merge.ts';
import { asDirectory, type Root, Roots } from './roots.ts';
import type { StickyFlags } from './sticky-flags.ts';
import type { TreeChange } from './tree-change.ts';

export interface StreamSpec {
  /** Unique in the process. */
  readonly number: number;
  /** A set of CreateFlag. */
  readonly flags: number;
  /** Milliseconds. */
  readonly latency: number;
  /** Tell what happened after this id; undefined: from now on. */
  readonly since: number | undefined;
  readonly roots: readonly Root[];
  /** The process itself, for IgnoreSelf and MarkSelf. */
  readonly pid: number;
  /** Where the virtual tree hides the real one. */
  readonly mounts: readonly string[];
  /** Some roots are real, or hold what is: the system's own stream tells of that. */
  readonly mixed: boolean;
}

export interface StreamPorts {
  /** Hear of these paths. @returns the newest event's id in the core, or a negative errno */
  subscribe(stream: number, roots: readonly string[]): number;
  unsubscribe(stream: number): void;
  /** Ask for the past: `past`, …, `replayEnd` follow. @param since id of the core */
  replay(stream: number, since: number): void;
  /** Hand over for delivery. @returns events handed over and not delivered yet */
  push(stream: number, entries: readonly StreamEvent[]): number;
  /** Have `drained` called once all that was handed over is delivered. @returns false: it is already */
  hold(stream: number): boolean;
  /** The system's ids have come this far: ours must go on above. @param id of the core */
  raise(id: number): void;
  /** Milliseconds of a clock that only rises. */
  now(): number;
}

/** Events handed over and not delivered above which further ones wait (and are coalesced) here. */
export const OUTSTANDING_LIMIT = 16_384;
/** Ids that FullHistory rounds down to. */
const HISTORY_CHUNK = 1024;
/** Batches whose ids are remembered for a restart. */
const REMEMBERED = 1024;

export class Stream {
  readonly spec: StreamSpec;
  readonly roots: Roots;
  readonly lifecycle: Lifecycle;
  readonly #ports: StreamPorts;
  readonly #sticky: StickyFlags | undefined;
  readonly #window: CoalescingWindow;
  readonly #latency: Latency;
  readonly #ids = new RisingIds();
  /** Live changes up to this id of the core are none of ours. */
  #floor = 0;
  #newest = 0;
  /** The past is being told. */
  #replaying = false;
  /** HistoryDone is still to be told; and, where there is one, by the system's stream. */
  #historyDue: boolean;
  #realHistoryDue: boolean;
  #held = false;
  /** Where a restart goes on, as an id of the core. */
  #resume: number | undefined;
  /** Told ids of handed-over batches, and the core's. */
  #sent: { readonly told: number; readonly core: number }[] = [];

  constructor(spec: StreamSpec, ports: StreamPorts, sticky?: StickyFlags) {
    this.spec = spec;
    this.roots = new Roots(spec.roots);
    this.lifecycle = new Lifecycle(spec.roots.length);
    this.#ports = ports;
    this.#sticky = sticky;
    this.#window = new CoalescingWindow();
    this.#latency = new Latency(spec.latency, (spec.flags & CreateFlag.NoDefer) !== 0);
    this.#historyDue = spec.since !== undefined;
    this.#realHistoryDue = spec.mixed && spec.since !== undefined;
  }

  #has(flag: number): boolean {
    return (this.spec.flags & flag) !== 0;
  }

  /** When what waits is due; undefined when nothing does. */
  get due(): number | undefined {
    const waits = this.#held || this.#replaying || this.#realHistoryDue || !this.lifecycle.running;
    return waits ? undefined : this.#latency.due;
  }

  /** @param delivered highest id that was delivered so far, 0 for none @returns whether it runs */
  start(delivered: number): boolean {
    const { number, since } = this.spec;
    const first = this.#resume === undefined;
    const newest = this.#ports.subscribe(
      number,
      this.roots.list.map((root) => root.path),
    );
    if (newest < 0) {
      this.lifecycle.startFailed();
      return false;
    }
    const past = first ? this.#past(since) : this.#undelivered(delivered);
    this.#resume = past ?? newest;
    this.#newest = Math.max(this.#newest, newest);
    this.#floor = newest;
    if (past !== undefined) {
      this.#replaying = true;
      this.#ports.replay(number, past);
    }
    return true;
  }

  #past(since: number | undefined): number | undefined {
    if (since === undefined) return undefined;
    const core = coreId(since);
    return this.#has(CreateFlag.FullHistory) ? core - (core % HISTORY_CHUNK) : core;
  }

  /** What was handed over with ids above `delivered` is told again. */
  #undelivered(delivered: number): number {
    for (const { told, core } of this.#sent) if (told <= delivered) this.#resume = core;
    this.#sent = [];
    return this.#resume!;
  }

  stop(): void {
    this.#ports.unsubscribe(this.spec.number);
    const lost = this.#window.overflowed;
    this.#window.clear();
    // A loss that was not told yet is not forgotten.
    if (lost) this.#window.overflow(coveredBy(this.#newest));
    this.#latency.forget();
    this.#replaying = false;
    this.#held = false;
  }

  /** A live change of something at, below or above a root. */
  live(h: TreeChange, items: readonly Item[]): void {
    if (!this.lifecycle.running || this.#replaying || (h.id !== 0 && h.id <= this.#floor)) return;
    const own = h.pid === this.spec.pid;
    if (!own || !this.#has(CreateFlag.IgnoreSelf))
      this.#tell(h, items, own && this.#has(CreateFlag.MarkSelf) ? EventFlag.OwnEvent : 0);
    if (this.#has(CreateFlag.WatchRoot))
      for (const root of this.roots.changed(h))
        this.#add({ path: root.given, flags: EventFlag.RootChanged, id: 0, ino: 0 });
    this.#arm();
  }

  /** A change of the past. */
  replayed(h: TreeChange, items: readonly Item[]): void {
    if (this.lifecycle.running && this.#replaying) this.#tell(h, items, 0);
  }

  /** @param newest id of the core up to which all is told @param lost not all of it was there */
  replayEnd(newest: number, lost: boolean): void {
    if (!this.lifecycle.running || !this.#replaying) return;
    this.#replaying = false;
    this.#newest = this.#floor = newest;
    if (lost) this.#window.overflow(coveredBy(newest));
    this.#endHistory();
    if (!this.#window.empty) this.flush();
  }

  /** Once for both, if the system tells of a past of its own: nobody is to think that it is over before. */
  #endHistory(): void {
    if (!this.#historyDue || this.#replaying || this.#realHistoryDue) return;
    this.flush();
    this.#historyDue = false;
    const path = this.spec.roots[0]?.path ?? '/';
    this.#window.add({ path, flags: EventFlag.HistoryDone, id: coveredBy(this.#newest), ino: 0 });
    this.flush();
  }

  /** What happened is not known: everything is to be scanned. */
  lost(): void {
    if (!this.lifecycle.running) return;
    this.#window.overflow(coveredBy(this.#newest));
    this.#arm();
  }

  /** Nobody will tell of anything any more: as when the volume has been unmounted by force. */
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

  #tell(h: TreeChange, items: readonly Item[], more: number): void {
    const core = h.id || this.#newest;
    this.#newest = Math.max(this.#newest, core);
    for (const item of items) {
      if (!this.roots.covers(item.path)) continue;
      const id = eventId(core, item.part);
      if (this.#has(CreateFlag.FileEvents))
        this.#add({ path: item.path, flags: item.flags | more, id, ino: item.ino }, item.paired);
      else {
        const path = item.within ? asDirectory(item.path) : this.roots.directoryOf(item.path);
        this.#add({ path, flags: more, id, ino: 0 });
      }
    }
  }

  #add(entry: StreamEvent, paired = false): void {
    this.#window.add(entry, paired);
  }

  #arm(): void {
    if (!this.#window.empty) this.#latency.waits(this.#ports.now());
  }

  /** Deliver what is due. */
  tick(now: number): void {
    const due = this.due;
    if (due !== undefined && due <= now) this.flush();
  }

  /** Deliver what waits, due or not. @returns the highest id that was ever handed over, 0 for none */
  flush(): number {
    if (this.lifecycle.running && !this.#held && !this.#replaying) this.#deliver([]);
    return this.#ids.last;
  }

  /** All that was handed over has been delivered. */
  drained(): void {
    if (!this.#held) return;
    this.#held = false;
    if (!this.#window.empty) this.flush();
  }

  /** What the system's own stream tells: delivered at once, together with what waits here. */
  real(entries: readonly StreamEvent[]): void {
    if (!this.lifecycle.running) return;
    const theirs: StreamEvent[] = [];
    for (const entry of unshadowed(entries, this.spec.mounts)) {
      if ((entry.flags & EventFlag.HistoryDone) === 0) theirs.push(entry);
      else this.#realHistoryDue = false;
    }
    const highest = theirs.reduce((id, entry) => Math.max(id, entry.id), 0);
    if (coreId(highest) > this.#newest) this.#ports.raise(coreId(highest));
    this.#deliver(theirs);
    this.#endHistory();
  }

  #deliver(real: readonly StreamEvent[]): void {
    const ours =
      this.#replaying || this.#realHistoryDue
        ? []
        : this.#window.take(this.roots.list.map((root) => root.path));
    this.#latency.delivered(this.#ports.now());
    const entries: StreamEvent[] = [];
    for (const entry of merged(ours, real)) {
      const id = this.#ids.next(entry.id);
      const flags = this.#sticky ? this.#sticky.of(entry.path, entry.flags) : entry.flags;
      entries.push(id === entry.id && flags === entry.flags ? entry : { ...entry, id, flags });
    }
    if (entries.length === 0) return;
    this.#remember();
    const outstanding = this.#ports.push(this.spec.number, entries);
    if (outstanding > OUTSTANDING_LIMIT) this.#held = this.#ports.hold(this.spec.number);
  }

  #remember(): void {
    this.#sent.push({ told: this.#ids.last, core: this.#newest });
    if (this.#sent.length > REMEMBERED) this.#sent.shift();
  }
}
