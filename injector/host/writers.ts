/** Which objects some process may be writing natively: what stat tells of them must not be remembered. */
export class Writers {
  /** Connections that hold a descriptor for writing, by object. */
  readonly #counts = new Map<number, number>();

  has(oid: number): boolean {
    return this.#counts.has(oid);
  }

  came(oid: number): void {
    this.#counts.set(oid, (this.#counts.get(oid) ?? 0) + 1);
  }

  left(oid: number): void {
    const count = this.#counts.get(oid) ?? 0;
    if (count > 1) this.#counts.set(oid, count - 1);
    else this.#counts.delete(oid);
  }
}
