/** Keeps several requests in flight, so that copying many small files does not wait for each reply. */
export class Pipeline {
  readonly #limit: number;
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(limit = 64) {
    this.#limit = limit;
  }

  /** Waits while too many are in flight. @throws the first error of an earlier request */
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

  /** Waits for all. @throws the first error */
  async drain(): Promise<void> {
    await Promise.all(this.#running);
    if (this.#failure) throw this.#failure.error;
  }
}
