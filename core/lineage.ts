/**
 * Which branch each one was made upon, and when: before that, its story is the other's.
 *
 * Who asks a young branch what happened since an older event means the view that it had then, which it shared with the
 * branch below. One that began from a snapshot shared it with nobody for certain: that story is told as lost.
 */
import type { FsEvent } from './events/fs-event.ts';
import type { History, Journal } from './journal.ts';

interface Birth {
  readonly name: string;
  /** Id of the last event before it. */
  readonly at: number;
  readonly parent: Birth | undefined;
}

export class Lineage {
  readonly #births = new Map<string, Birth>();

  /** @param at id of the newest event @param parent the branch it lies upon, live */
  made(name: string, at: number, parent?: string): void {
    this.#births.set(name, { name, at, parent: parent === undefined ? undefined : this.#birth(parent) });
  }

  gone(name: string): void {
    this.#births.delete(name);
  }

  /** One that nobody made was there from the beginning. */
  #birth(name: string): Birth {
    return this.#births.get(name) ?? { name, at: 0, parent: undefined };
  }

  /** Events with ids above `since` as `branch` heard them, or would have heard them before it was made. */
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

  /** Whose story it is up to which event, oldest first; nobody's at first where the view was shared with no branch. */
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
