/**
 * Writes that programs make to object files without asking the host, and the files that are open for them.
 *
 * A write leaves a dirty mark in the shared page. The mark becomes a Modified event when the writer rings, closes or
 * ends.
 */
import type { FsEvent } from '../../../core/events/fs-event.ts';
import type { FsCore } from '../../../core/fs-core.ts';
import type { ObjectId, Pid } from '../../../core/numbers.ts';
import { OpenWrites } from './open-writes.ts';
import { Writers } from './writers.ts';

/** Rings are collected for this long, so that many writes become a single event. */
const RING_DELAY_MS = 2;

export interface NativeWritesConfig {
  readonly core: FsCore;
  /** Takes a slot's dirty mark: the pid that wrote last, 0 for none. */
  readonly takeMark: (slot: number) => number;
  /** The last writer of a file that was written has closed it. */
  readonly onClosed: (event: FsEvent) => void;
  /** A process's user: a write by anyone but root clears set-user-ID. */
  readonly uidOf: (pid: number) => number;
}

export class NativeWrites {
  readonly #config: NativeWritesConfig;
  readonly #writers = new Writers();
  readonly #open: OpenWrites;
  readonly #rung = new Set<ObjectId>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(config: NativeWritesConfig) {
    this.#config = config;
    this.#open = new OpenWrites(config.core, this.#writers);
  }

  /** Whether a process may be writing the object: gates must not keep a stat answer about it. */
  isWritable(oid: ObjectId): boolean {
    return this.#writers.has(oid);
  }

  /** The event as agents receive it: with `Writing` while the file is open for writing. */
  mark(event: FsEvent): FsEvent {
    return this.#open.mark(event);
  }

  writerAdded(oid: ObjectId, ino: number): void {
    this.#writers.added(oid, ino);
  }

  /** A process has closed its last writable descriptor of an object. */
  writerRemoved(oid: ObjectId): void {
    const ino = this.#writers.removed(oid);
    const event = ino === undefined || this.#closed ? undefined : this.#open.closed(ino);
    if (event) this.#config.onClosed(event);
  }

  /** Emits a write to an object that is marked. @param pid the writer that asks, for an object without a mark's slot */
  take(oid: ObjectId, pid: Pid | 0 = 0): void {
    // Connections end after the session does: nothing is left to notify.
    if (this.#closed) return;
    const { core, takeMark, uidOf } = this.#config;
    this.#rung.delete(oid);
    const slot = core.slotOf(oid);
    // The writer sets its mark before it asks: one that is gone was taken after the write, and the write reported.
    const writer = slot === undefined ? pid : takeMark(slot);
    if (writer) core.touched(oid, writer, { force: true, uid: uidOf(writer) });
  }

  /** A program set the mark of an object that is watched. */
  ring(oid: ObjectId): void {
    if (this.#closed) return;
    this.#rung.add(oid);
    this.#timer ??= setTimeout(() => this.flush(), RING_DELAY_MS);
  }

  /** Before any other change of the tree, so that events keep the order of the writes. */
  flush(): void {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const oid of [...this.#rung]) this.take(oid);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
