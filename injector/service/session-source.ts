/**
 * Changes of a branch of a session, from its host's journal.
 *
 * A watcher that resumes receives the events that it missed, or a rescan if the journal no longer has them. All watchers
 * of a branch share a connection; it is closed with the last watcher, and is opened again when a host is restarted.
 */
import { type Change, control } from '../../core/watch/change.ts';
import { changesOf } from '../../core/watch/event-change.ts';
import { covers, trimmed } from '../../core/watch/paths.ts';
import { Router } from '../../core/watch/router.ts';
import type { Attachment, AttachOptions, ChangeSink, Source } from '../../core/watch/source.ts';
import { eventOfLine } from '../control/event-line.ts';
import type { EventLine } from '../control/methods.ts';
import { SessionLink } from './session-link.ts';

/** The host's files cannot be listed synchronously: where a listing is needed, a rescan is reported. */
const NOTHING = (): [] => [];
/** Limit of live events that wait while history is read; beyond it, a rescan is reported. */
const WAITING = 65_536;

class Listener {
  readonly root: string;
  readonly options: AttachOptions;
  readonly #sink: ChangeSink;
  readonly #router = new Router(NOTHING);
  /** Live events that wait while history is read. */
  #waiting: EventLine[] | undefined;
  #open = true;

  constructor(root: string, sink: ChangeSink, options: AttachOptions) {
    this.root = root;
    this.options = options;
    this.#sink = sink;
    this.#router.add({ root, sink: (change) => this.sink(change), watchRoot: options.watchRoot ?? false });
    if (options.since !== undefined) this.#waiting = [];
  }

  get open(): boolean {
    return this.#open;
  }

  sink(change: Change): void {
    if (this.#open) this.#sink(change);
  }

  push(line: EventLine): void {
    if (!this.#waiting) this.receive(line);
    else if (this.#waiting.length < WAITING) this.#waiting.push(line);
  }

  receive(line: EventLine): void {
    const event = eventOfLine(line);
    if (event) for (const change of changesOf(event)) this.#push(change);
  }

  #push(change: Change): void {
    this.#router.push(change);
    if (change.kind !== 'rename' || change.type !== 'directory') return;
    // The contents of a directory that is moved into the root are unknown here.
    if (covers(this.root, change.path) && !covers(this.root, change.from ?? ''))
      this.sink(control('rescan', change.path, change.id, change.time));
  }

  rescan(id: number): void {
    if (this.#waiting) this.#waiting = [];
    this.sink(control('rescan', this.root, id, Date.now()));
  }

  /** History was reported up to `id`: the waiting events follow, without a gap. */
  live(id: number): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    if (waiting.length >= WAITING) this.rescan(id);
    else for (const line of waiting) if (line.id > id) this.receive(line);
    this.sink(control('history-done', this.root, id, Date.now()));
  }

  close(): void {
    this.#open = false;
  }
}

export class SessionSource implements Source {
  readonly remembers = true;
  readonly list = NOTHING;
  readonly #session: string;
  readonly #branch: string;
  readonly #listeners = new Set<Listener>();
  #link: SessionLink | undefined;

  constructor(session: string, branch: string) {
    this.#session = session;
    this.#branch = branch;
  }

  get epoch(): string {
    return this.#link?.epoch ?? '';
  }

  currentEventId(): number {
    return this.#link?.lastId ?? 0;
  }

  eventIdToTimestamp(): undefined {
    return undefined;
  }

  async open(): Promise<void> {
    const link = this.#connection();
    try {
      await link.open();
    } catch (error) {
      if (this.#link === link && this.#listeners.size === 0) this.#disconnect();
      throw error;
    }
  }

  #connection(): SessionLink {
    const all = (action: (listener: Listener) => void): void => {
      for (const listener of [...this.#listeners]) action(listener);
    };
    this.#link ??= new SessionLink(this.#session, this.#branch, {
      event: (line) => all((listener) => listener.push(line)),
      lost: (id) => all((listener) => listener.rescan(id)),
      interrupted: (error) => all(({ options }) => options.onInterruption?.(error)),
      back: (anew, id) =>
        all((listener) => {
          listener.options.onInterruption?.();
          if (anew) listener.rescan(id);
        }),
    });
    return this.#link;
  }

  attach(path: string, sink: ChangeSink, options: AttachOptions = {}): Attachment {
    const root = trimmed(path);
    const listener = new Listener(root, sink, options);
    this.#listeners.add(listener);
    const close = (): void => {
      listener.close();
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#disconnect();
    };
    const link = this.#connection();
    const ready = link.open().then(() => {
      if (options.since !== undefined) return this.#replay(link, listener, options.since);
    });
    ready.catch(close);
    return { root, dev: 0, ready, close, closed: Promise.resolve() };
  }

  async #replay(link: SessionLink, listener: Listener, since: number): Promise<void> {
    // `since` is above the host's ids, so it belongs to another epoch.
    if (since > link.lastId) listener.rescan(link.lastId);
    const from = Math.min(since, link.lastId);
    const newest = await link.history(from, (item) => {
      if (!('lost' in item)) for (const line of item.events) listener.receive(line);
      else listener.rescan(item.lost.oldest > 0 ? item.lost.oldest - 1 : item.lost.newest);
    });
    listener.live(newest);
  }

  #disconnect(): void {
    this.#link?.close();
    this.#link = undefined;
  }
}
