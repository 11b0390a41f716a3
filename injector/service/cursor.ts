/**
 * How far a watcher has heard its source, for sources that can be asked what came after.
 *
 * Ids of sources begin anew with each life of theirs, so a place is an id and the epoch it belongs to.
 */
import type { Change, Source } from '../../core/watch/index.ts';

interface Place {
  readonly epoch: string;
  readonly id: number;
}

function parse(text: string | null): Place | undefined {
  if (text === null) return undefined;
  try {
    const { epoch, id } = JSON.parse(text) as Partial<Place>;
    return typeof epoch === 'string' && Number.isSafeInteger(id) ? { epoch, id: id! } : undefined;
  } catch {
    // Not knowing costs a scan and loses nothing.
    return undefined;
  }
}

export class SourceCursor {
  /** Up to here it was told. */
  #told: Place | undefined;
  /** Up to here it was heard. */
  #seen: Place | undefined;

  constructor(text: string | null) {
    this.#told = parse(text);
    this.#seen = this.#told;
  }

  get text(): string | null {
    return this.#told ? JSON.stringify(this.#told) : null;
  }

  /** Where to go on in `source`; undefined if what came since is not to be had. */
  in(source: Source): number | undefined {
    return source.remembers && this.#told?.epoch === source.epoch ? this.#told.id : undefined;
  }

  /** From now on. */
  begin(source: Source): void {
    this.#told = source.remembers ? { epoch: source.epoch, id: source.currentEventId() } : undefined;
    this.#seen = this.#told;
  }

  see(batch: readonly Change[], source: Source): void {
    if (!source.remembers) return;
    let id = this.#seen?.epoch === source.epoch ? this.#seen.id : 0;
    // A scan is told where a source begins anew: its ids are lower again.
    for (const change of batch) id = change.kind === 'rescan' ? change.id : Math.max(id, change.id);
    this.#seen = { epoch: source.epoch, id };
  }

  told(): void {
    this.#told = this.#seen;
  }

  forget(): void {
    this.#told = undefined;
    this.#seen = undefined;
  }
}
