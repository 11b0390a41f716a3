/** A service without sockets, clocks or directories: tests decide on events and times. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { Change, ChangeSink, Source, Timers } from '../../../core/watch/index.ts';
import { covers } from '../../../core/watch/paths.ts';
import { createApp } from '../../../injector/service/app.ts';
import type { Env } from '../../../injector/service/guard.ts';
import { MemoryStore } from '../../../injector/service/store/memory-store.ts';
import type { Store } from '../../../injector/service/store/store.ts';
import { type TokenEntry, Tokens } from '../../../injector/service/tokens.ts';
import { type ServiceOptions, WatcherService } from '../../../injector/service/watcher-service.ts';

export class ManualTimers implements Timers {
  time = 0;
  readonly #due = new Map<object, { at: number; action: () => void }>();
  now = (): number => this.time;
  set = (ms: number, action: () => void): object => {
    const key = {};
    this.#due.set(key, { at: this.time + ms, action });
    return key;
  };
  clear = (key: unknown): void => void this.#due.delete(key as object);
  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const next = [...this.#due].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!next) break;
      this.#due.delete(next[0]);
      this.time = Math.max(this.time, next[1].at);
      next[1].action();
    }
    this.time = end;
  }
}

export class ManualSource implements Source {
  readonly epoch = 'manual';
  readonly list = () => [];
  readonly sinks = new Set<{ root: string; sink: ChangeSink }>();
  #id = 0;
  currentEventId = (): number => this.#id;
  eventIdToTimestamp = (): undefined => undefined;
  attach(root: string, sink: ChangeSink) {
    const entry = { root, sink };
    this.sinks.add(entry);
    const close = (): void => void this.sinks.delete(entry);
    return { root, dev: 0, ready: Promise.resolve(), close, closed: Promise.resolve() };
  }
  change(path: string, kind: Change['kind'] = 'update', more: Partial<Change> = {}): void {
    const change: Change = { kind, path, type: 'file', id: ++this.#id, time: 0, ...more };
    for (const { root, sink } of [...this.sinks]) if (covers(root, path)) sink(change);
  }
}

export const OWNER = 'owner-token-owner-token';
export const NARROW = 'narrow-token-narrow-token';

export interface World {
  readonly service: WatcherService;
  readonly app: OpenAPIHono<Env>;
  readonly source: ManualSource;
  readonly timers: ManualTimers;
  readonly store: Store;
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Changes that are delivered separately. */
  touch(...paths: string[]): void;
}

export async function world(
  options: Partial<ServiceOptions> & { readonly tokens?: readonly TokenEntry[] } = {},
): Promise<World> {
  const source = new ManualSource();
  const timers = new ManualTimers();
  const store = options.store ?? new MemoryStore();
  const service = new WatcherService({
    directories: source,
    timers,
    now: () => 1_000_000 + timers.time,
    ...options,
    store,
  });
  await service.start();
  const tokens = options.tokens ?? [
    { name: 'owner', token: OWNER, scopes: ['*'] },
    { name: 'narrow', token: NARROW, scopes: ['/usr'] },
  ];
  const app = createApp({ service, tokens: new Tokens(tokens), host: '127.0.0.1' });
  return {
    service,
    app,
    source,
    timers,
    store,
    ask: async (method, path, body, headers) =>
      app.request(path, {
        method,
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        headers: {
          host: '127.0.0.1:1',
          authorization: `Bearer ${OWNER}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
      }),
    touch: (...paths) => {
      for (const path of paths) {
        source.change(path);
        timers.advance(1);
      }
    },
  };
}

/** A client that reads when asked. */
export class SseReader {
  readonly messages: EventSourceMessage[] = [];
  done = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  readonly #parser = createParser({ onEvent: (message) => this.messages.push(message) });
  constructor(response: Response) {
    this.#reader = response.body!.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  }
  async step(): Promise<void> {
    const { value, done } = await this.#reader.read();
    if (done) this.done = true;
    else this.#parser.feed(this.#decoder.decode(value, { stream: true }));
  }
  async until(enough: (messages: EventSourceMessage[]) => boolean): Promise<EventSourceMessage[]> {
    while (!enough(this.messages) && !this.done) await this.step();
    return this.messages;
  }
  get events(): EventSourceMessage[] {
    return this.messages.filter(({ event }) => event === undefined);
  }
  close(): Promise<void> {
    return this.#reader.cancel();
  }
}
