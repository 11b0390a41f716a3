/**
 * A connection to the host of a session, for as long as somebody listens.
 *
 * Tells the events of one branch in order. A connection that breaks is made anew: the same host goes on where it
 * was, another one (a restart) begins a new epoch. Whether a host came is seen in the run directory, not polled for;
 * only what that may miss is asked again now and then.
 */
import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { ControlClient, ControlError } from '../control/client.ts';
import type { EventItem, EventLine } from '../control/methods.ts';
import { runDirectory } from '../platform/run-directory.ts';

export interface LinkEvents {
  tell(line: EventLine): void;
  /** Something was lost; what comes has ids above `id`. */
  lost(id: number): void;
  /** The host has gone, or cannot be asked. */
  interrupted(error: Error): void;
  /** It is there again. @param anew another life of it: ids begin anew, above `id` */
  back(anew: boolean, id: number): void;
}

/** Between two tries that nothing gave reason for. */
const RETRY_MS = 2000;

/** A host's life. Of its token, which nobody else can make up, and from which nobody learns it. */
const epochOf = ({ session }: ControlClient): string =>
  createHash('sha256').update(session.token).digest('hex').slice(0, 32);

export class SessionLink {
  readonly #session: string;
  readonly #branch: string;
  readonly #events: LinkEvents;
  #client: ControlClient | undefined;
  #opening: Promise<void> | undefined;
  #closed = false;
  /** Why there is no connection now, where there was one. */
  #away: Error | undefined;
  #wake: () => void = () => {};
  #lastId = 0;
  epoch = '';

  constructor(session: string, branch: string, events: LinkEvents) {
    this.#session = session;
    this.#branch = branch;
    this.#events = events;
  }

  get lastId(): number {
    return this.#lastId;
  }

  /** @throws ControlError when no host serves the session, or it has no such branch */
  open(): Promise<void> {
    if (this.#away) return Promise.reject(this.#away);
    this.#opening ??= this.#connect().catch((error) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #connect(): Promise<void> {
    const client = await ControlClient.connect(this.#session).catch((error: Error) => {
      // It names the sessions that run; this is told to tokens that may know of this one only.
      if (error instanceof ControlError && error.code === 'ENOENT')
        throw new Error(`there is no session '${this.#session}'`);
      throw error;
    });
    try {
      const { newest } = await client.call('session.describe', {});
      // Refused where there is no such branch, before anybody counts on it.
      await client.stream('event.read', { branch: this.#branch, since: newest }, () => {});
      const epoch = epochOf(client);
      if (epoch !== this.epoch) this.#lastId = newest;
      this.epoch = epoch;
      if (this.#closed) client.close();
      else this.#listen(client);
    } catch (error) {
      client.close();
      throw error;
    }
  }

  #listen(client: ControlClient): void {
    this.#client = client;
    const params = { branch: this.#branch, since: this.#lastId, follow: true };
    client
      .stream('event.read', params, (item) => this.#hear(item))
      .then(
        () => this.#broken(client, new Error(`session '${this.#session}' tells nothing more`)),
        (error: Error) => this.#broken(client, error),
      );
  }

  #hear(item: EventItem): void {
    if ('lost' in item) {
      const { oldest, newest } = item.lost;
      this.#lastId = oldest > 0 ? oldest - 1 : newest;
      this.#events.lost(this.#lastId);
      return;
    }
    for (const line of item.events) {
      this.#lastId = line.id;
      this.#events.tell(line);
    }
  }

  /** Events after `since`, up to what is the newest when this is asked. @returns its id */
  async history(since: number, take: (item: EventItem) => void): Promise<number> {
    await this.open();
    if (!this.#client) throw new Error(`the host of session '${this.#session}' has ended`);
    const { newest } = await this.#client.stream('event.read', { branch: this.#branch, since }, take);
    return newest;
  }

  #broken(client: ControlClient, error: Error): void {
    client.close();
    if (this.#closed || client !== this.#client) return;
    this.#client = undefined;
    this.#away = error;
    this.#events.interrupted(error);
    void this.#again();
  }

  async #again(): Promise<void> {
    const before = this.epoch;
    const watcher = this.#watchRunDirectory();
    try {
      while (!this.#closed) {
        // Asked for before it is tried: what changes in between counts.
        const changed = new Promise<void>((wake) => {
          this.#wake = wake;
        });
        try {
          await this.#connect();
          this.#away = undefined;
          if (!this.#closed) this.#events.back(this.epoch !== before, this.#lastId);
          return;
        } catch {
          const timer = setTimeout(this.#wake, RETRY_MS);
          await changed;
          clearTimeout(timer);
        }
      }
    } finally {
      watcher?.close();
    }
  }

  #watchRunDirectory(): FSWatcher | undefined {
    try {
      // Only by the host itself: looking for it touches the directory.
      const name = `${this.#session}.json`;
      const watcher = watch(runDirectory(), { persistent: false }, (_, changed) => {
        if (changed === name) this.#wake();
      });
      watcher.on('error', () => this.#wake());
      return watcher;
    } catch {
      return undefined;
    }
  }

  close(): void {
    this.#closed = true;
    this.#client?.close();
    this.#client = undefined;
    this.#wake();
  }
}
