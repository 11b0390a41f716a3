/**
 * A store in NATS JetStream: one stream for each service, for services on many machines.
 *
 * Subjects: `shimfs.NAME.meta`, `.lease`, `.watcher.ID` (the definition) and `.events.ID`. A message of events is one
 * append, with the dropped ids and the source's cursor, so that an append is atomic. After a failure the store reads the
 * contents of the stream and adds the rest; an event that was written twice is read once.
 */
import { randomUUID } from 'node:crypto';
import type { Retained } from '../ring.ts';
import { natsCredentials } from './nats-credentials.ts';
import { NatsLease } from './nats-lease.ts';
import { NatsLink } from './nats-link.ts';
import { parseNatsLocation } from './nats-location.ts';
import type { Store, StoredWatcher } from './store.ts';

/** More ids than a run uses. */
const RESERVED = 2 ** 32;
/** Messages without retained events are removed in batches of this size. */
const PURGE = 64;

interface Meta {
  readonly epoch: string;
  readonly reserved: number;
  /** Absent if the run was killed. */
  readonly last?: number;
}

interface Appended {
  readonly dropped: number;
  readonly cursor: string | null;
  readonly events: readonly (readonly [id: number, time: number, body: string])[];
}

interface Sent {
  readonly seq: number;
  readonly lastId: number;
}

interface Loaded {
  row?: { readonly definition: string; readonly origin: number };
  dropped: number;
  cursor: string | null;
  readonly events: Map<number, Retained>;
  readonly sent: Sent[];
}

export interface NatsStoreOptions {
  /** `nats://HOST:PORT/NAME` */
  readonly location: string;
  readonly credentials?: string;
  /** Time to wait for a renewal by the stream's holder, ms. */
  readonly patience?: number;
}

export class NatsStore implements Store {
  readonly epoch: string;
  readonly startId: number;
  readonly notice = undefined;
  readonly #link: NatsLink;
  readonly #lease: NatsLease;
  readonly #prefix: string;
  readonly #reserved: number;
  #found: Map<string, Loaded>;
  /** Messages of events in the stream, by watcher. */
  readonly #sent = new Map<string, Sent[]>();

  /** @throws UserError if the server cannot be reached, or another service has the stream */
  static async open(options: NatsStoreOptions): Promise<NatsStore> {
    const location = parseNatsLocation(options.location);
    const link = await NatsLink.open(
      location,
      options.credentials === undefined ? undefined : await natsCredentials(options.credentials),
    );
    const prefix = `shimfs.${location.name}`;
    try {
      const lease = await NatsLease.take(link, `${prefix}.lease`, options.patience);
      const meta = (await link.last(`${prefix}.meta`))?.body as Meta | undefined;
      const found = await load(link, prefix);
      const store = new NatsStore(link, lease, prefix, meta, found);
      await store.#putMeta();
      return store;
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  private constructor(
    link: NatsLink,
    lease: NatsLease,
    prefix: string,
    meta: Meta | undefined,
    found: Map<string, Loaded>,
  ) {
    this.#link = link;
    this.#lease = lease;
    this.#prefix = prefix;
    this.#found = found;
    for (const [id, { sent }] of found) this.#sent.set(id, sent);
    this.epoch = meta?.epoch ?? randomUUID();
    this.startId = meta?.last ?? meta?.reserved ?? 0;
    this.#reserved = this.startId + RESERVED;
  }

  #putMeta(last?: number): Promise<number> {
    const meta: Meta = { epoch: this.epoch, reserved: this.#reserved, ...(last !== undefined && { last }) };
    return this.#link.publish(`${this.#prefix}.meta`, meta, { replace: true });
  }

  watchers(): readonly StoredWatcher[] {
    return [...this.#found].map(([id, { row, dropped, cursor }]) => ({
      id,
      ...row!,
      droppedThrough: dropped,
      cursor,
    }));
  }

  events(watcher: string): readonly Retained[] {
    const { events, dropped } = this.#found.get(watcher) ?? {
      events: new Map<number, Retained>(),
      dropped: 0,
    };
    // Read once, at the start.
    if (this.#found.delete(watcher) && this.#found.size === 0) this.#found = new Map();
    return [...events.values()].filter(({ id }) => id > dropped).sort((a, b) => a.id - b.id);
  }

