/** Changes of a branch of a session, heard through its host. Closed with its last watcher. */
import { type Change, type ChangeKind, control } from '../../core/watch/change.ts';
import { covers, trimmed } from '../../core/watch/paths.ts';
import { Router } from '../../core/watch/router.ts';
import type { Attachment, AttachOptions, ChangeSink, Source } from '../../core/watch/source.ts';
import { ControlClient } from '../control/client.ts';
import type { EventLine } from '../control/methods.ts';

const KIND: Readonly<Record<string, ChangeKind>> = {
  Created: 'create',
  Removed: 'delete',
  Modified: 'update',
  Renamed: 'rename',
  Attrib: 'attrib',
};

export function changeOfLine(line: EventLine): Change | undefined {
  const kind = KIND[line.kind];
  if (kind === undefined || line.detail.includes('Orphan')) return undefined;
  const { path, from, type, id, time, ino, nlink: links } = line;
  return {
    kind,
    path,
    type,
    id,
    time,
    ino,
    links,
    ...(from !== undefined && { from }),
    ...(line.detail.includes('Exchanged') && { exchanged: true }),
  };
}

interface Listener {
  readonly root: string;
  readonly sink: ChangeSink;
  readonly onError?: (error: unknown) => void;
}

export class SessionSource implements Source {
  readonly epoch: string;
  readonly #session: string;
  readonly #branch: string;
  readonly #listeners = new Set<Listener>();
  /** The host's files cannot be listed at once: who needs that is told to scan. */
  readonly list = () => [];
  readonly #router = new Router(this.list);
  #client: Promise<ControlClient> | undefined;
  #lastId = 0;

  constructor(session: string, branch: string) {
    this.#session = session;
    this.#branch = branch;
    this.epoch = session;
  }

  currentEventId(): number {
    return this.#lastId;
  }

  eventIdToTimestamp(): undefined {
    return undefined;
  }

  attach(path: string, sink: ChangeSink, options: AttachOptions = {}): Attachment {
    const root = trimmed(path);
    let open = true;
    const listener: Listener = {
      root,
      sink: (change) => open && sink(change),
      onError: options.onError,
    };
    const route = { root, sink: listener.sink, watchRoot: options.watchRoot ?? false };
    this.#listeners.add(listener);
    this.#router.add(route);
    const close = (): void => {
      if (!open) return;
      open = false;
      this.#listeners.delete(listener);
      this.#router.delete(route);
      if (this.#listeners.size === 0) this.#hangUp();
    };
    const ready = this.#connect().then(() => undefined);
    ready.catch(close);
    return { root, dev: 0, ready, close, closed: Promise.resolve() };
  }

  #hangUp(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.then(
      (one) => one.close(),
      () => undefined,
    );
  }

  #connect(): Promise<ControlClient> {
    this.#client ??= this.#listen();
    return this.#client;
  }

  async #listen(): Promise<ControlClient> {
    let client: ControlClient;
    try {
      client = await ControlClient.connect(this.#session);
      const { newest } = await client.call('session.describe', {});
      this.#lastId = newest;
    } catch (error) {
      this.#client = undefined;
      throw error;
    }
    const params = { branch: this.#branch, since: this.#lastId, follow: true };
    const told = client.stream('event.read', params, (item) => {
      if ('lost' in item) this.#rescan();
      else for (const line of item.events) this.#tell(line);
    });
    told.catch((error) => {
      this.#client = undefined;
      for (const listener of [...this.#listeners]) listener.onError?.(error);
    });
    return client;
  }

  #tell(line: EventLine): void {
    const change = changeOfLine(line);
    this.#lastId = line.id;
    if (!change) return;
    this.#router.push(change);
    if (change.kind !== 'rename' || change.type !== 'directory') return;
    for (const { root, sink } of this.#listeners)
      if (covers(root, change.path) && !covers(root, change.from ?? ''))
        sink(control('rescan', change.path, change.id, change.time));
  }

  #rescan(): void {
    for (const { root, sink } of this.#listeners) sink(control('rescan', root, this.#lastId, Date.now()));
  }
}
