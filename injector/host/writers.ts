/** Which objects some process may be writing natively: what stat tells of them must not be remembered. */
export class Writers {
  /** Connections that hold a descriptor for writing, by object. */
  readonly #counts = new Map<number, number>();
  readonly #inodes = new Map<number, number>();
  /** An object's inode when its first writer came: both may be gone when the last one goes. */
  readonly #inodeOf = new Map<number, number>();

  has(oid: number): boolean {
    return this.#counts.has(oid);
  }

  hasInode(ino: number): boolean {
    return this.#inodes.has(ino);
  }

  came(oid: number, ino: number): void {
    if (!this.#counts.has(oid)) this.#inodeOf.set(oid, ino);
    count(this.#counts, oid, 1);
    count(this.#inodes, this.#inodeOf.get(oid)!, 1);
  }

  /** @returns the inode, if that was its last writer */
  left(oid: number): number | undefined {
    const ino = this.#inodeOf.get(oid);
    if (ino === undefined) return undefined;
    if (count(this.#counts, oid, -1) === 0) this.#inodeOf.delete(oid);
    return count(this.#inodes, ino, -1) === 0 ? ino : undefined;
  }
}

function count(counts: Map<number, number>, key: number, by: number): number {
  const now = (counts.get(key) ?? 0) + by;
  if (now > 0) counts.set(key, now);
  else counts.delete(key);
  return now;
}
