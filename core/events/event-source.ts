/** Turns operations into events, journals them, and publishes them: once each, in order. */
import type { Now } from '../clock.ts';
import { fileType } from '../constants.ts';
import type { JournalLimits } from '../journal.ts';
import { Journal } from '../journal.ts';
import type { BranchTable } from '../layers/branch-table.ts';
import { join, type Namespace } from '../layers/namespace.ts';
import { visibleIn } from '../layers/visibility.ts';
import type { CommittedChange } from '../ops/view-context.ts';
import { EventHub, type PublishedEvent, type SinkErrorHandler } from './event-hub.ts';
import { Detail, type FsEvent } from './fs-event.ts';

/** An event before it is published. */
export type UnpublishedEvent = Omit<FsEvent, 'id' | 'pid' | 'branch' | 'time'>;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export interface EventSourceConfig {
  readonly enabled: boolean;
  readonly journal?: Partial<JournalLimits>;
  readonly onSinkError: SinkErrorHandler;
}

export class EventSource {
  readonly enabled: boolean;
  readonly journal: Journal;
  readonly hub: EventHub;
  readonly #branches: BranchTable;
  readonly #now: Now;
  #lastId = 0;

  constructor(config: EventSourceConfig, branches: BranchTable, now: Now) {
    this.enabled = config.enabled;
    this.journal = new Journal(config.journal);
    this.hub = new EventHub(config.onSinkError);
    this.#branches = branches;
    this.#now = now;
  }

  nextId(): number {
    return ++this.#lastId;
  }

  /** Id of the newest event, or the id given to `raise` if that is higher. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Makes every later event's id greater than `id`. */
  raise(id: number): void {
    this.#lastId = Math.max(this.#lastId, id);
  }

  /** Milliseconds since the epoch, at the last read of the clock. */
  get time(): number {
    return Math.floor(this.#now.ms);
  }

  emit({ ns, pid, kind, node, dir, name, detail, rename }: CommittedChange): void {
    if (!this.enabled) return;
    const at = dir ? null : ns.locate(node);
    // Written out, in one object shape: this runs for every operation, and a spread would double its cost.
    const event: Writable<FsEvent> = {
      id: this.nextId(),
      kind,
      path: dir ? join(ns.directoryPath(dir), name) : at!.path,
      ino: node.ino,
      parent: dir ? dir.ino : at!.parent,
      type: fileType(node.mode),
      nlink: ns.nlink(node),
      pid,
      branch: ns.name,
      time: this.time,
      detail: at?.orphan ? detail | Detail.Orphan : detail,
    };
    if (rename) {
      event.from = rename.from;
      event.fromParent = rename.fromDir.ino;
      event.replaced = rename.replaced;
    }
    this.#publish({
      event,
      inBranches: this.#branches.size > 1 ? this.#inOtherBranches(event, ns) : undefined,
    });
  }

  /** Publishes a change in its own branch only: branches above it get changes of their own. */
  publishIn(change: UnpublishedEvent, ns: Namespace, pid: number): void {
    if (!this.enabled) return;
    this.#publish({ event: { ...change, id: this.nextId(), pid, branch: ns.name, time: this.time } });
  }

  #publish(published: PublishedEvent): void {
    this.journal.push(published);
    this.hub.publish(published);
  }

  /** The event as branches above this one see it; must run before anything else changes. */
  #inOtherBranches(event: FsEvent, ns: Namespace): Map<string, FsEvent> | undefined {
    let inBranches: Map<string, FsEvent> | undefined;
    for (const other of this.#branches.all()) {
      if (other === ns || other.parent === null) continue;
      const published = visibleIn(event, ns, other);
      if (!published) continue;
      inBranches ??= new Map();
      inBranches.set(other.name, published);
    }
    return inBranches;
  }
}
