/**
 * A watcher's position in its source, for sources that keep a history.
 *
 * A source that restarts counts its ids from the beginning, so a position is an id and its epoch.
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
    // Without a position the watcher reports a rescan: no change is lost.
    return undefined;
  }
}

export class SourceCursor {
  /** The last event that was published. */
  #published: Place | undefined;
  /** The last event that was received from the source. */
  #received: Place | undefined;

  constructor(text: string | null) {
    this.#published = parse(text);
    this.#received = this.#published;
  }

  get text(): string | null {
    return this.#published ? JSON.stringify(this.#published) : null;
  }

  /** The id to resume from in `source`; undefined if the source has no history since then. */
  in(source: Source): number | undefined {
    return source.remembers && this.#published?.epoch === source.epoch ? this.#published.id : undefined;
  }

  /** Starts at the newest event of the source. */
  begin(source: Source): void {
    this.#published = source.remembers ? { epoch: source.epoch, id: source.currentEventId() } : undefined;
    this.#received = this.#published;
  }

  received(batch: readonly Change[], source: Source): void {
    if (!source.remembers) return;
    let id = this.#received?.epoch === source.epoch ? this.#received.id : 0;
    // A source that restarts reports a rescan, whose id may be lower than the last.
    for (const change of batch) id = change.kind === 'rescan' ? change.id : Math.max(id, change.id);
    this.#received = { epoch: source.epoch, id };
  }

  published(): void {
    this.#published = this.#received;
  }

  forget(): void {
    this.#published = undefined;
    this.#received = undefined;
  }
}
