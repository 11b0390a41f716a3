/** Sends the events of a session to a command, as fast as it reads. */
import { eventLine } from '../../control/event-line.ts';
import type { ControlCall, Methods } from './method.ts';
import { branch, flag, optionalWhole } from './params.ts';

const BATCH = 256;
/** Above this many unsent bytes a reader pauses; its events stay in the journal meanwhile. */
const BACKLOG_BYTES = 1024 * 1024;

/**
 * A reader's position in the journal. Nothing is queued for it: unread events are in the journal, and events that
 * the journal has dropped are reported as lost.
 */
class Reader {
  cursor: number;
  readonly #branch: string | undefined;
  readonly #call: ControlCall;

  constructor(call: ControlCall, cursor: number, branch: string | undefined) {
    this.#call = call;
    this.cursor = cursor;
    this.#branch = branch;
  }

  /** Send events until the connection's buffer is full. @returns whether the newest event was reached */
  advance(): boolean {
    const { journal } = this.#call.session.core;
    while (this.cursor < journal.newest) {
      if (this.#call.backlog > BACKLOG_BYTES) return false;
      const { newest } = journal;
      const history = journal.since(this.cursor, { branch: this.#branch, limit: BATCH });
      if (history.lost) {
        this.#call.push({ lost: { oldest: history.oldest, newest: history.newest } });
        this.cursor = history.oldest > 0 ? history.oldest - 1 : history.newest;
        continue;
      }
      const { events } = history;
      if (events.length > 0) this.#call.push({ events: events.map(eventLine) });
      this.cursor = events.length < BATCH ? newest : events.at(-1)!.id;
    }
    return true;
  }
}

export const eventMethods: Methods<'event'> = {
  'event.read': (params, call) => {
    const { core } = call.session;
    const { journal } = core;
    const visibleIn = params.branch === undefined ? undefined : branch(params, call.session);
    const follow = flag(params, 'follow');
    const start = optionalWhole(params, 'since') ?? (follow ? journal.newest : journal.oldest - 1);
    const reader = new Reader(call, start, visibleIn);
    // A follower gets no final reply: its stream ends with the connection.
    return new Promise((resolve, reject) => {
      let scheduled = false;
      const unsubscribe = follow ? core.subscribe(() => wake()) : () => undefined;
      const run = (): void => {
        scheduled = false;
        try {
          if (reader.advance() && !follow) resolve({ newest: reader.cursor });
        } catch (error) {
          unsubscribe();
          reject(error as Error);
        }
      };
      const wake = (): void => {
        if (scheduled) return;
        scheduled = true;
        setImmediate(run);
      };
      call.onDrain(wake);
      call.onEnd(unsubscribe);
      run();
    });
  },
};
