/**
 * The ancestry of branches: for each, its parent and the event after which it was created. Its history before that
 * event is the parent's.
 *
 * A client that asks a young branch for changes since an older event means the view that it had then, which the branch
 * shared with its parent. A branch created from a snapshot shared no branch's view, so such a history is lost.
 */
import type { FsEvent } from './events/fs-event.ts';
import type { History, Journal } from './journal.ts';

interface Birth {
  readonly name: string;
  /** Id of the newest event when the branch was created. */
  readonly at: number;
  readonly parent: Birth | undefined;
}

export class Lineage {
  readonly #births = new Map<string, Birth>();

  /** @param at id of the newest event @param parent the live parent, if any */
  created(name: string, at: number, parent?: string): void {
    this.#births.set(name, { name, at, parent: parent === undefined ? undefined : this.#birth(parent) });
  }

  deleted(name: string): void {
    this.#births.delete(name);
  }

  /** A branch without a record has existed from the beginning. */
  #birth(name: string): Birth {
    return this.#births.get(name) ?? { name, at: 0, parent: undefined };
  }

  /** Events with ids above `since` as `branch` saw them; before its creation, as its parents did. */
  history(journal: Journal, branch: string, since: number): History {
    let from = since;
    let events: FsEvent[] = [];
    for (const { birth, end } of this.#chapters(branch, since)) {
      const history = birth ? journal.since(from, { branch: birth.name }) : undefined;
      if (!history || history.lost) {
        const oldest = journal.size > 0 ? journal.oldest : 0;
        return { lost: true, oldest, newest: journal.newest };
      }
      events = events.concat(history.events.filter(({ id }) => id <= end));
      from = Math.max(from, end);
    }
    return { events };
  }

  /** The branch whose events apply up to each event id, oldest first; undefined if the view was a snapshot's. */
  #chapters(branch: string, since: number): { birth: Birth | undefined; end: number }[] {
    const chapters: { birth: Birth | undefined; end: number }[] = [];
    let birth: Birth | undefined = this.#birth(branch);
    let end = Number.POSITIVE_INFINITY;
    for (; birth !== undefined && birth.at > since; birth = birth.parent) {
      chapters.unshift({ birth, end });
      end = birth.at;
    }
    chapters.unshift({ birth, end });
    return chapters;
  }
}
