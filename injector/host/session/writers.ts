import type { ObjectId } from '../../../core/numbers.ts';

/** Objects that some process may write natively: a stat answer about them must not be kept by gates. */
export class Writers {
  /** Connections with a writable descriptor, by object. */
  readonly #objects = new Map<ObjectId, number>();
  readonly #inodes = new Map<number, number>();
  /** An object's inode when its first writer was added: object and inode may be freed before the last is removed. */
  readonly #inodeOf = new Map<ObjectId, number>();

  has(oid: ObjectId): boolean {
    return this.#objects.has(oid);
  }

  hasInode(ino: number): boolean {
    return this.#inodes.has(ino);
  }

  added(oid: ObjectId, ino: number): void {
    if (!this.#objects.has(oid)) this.#inodeOf.set(oid, ino);
    count(this.#objects, oid, 1);
    count(this.#inodes, this.#inodeOf.get(oid)!, 1);
  }

  /** @returns the inode, if that was its last writer */
  removed(oid: ObjectId): number | undefined {
    const ino = this.#inodeOf.get(oid);
    if (ino === undefined) return undefined;
    if (count(this.#objects, oid, -1) === 0) this.#inodeOf.delete(oid);
    return count(this.#inodes, ino, -1) === 0 ? ino : undefined;
  }
}

function count<Key>(counts: Map<Key, number>, key: Key, by: number): number {
  const now = (counts.get(key) ?? 0) + by;
  if (now > 0) counts.set(key, now);
  else counts.delete(key);
  return now;
}
