/**
 * Reference counts of watched inodes, shared by kqueue and Dispatch. The host is asked to watch an inode at its first
 * reference and to stop at its last, once for each call of the program.
 */
export class InodeWatches {
  readonly #references = new Map<number, number>();
  /** Inodes to report at the next flush, with their latest state. */
  readonly #changed = new Map<number, boolean>();

  /** @param on false drops a reference */
  change(ino: number, on: boolean): void {
    const before = this.#references.get(ino) ?? 0;
    const after = on ? before + 1 : Math.max(before - 1, 0);
    if (after === 0) this.#references.delete(ino);
    else this.#references.set(ino, after);
    if ((before === 0) !== (after === 0)) this.#changed.set(ino, after > 0);
  }

  /**
   * Report the changes since the last flush.
   * @param report asks the host to watch or unwatch the inodes; @returns 0 or a negative errno
   * @returns the result for new watches (0 if there are none)
   */
  flush(report: (inodes: readonly number[], on: boolean) => number): number {
    if (this.#changed.size === 0) return 0;
    const inodesTurned = (wanted: boolean): number[] =>
      [...this.#changed].filter(([, on]) => on === wanted).map(([ino]) => ino);
    const on = inodesTurned(true);
    const off = inodesTurned(false);
    this.#changed.clear();
    if (off.length > 0) report(off, false);
    return on.length > 0 ? report(on, true) : 0;
  }

  /** Number of watched inodes. */
  get size(): number {
    return this.#references.size;
  }
}
