/** Objects, and real files read in place, that the process of a connection has open. */
import type { ConnectionNumber, ObjectId, ReaderNumber } from '../../../core/numbers.ts';
import type { ReaderHolder } from '../session/in-place-readers.ts';
import type { Session } from '../session/session.ts';

export class HeldObjects {
  readonly #session: Session;
  readonly #connection: ReaderHolder;
  /** Number of this connection: an exec keeps the pid, but its new image holds its descriptors itself. */
  readonly #holder: ConnectionNumber;
  /** Descriptors of each object. */
  readonly #counts = new Map<ObjectId, number>();
  /** Objects with a writable descriptor. */
  readonly #writable = new Set<ObjectId>();

  constructor(session: Session, connection: ReaderHolder, holder: ConnectionNumber) {
    this.#session = session;
    this.#connection = connection;
    this.#holder = holder;
  }

  /** Whether the process has a descriptor of the object. */
  has(oid: ObjectId): boolean {
    return this.#counts.has(oid);
  }

  /** Count a new descriptor. @param oid an object, or an in-place reader */
  opened(oid: ObjectId | ReaderNumber, writable: boolean): void {
    const { core, inPlace, writes, page } = this.#session;
    if (inPlace.has(oid)) {
      inPlace.held(oid, this.#connection);
      return;
    }
    core.opened(oid, this.#holder);
    this.#counts.set(oid, (this.#counts.get(oid) ?? 0) + 1);
    const object = core.content.object(oid);
    if (!writable || !object || this.#writable.has(oid)) return;
    this.#writable.add(oid);
    writes.writerAdded(oid, object.node.ino);
    // Native writes are not seen as they happen: invalidate kept answers, and move readers of the lower file.
    inPlace.changed(object.node.ino);
    page.outdate(object.node.ino);
  }

  /** A descriptor was closed. */
  closed(oid: ObjectId | ReaderNumber): void {
    const { core, inPlace, writes } = this.#session;
    if (inPlace.has(oid)) {
      inPlace.closed(oid, this.#connection);
      return;
    }
    const count = this.#counts.get(oid);
    if (count === undefined) return;
    writes.take(oid);
    if (count > 1) {
      this.#counts.set(oid, count - 1);
      return;
    }
    this.#counts.delete(oid);
    if (this.#writable.delete(oid)) {
      // A signal handler that leaves a write by siglongjmp leaves no mark.
      core.touched(oid, this.#connection.peer.pid);
      writes.writerRemoved(oid);
    }
    core.closed(oid, this.#holder);
  }

  /** The process, or this image of it, has ended. */
  release(): void {
    const { core, inPlace, writes } = this.#session;
    for (const oid of this.#counts.keys()) writes.take(oid);
    for (const oid of this.#writable) {
      writes.writerRemoved(oid);
      // A process that was killed between a write and its mark left no mark.
      core.touched(oid, this.#connection.peer.pid);
    }
    this.#writable.clear();
    core.released(this.#holder);
    this.#counts.clear();
    inPlace.released(this.#connection);
  }
}