  #subject(kind: 'watcher' | 'events', id: string): string {
    return `${this.#prefix}.${kind}.${token(id)}`;
  }

  async putWatcher({ id, definition, origin }: StoredWatcher): Promise<void> {
    this.#lease.check();
    await this.#link.publish(this.#subject('watcher', id), { definition, origin }, { replace: true });
  }

  async deleteWatcher(id: string): Promise<void> {
    this.#lease.check();
    for (const kind of ['watcher', 'events'] as const)
      await this.#link.ask(() =>
        this.#link.jsm.streams.purge(this.#link.stream, { filter: this.#subject(kind, id) }),
      );
    this.#sent.delete(id);
  }

  async append({ id, droppedThrough, cursor }: StoredWatcher, events: readonly Retained[]): Promise<void> {
    this.#lease.check();
    const subject = this.#subject('events', id);
    const sent = this.#sent.get(id) ?? [];
    this.#sent.set(id, sent);
    const parts = split(events, this.#link.maxPayload / 2);
    for (const [n, part] of parts.entries()) {
      const appended: Appended = {
        dropped: droppedThrough,
        // In the last message: if it is missing, the source is read again from the previous cursor.
        cursor: n === parts.length - 1 ? cursor : null,
        events: part.map(({ id: at, time, body }) => [at, time, body]),
      };
      const seq = await this.#link.publish(subject, appended);
      sent.push({ seq, lastId: part.at(-1)?.id ?? 0 });
    }
    await this.#purge(subject, sent, droppedThrough);
  }

  /** Keeps the newest message: it contains the dropped ids. */
  async #purge(subject: string, sent: Sent[], dropped: number): Promise<void> {
    let count = 0;
    while (count < sent.length - 1 && sent[count]!.lastId <= dropped) count++;
    if (count < PURGE) return;
    const { seq } = sent[count]!;
    await this.#link.ask(() => this.#link.jsm.streams.purge(this.#link.stream, { filter: subject, seq }));
    sent.splice(0, count);
  }

  /** Messages in the stream stay; events are only appended. */
  async rewrite(watcher: StoredWatcher, events: readonly Retained[]): Promise<void> {
    await this.putWatcher(watcher);
    const last = await this.#link.last(this.#subject('events', watcher.id));
    const known = Math.max(
      (last?.body as Appended | undefined)?.events.at(-1)?.[0] ?? 0,
      this.#sent.get(watcher.id)?.at(-1)?.lastId ?? 0,
    );
    await this.append(
      watcher,
      events.filter(({ id }) => id > known),
    );
  }

  /** Renews the lease now. */
  renew(): Promise<void> {
    return this.#lease.renew();
  }

  onBack(listener: () => void): void {
    this.#link.onBack(() => void this.#lease.renew().then(listener));
  }

  async close(lastId: number): Promise<void> {
    try {
      this.#lease.check();
      await this.#putMeta(lastId);
      await this.#lease.release();
    } catch {
      // Cannot be stored: the next run continues above the reserved ids.
    } finally {
      await this.#link.close();
    }
  }
}

const token = (id: string): string => Buffer.from(id).toString('base64url');

/** Splits events into messages of at most `bytes`; without events, a single empty message. */
function split(events: readonly Retained[], bytes: number): Retained[][] {
  const parts: Retained[][] = [[]];
  let size = 0;
  for (const event of events) {
    const own = 2 * Buffer.byteLength(event.body) + 64;
    if (size > 0 && size + own > bytes) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)!.push(event);
    size += own;
  }
  return parts;
}

async function load(link: NatsLink, prefix: string): Promise<Map<string, Loaded>> {
  const found = new Map<string, Loaded>();
  const of = (id: string): Loaded => {
    let one = found.get(id);
    if (!one) {
      one = { dropped: 0, cursor: null, events: new Map(), sent: [] };
      found.set(id, one);
    }
    return one;
  };
  for await (const { subject, seq, body } of link.all()) {
    const [kind, name = ''] = subject.slice(prefix.length + 1).split('.');
    const one =
      kind === 'watcher' || kind === 'events' ? of(Buffer.from(name, 'base64url').toString()) : undefined;
    if (kind === 'watcher') one!.row = body as Loaded['row'];
    if (kind !== 'events') continue;
    const { dropped, cursor, events } = body as Appended;
    one!.dropped = Math.max(one!.dropped, dropped);
    one!.cursor = cursor ?? one!.cursor;
    for (const [id, time, text] of events) one!.events.set(id, { id, time, body: text });
    one!.sent.push({ seq, lastId: events.at(-1)?.[0] ?? 0 });
  }
  // An interrupted deletion: the definition is deleted first.
  for (const [id, one] of found) if (!one.row) found.delete(id);
  return found;
}
