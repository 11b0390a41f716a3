/**
 * Writes that programs make to object files without asking the host.
 *
 * A write leaves a dirty mark in the shared page. The mark becomes a Modified event when the writer's close, its
 * ring or its end is read here.
 */
import type { FsEvent } from '../../../core/events/fs-event.ts';
import type { FsCore } from '../../../core/fs-core.ts';
import type { OpenWrites } from './open-writes.ts';
import type { Writers } from './writers.ts';

/** Rings are collected for this long, so that many writes become one event. */
const RING_DELAY_MS = 2;

export interface NativeWritesConfig {
  readonly core: FsCore;
  readonly writers: Writers;
  readonly openWrites: OpenWrites;
  /** Takes a slot's dirty mark: the pid that wrote last, 0 for none. */
  readonly takeMark: (slot: number) => number;
  /** The last writer of a file has closed it. */
  readonly onClosed: (event: FsEvent) => void;
  /** The host's user: a write by anyone but root clears set-user-ID. */
  readonly uid: number;
}

export class NativeWrites {
  readonly #config: NativeWritesConfig;
  readonly #rung = new Set<number>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(config: NativeWritesConfig) {
    this.#config = config;
  }

  /** Emit what was written to an object. @param pid a certain writer; without it only a dirty mark counts */
  take(oid: number, pid = 0): void {
    // Connections end after the session does: nothing is left to notify.
    if (this.#closed) return;
    const { core, takeMark, uid } = this.#config;
    this.#rung.delete(oid);
    const slot = core.slotOf(oid);
    const writer = (slot === undefined ? 0 : takeMark(slot)) || pid;
    if (writer) core.touched(oid, writer, { force: true, uid });
  }

  /** A program set the mark of an object that is watched. */
  ring(oid: number): void {
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

  /** A process has closed its last writable descriptor of an object. */
  writerRemoved(oid: number): void {
    const { writers, openWrites, onClosed } = this.#config;
    const ino = writers.removed(oid);
    const event = ino === undefined || this.#closed ? undefined : openWrites.closed(ino);
    if (event) onClosed(event);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
