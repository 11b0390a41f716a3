/**
 * A connection to the host of a session, open while the source has listeners.
 *
 * Delivers the events of a branch in order. A broken connection is opened again: the same host resumes after the last
 * event, a restarted host begins a new epoch. A watch of the run directory notices a new host; a slow poll covers
 * notifications that the watch may lose.
 */
import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { ControlClient, ControlError } from '../control/client.ts';
import type { EventItem, EventLine } from '../control/methods.ts';
import { runDirectory } from '../platform/run-directory.ts';

export interface LinkEvents {
  event(line: EventLine): void;
  /** Events were lost; the following events have ids above `id`. */
  lost(id: number): void;
  /** The host has ended, or does not answer. */
  interrupted(error: Error): void;
  /** The connection is back. @param anew the host was restarted: a new epoch, with ids above `id` */
  back(anew: boolean, id: number): void;
}

/** Time between two attempts without a notification. */
const RETRY_MS = 2000;

/** Identifies a run of a host: a digest of its secret token, which no other run can have and which the digest hides. */
const epochOf = ({ session }: ControlClient): string =>
  createHash('sha256').update(session.token).digest('hex').slice(0, 32);

export class SessionLink {
  readonly #session: string;
  readonly #branch: string;
  readonly #events: LinkEvents;
  #client: ControlClient | undefined;
  #opening: Promise<void> | undefined;
  #closed = false;
  /** Why the connection broke; undefined while it is open, or before the first. */
  #interruption: Error | undefined;
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
    if (this.#interruption) return Promise.reject(this.#interruption);
    this.#opening ??= this.#connect().catch((error) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #connect(): Promise<void> {
    const client = await ControlClient.connect(this.#session).catch((error: Error) => {
      // ControlError's text lists the running sessions; a token may be allowed to know only this session.
      if (error instanceof ControlError && error.code === 'ENOENT')
        throw new Error(`there is no session '${this.#session}'`);
      throw error;
    });
    try {
      const { newest } = await client.call('session.describe', {});
      // Fails now if the branch does not exist.
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
      .stream('event.read', params, (item) => this.#receive(item))
      .then(
        () => this.#broken(client, new Error(`session '${this.#session}' has ended its event stream`)),
        (error: Error) => this.#broken(client, error),
      );
  }

  #receive(item: EventItem): void {
    if ('lost' in item) {
      const { oldest, newest } = item.lost;
      this.#lastId = oldest > 0 ? oldest - 1 : newest;
      this.#events.lost(this.#lastId);
      return;
    }
    for (const line of item.events) {
      this.#lastId = line.id;
      this.#events.event(line);
    }
  }

  /** Reads the events after `since`, up to the newest at the time of the request. @returns the newest id */
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
    this.#interruption = error;
    this.#events.interrupted(error);
    void this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    const before = this.epoch;
    const watcher = this.#watchRunDirectory();
    try {
      while (!this.#closed) {
        // Created before the attempt: a notification during the attempt counts.
        const changed = new Promise<void>((wake) => {
          this.#wake = wake;
        });
        try {
          await this.#connect();
          this.#interruption = undefined;
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
      // Only the host's own file counts: an attempt to connect touches other files of the directory.
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
