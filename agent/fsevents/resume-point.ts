/**
 * The id of the core from which a stream's replay starts: the program's `since` at the first start, and after that the
 * last batch that was delivered before the stream stopped.
 */
import { coreId } from './event-id.ts';

/** FullHistory rounds `since` down to a multiple of this. */
const HISTORY_CHUNK = 1024;
/** Batches remembered for a restart. */
const MAX_BATCHES = 1024;

export class ResumePoint {
  readonly #requested: number | undefined;
  /** Undefined before the first start. */
  #core: number | undefined;
  /** Batches queued since the last start, by the last id in each. */
  #batches: { readonly lastId: number; readonly core: number }[] = [];

  /** @param since id as the program gave it; undefined: no replay */
  constructor(since: number | undefined, fullHistory: boolean) {
    if (since === undefined) return;
    const core = coreId(since);
    this.#requested = fullHistory ? core - (core % HISTORY_CHUNK) : core;
  }

  /**
   * The stream starts.
   * @param delivered highest id delivered so far, 0 for none
   * @param newest the core's newest id
   * @returns the id after which to replay; undefined: no replay
   */
  start(delivered: number, newest: number): number | undefined {
    const since = this.#core === undefined ? this.#requested : this.#lastDelivered(this.#core, delivered);
    this.#core = since ?? newest;
    this.#batches = [];
    return since;
  }

  /** A batch was queued for delivery. @param lastId its last id @param core id of the core that it covers */
  queued(lastId: number, core: number): void {
    this.#batches.push({ lastId, core });
    if (this.#batches.length > MAX_BATCHES) this.#batches.shift();
  }

  /** Batches above `delivered` were queued and never delivered: they are replayed. */
  #lastDelivered(start: number, delivered: number): number {
    let since = start;
    for (const { lastId, core } of this.#batches) if (lastId <= delivered) since = core;
    return since;
  }
}
