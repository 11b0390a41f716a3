/**
 * Active knotes of each kqueue, in order of activation.
 *
 * A queue holds a knote at most once, so it is bounded by the number of knotes however many events arrive.
 */
import { type Knote, Next } from './knote.ts';
import type { Kqueue } from './kqueue-table.ts';

export interface PendingPorts {
  /** A queue went from empty to not empty or back, since the last flush. */
  changed(kqueue: Kqueue, nonEmpty: boolean): void;
  /** A delivered knote is at its end. */
  ended(knote: Knote, next: typeof Next.Drop | typeof Next.Defer): void;
}

export class PendingQueues {
  readonly #ports: PendingPorts;
  /** Queues whose emptiness may differ from what was last signalled. */
  readonly #unsettled = new Set<Kqueue>();

  constructor(ports: PendingPorts) {
    this.#ports = ports;
  }

  /** Bring a knote's place in line with its state. One that is queued already keeps its position. */
  settle(knote: Knote): void {
    if (knote.ready) this.enqueue(knote);
    else this.dequeue(knote);
  }

  enqueue(knote: Knote): void {
    if (knote.queued) return;
    const kqueue = knote.kqueue;
    knote.queued = true;
    knote.previousQueued = kqueue.tail;
    if (kqueue.tail === undefined) kqueue.head = knote;
    else kqueue.tail.nextQueued = knote;
    kqueue.tail = knote;
    if (kqueue.queuedCount++ === 0) this.#unsettled.add(kqueue);
  }

  dequeue(knote: Knote): void {
    if (!knote.queued) return;
    const kqueue = knote.kqueue;
    const { previousQueued, nextQueued } = knote;
    if (previousQueued === undefined) kqueue.head = nextQueued;
    else previousQueued.nextQueued = nextQueued;
    if (nextQueued === undefined) kqueue.tail = previousQueued;
    else nextQueued.previousQueued = previousQueued;
    knote.previousQueued = undefined;
    knote.nextQueued = undefined;
    knote.queued = false;
    if (--kqueue.queuedCount === 0) this.#unsettled.add(kqueue);
  }

  pendingCount(kqueue: Kqueue): number {
    return kqueue.queuedCount;
  }

  /**
   * Deliver up to `capacity` knotes, each at most once.
   * @param emit writes the event; the knote's `outFlags` and `outFflags` are what to tell
   * @returns how many were delivered
   */
  collect(kqueue: Kqueue, capacity: number, emit: (knote: Knote, position: number) => void): number {
    const count = Math.min(capacity, kqueue.queuedCount);
    for (let i = 0; i < count; i++) {
      const knote = kqueue.head!;
      this.dequeue(knote);
      const next = knote.deliver();
      emit(knote, i);
      // The tail lies beyond `count`, so a level-triggered knote is not met again in this call.
      if (next === Next.Requeue) this.enqueue(knote);
      else if (next !== Next.Rest) this.#ports.ended(knote, next);
    }
    return Math.max(count, 0);
  }

  /** Tell of every queue whose emptiness is not what was last told: at most once per queue. */
  flush(): void {
    if (this.#unsettled.size === 0) return;
    for (const kqueue of this.#unsettled) {
      const nonEmpty = kqueue.queuedCount > 0;
      if (nonEmpty === kqueue.signalled) continue;
      kqueue.signalled = nonEmpty;
      this.#ports.changed(kqueue, nonEmpty);
    }
    this.#unsettled.clear();
  }
}
