/** Keeps a number of requests on their way at once, so that a tree of small files does not wait for each. */
export class Pipeline {
  readonly #limit: number;
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(limit = 64) {
    this.#limit = limit;
  }

  /** Waits while too many are on their way. @throws what an earlier one failed with */
  async add(request: Promise<unknown>): Promise<void> {
    const entry: Promise<void> = request.then(
      () => void this.#running.delete(entry),
      (error: unknown) => {
        this.#running.delete(entry);
        this.#failure ??= { error };
      },
    );
    this.#running.add(entry);
    while (this.#running.size >= this.#limit) await Promise.race(this.#running);
    if (this.#failure) throw this.#failure.error;
  }

  /** All of them have been answered. @throws what one failed with */
  async drain(): Promise<void> {
    await Promise.all(this.#running);
    if (this.#failure) throw this.#failure.error;
  }
}
