/**
 * A lease: only one service at a time uses a stream.
 *
 * The holder renews it regularly, on condition that no other service wrote in between. A service that wants it waits
 * until it was not renewed for long enough, by its own clock: clocks of two machines are never compared.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { UserError } from '../../user-error.ts';
import type { NatsLink } from './nats-link.ts';

interface Holder {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly released?: boolean;
}

export const LEASE_MS = 5000;
/** After this time without a renewal the holder is dead. */
const SILENCE_MS = 3 * LEASE_MS;

/** Whether the holder was a process of this machine that has ended. */
function isDead({ host, pid }: Holder): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

export class NatsLease {
  readonly #link: NatsLink;
  readonly #subject: string;
  readonly #holder: Holder = { id: randomUUID(), host: hostname(), pid: process.pid };
  #seq: number;
  #timer: NodeJS.Timeout | undefined;
  #lost: Error | undefined;

  private constructor(link: NatsLink, subject: string, seq: number) {
    this.#link = link;
    this.#subject = subject;
    this.#seq = seq;
  }

  /** @param patience time to wait for a renewal by the holder, ms @throws UserError while another service has it */
  static async take(link: NatsLink, subject: string, patience = SILENCE_MS): Promise<NatsLease> {
    const last = await link.last(subject);
    const holder = last?.body as Holder | undefined;
    if (last && holder && !holder.released && !isDead(holder)) {
      await new Promise((done) => setTimeout(done, patience));
      if ((await link.last(subject))?.seq !== last.seq) throw taken(link.stream, holder);
    }
    const lease = new NatsLease(link, subject, last?.seq ?? 0);
    try {
      await lease.#write(lease.#holder);
    } catch (error) {
      if (!isConflict(error)) throw error;
      throw taken(link.stream, ((await link.last(subject))?.body as Holder | undefined) ?? lease.#holder);
    }
    lease.#arm();
    return lease;
  }

  async #write(holder: Holder): Promise<void> {
    this.#seq = await this.#link.publish(this.#subject, holder, { after: this.#seq, replace: true });
  }

  #arm(): void {
    this.#timer = setTimeout(() => void this.renew().finally(() => this.#arm()), LEASE_MS);
    this.#timer.unref();
  }

  /** Renews the lease. Never throws: `check` reports a lost lease. */
  async renew(): Promise<void> {
    if (this.#lost || !this.#link.up) return;
    try {
      await this.#write(this.#holder);
    } catch (error) {
      if (isConflict(error)) await this.#conflict();
    }
  }

  /** Another service wrote, or this service did and the answer was lost. */
  async #conflict(): Promise<void> {
    const last = await this.#link.last(this.#subject).catch(() => undefined);
    const holder = last?.body as Holder | undefined;
    if (last && holder?.id === this.#holder.id) this.#seq = last.seq;
    else if (holder)
      this.#lost = new Error(
        `the stream ${this.#link.stream} was taken over by process ${holder.pid} on ${holder.host}`,
      );
  }

  /** @throws Error when another service has taken it */
  check(): void {
    if (this.#lost) throw this.#lost;
  }

  async release(): Promise<void> {
    clearTimeout(this.#timer);
    if (!this.#lost) await this.#write({ ...this.#holder, released: true });
  }
}

const isConflict = (error: unknown): boolean => /wrong last sequence/i.test((error as Error).message);

const taken = (stream: string, { host, pid }: Holder): UserError =>
  new UserError(
    `another service (process ${pid} on ${host}) has the stream ${stream}`,
    'End that one, or give this one another name: --store nats://HOST:PORT/NAME.',
  );
