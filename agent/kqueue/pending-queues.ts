/**
 * The active knotes of each kqueue, in order of activation.
 *
 * A queue contains a knote at most once, so its length is bounded by the number of knotes.
 */
import { type Knote, Next } from './knote.ts';
import type { Kqueue } from './kqueue-table.ts';

export interface PendingPorts {
  /** A queue has become empty or not empty since the last flush. */
  changed(kqueue: Kqueue, nonEmpty: boolean): void;
  /** A knote ended with its delivery. */
  ended(knote: Knote, next: typeof Next.Drop | typeof Next.Defer): void;
}

export class PendingQueues {
  readonly #ports: PendingPorts;
  /** Queues whose readiness may differ from the signalled one. */
  readonly #unsignalled = new Set<Kqueue>();

  constructor(ports: PendingPorts) {
    this.#ports = ports;
  }

  /** Queue or dequeue a knote according to its state. A queued knote keeps its position. */
  update(knote: Knote): void {
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
    if (kqueue.queuedCount++ === 0) this.#unsignalled.add(kqueue);
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
    if (--kqueue.queuedCount === 0) this.#unsignalled.add(kqueue);
  }

  pendingCount(kqueue: Kqueue): number {
    return kqueue.queuedCount;
  }

  /**
   * Deliver up to `capacity` knotes, each at most once.
   * @param emit writes the event from the knote's `outFlags` and `outFflags`
   * @returns number of knotes delivered
   */
  collect(kqueue: Kqueue, capacity: number, emit: (knote: Knote, position: number) => void): number {
    const count = Math.min(capacity, kqueue.queuedCount);
    for (let i = 0; i < count; i++) {
      const knote = kqueue.head!;
      this.dequeue(knote);
      const next = knote.deliver();
      emit(knote, i);
      // The tail is beyond `count`, so that a level-triggered knote is not delivered twice in this call.
      if (next === Next.Requeue) this.enqueue(knote);
      else if (next !== Next.Rest) this.#ports.ended(knote, next);
    }
    return Math.max(count, 0);
  }

  /** Report every queue whose readiness differs from the signalled one. */
  flush(): void {
    if (this.#unsignalled.size === 0) return;
    for (const kqueue of this.#unsignalled) {
      const nonEmpty = kqueue.queuedCount > 0;
      if (nonEmpty === kqueue.signalled) continue;
      kqueue.signalled = nonEmpty;
      this.#ports.changed(kqueue, nonEmpty);
    }
    this.#unsignalled.clear();
  }
}
