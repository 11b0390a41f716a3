/**
 * Who wants to hear of which inode: each API holds what it watches, and the host is told of an inode's first holder
 * and of its last one's end, together for a whole call of the program.
 */
export class InodeWatches {
  readonly #holders = new Map<number, number>();
  /** What is to be told; an inode that came and went since is told as it stands. */
  readonly #changed = new Map<number, boolean>();

  /** @param on false ends one earlier hold */
  change(ino: number, on: boolean): void {
    const before = this.#holders.get(ino) ?? 0;
    const after = on ? before + 1 : Math.max(before - 1, 0);
    if (after === 0) this.#holders.delete(ino);
    else this.#holders.set(ino, after);
    if ((before === 0) !== (after === 0)) this.#changed.set(ino, after > 0);
  }

  /**
   * Tell the host what changed since the last time.
   * @param tell @returns 0 or a negative errno
   * @returns what telling of new watches gave
   */
  flush(tell: (inodes: readonly number[], on: boolean) => number): number {
    if (this.#changed.size === 0) return 0;
    const which = (wanted: boolean): number[] =>
      [...this.#changed].filter(([, on]) => on === wanted).map(([ino]) => ino);
    const on = which(true);
    const off = which(false);
    this.#changed.clear();
    if (off.length > 0) tell(off, false);
    return on.length > 0 ? tell(on, true) : 0;
  }

  /** Inodes that somebody watches. */
  get size(): number {
    return this.#holders.size;
  }
}
