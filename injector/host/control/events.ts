/** The story of a session, told to a command as fast as it listens. */
import { eventLine } from '../../control/event-line.ts';
import type { ControlCall, Methods } from '../control-connection.ts';
import { branch, flag, optionalWhole } from './params.ts';

const BATCH = 256;
/** Unsent bytes above which a reader is left to catch up; the journal keeps its place meanwhile. */
const BACKLOG_BYTES = 1024 * 1024;

/**
 * A reader's place in the journal. Nothing is queued for it: what it has not read yet is in the journal, and
 * what the journal has let go of is told as lost.
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

  /** Push what there is, as far as the connection takes it. @returns whether the newest event was reached */
  advance(): boolean {
    const { journal } = this.#call.host.core;
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
    const { core } = call.host;
    const { journal } = core;
    const heardBy = params.branch === undefined ? undefined : branch(params, call.host);
    const follow = flag(params, 'follow');
    const start = optionalWhole(params, 'since') ?? (follow ? journal.newest : journal.oldest - 1);
    const reader = new Reader(call, start, heardBy);
    // Without an end in sight there is nothing to answer: the connection's end is the end.
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
