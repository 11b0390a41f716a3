/** A connection to NATS JetStream whose calls fail at once while the server is away, and which reports its return. */
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { Authenticator, NatsConnection } from '@nats-io/transport-node';
import { UserError } from '../../user-error.ts';
import { type NatsClient, natsClient } from './nats-client.ts';
import type { NatsLocation } from './nats-location.ts';

/** Time limit for an answer of a connected server. */
const ANSWER_MS = 5000;
const RETRY_MS = 250;

export interface PublishOptions {
  /** Replace all earlier messages of the subject. */
  readonly replace?: boolean;
  /** Fail unless this is the sequence of the subject's last message; 0: unless the subject has none. */
  readonly after?: number;
}

export class NatsLink {
  readonly stream: string;
  readonly jsm: JetStreamManager;
  readonly js: JetStreamClient;
  /** Limit for the bytes of a message. */
  readonly maxPayload: number;
  readonly #client: NatsClient;
  readonly #nc: NatsConnection;
  #up = true;
  #closed = false;
  #onBack: () => void = () => {};
  /** Rejects when the connection breaks. */
  #broken: Promise<never>;
  #break: (error: Error) => void = () => {};

  /** @throws UserError */
  static async open(location: NatsLocation, authenticator?: Authenticator): Promise<NatsLink> {
    const { servers, name, replicas, tls } = location;
    const where = servers.join(',');
    const client = await natsClient();
    let nc: NatsConnection | undefined;
    try {
      nc = await client.connect({
        servers: [...servers],
        name: `shimfs ${name}`,
        maxReconnectAttempts: -1,
        reconnectTimeWait: RETRY_MS,
        reconnectJitter: RETRY_MS,
        timeout: ANSWER_MS,
        ...(authenticator && { authenticator }),
        ...(tls && { tls: {} }),
      });
      const jsm = await client.jetstreamManager(nc, { timeout: ANSWER_MS });
      const stream = `shimfs_${name}`;
      const config = { subjects: [`shimfs.${name}.>`], num_replicas: replicas, allow_rollup_hdrs: true };
      const known = await jsm.streams.info(stream).catch(() => undefined);
      if (!known) await jsm.streams.add({ name: stream, ...config });
      return new NatsLink(client, nc, jsm, stream);
    } catch (error) {
      await nc?.close();
      throw new UserError(
        `cannot use the NATS server at ${where}: ${(error as Error).message || (error as Error).name}`,
        'Look whether it runs with JetStream (nats-server -js), may be reached from here, and knows the credentials; or give a file by --store.',
      );
    }
  }

  private constructor(client: NatsClient, nc: NatsConnection, jsm: JetStreamManager, stream: string) {
    this.#client = client;
    this.#nc = nc;
    this.jsm = jsm;
    this.js = client.jetstream(nc, { timeout: ANSWER_MS });
    this.stream = stream;
    this.maxPayload = nc.info?.max_payload ?? 1024 * 1024;
    this.#broken = this.#breakable();
    void this.#follow();
  }

  #breakable(): Promise<never> {
    const broken = new Promise<never>((_, reject) => {
      this.#break = reject;
    });
    broken.catch(() => {});
    return broken;
  }

  async #follow(): Promise<void> {
    for await (const { type } of this.#nc.status()) {
      if (type === 'disconnect' && this.#up) {
        this.#up = false;
        this.#break(this.#unreachable());
      } else if (type === 'reconnect') void this.#answers();
    }
  }

  /** A server that has just started accepts connections before it has loaded its streams. */
  async #answers(): Promise<void> {
    while (!this.#closed && !this.#nc.isClosed()) {
      try {
        await this.jsm.streams.info(this.stream);
        break;
      } catch {
        await new Promise((done) => setTimeout(done, RETRY_MS));
      }
    }
    if (this.#up || this.#closed) return;
    this.#up = true;
    this.#broken = this.#breakable();
    this.#onBack();
  }

  get up(): boolean {
    return this.#up;
  }

  onBack(listener: () => void): void {
    this.#onBack = listener;
  }

  #unreachable(): Error {
    return new Error(`the NATS server ${this.#nc.getServer()} is away`);
  }

  /** Runs `action`; rejects if the server is away, or if the connection breaks, and then its result is unknown. */
  async ask<T>(action: () => Promise<T>): Promise<T> {
    if (!this.#up) throw this.#unreachable();
    return Promise.race([action(), this.#broken]);
  }

  /** @returns its sequence */
  publish(subject: string, body: unknown, { replace, after }: PublishOptions = {}): Promise<number> {
    const head = this.#client.headers();
    if (replace) head.set('Nats-Rollup', 'sub');
    return this.ask(async () => {
      const { seq } = await this.js.publish(subject, JSON.stringify(body), {
        headers: head,
        timeout: ANSWER_MS,
        retries: 0,
        ...(after !== undefined && { expect: { lastSubjectSequence: after } }),
      });
      return seq;
    });
  }

  /** The last message of a subject. */
  async last(subject: string): Promise<{ readonly seq: number; readonly body: unknown } | undefined> {
    return this.ask(async () => {
      const message = await this.jsm.streams.getMessage(this.stream, { last_by_subj: subject });
      return message ? { seq: message.seq, body: message.json() } : undefined;
    });
  }

  /** All messages at the time of the call, oldest first. */
  async *all(): AsyncGenerator<{ readonly subject: string; readonly seq: number; readonly body: unknown }> {
    const { state } = await this.jsm.streams.info(this.stream);
    if (state.messages === 0) return;
    const consumer = await this.js.consumers.get(this.stream);
    const messages = await consumer.consume();
    for await (const message of messages) {
      yield { subject: message.subject, seq: message.seq, body: message.json() };
      if (message.seq >= state.last_seq || message.info.pending === 0) break;
    }
    await messages.close();
    await consumer.delete();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#break(this.#unreachable());
    await this.#nc.close();
  }
}
