/** All watchers of a service, one sequence of ids, and states. Knows no HTTP. */
import { randomUUID } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { DirectorySource, type Source, systemTimers, type Timers } from '../../core/watch/index.ts';
import { covers } from '../../core/watch/paths.ts';
import { type Definition, definitionSchema } from './definition.ts';
import { Problem } from './problem.ts';
import { type Retained, Ring } from './ring.ts';
import { SessionSource } from './session-source.ts';
import type { Store } from './store/store.ts';
import { Watcher, type WatcherParts } from './watcher.ts';

export interface ServiceOptions {
  readonly store: Store;
  /** Replaces real directories, for tests. */
  readonly directories?: Source;
  readonly timers?: Timers;
  /** Milliseconds since the epoch. May go backwards: what is told does not. */
  readonly now?: () => number;
  /** Default: 15 s. */
  readonly heartbeatMs?: number;
  /** Bytes that may wait for one client. Default: 1 MiB. */
  readonly queueBytes?: number;
  readonly maxWatchers?: number;
  /** Real paths of what the service writes itself: to tell of them would make more of it. */
  readonly ownFiles?: readonly string[];
}

export interface HeldState {
  readonly key: string;
  readonly name: string;
  readonly path: string;
  readonly metadata: Record<string, string>;
  readonly scopes: (definition: Definition) => boolean;
}

export class WatcherService {
  readonly store: Store;
  readonly #options: ServiceOptions;
  readonly #timers: Timers;
  readonly #watchers = new Map<string, Watcher>();
  readonly #states = new Map<string, HeldState>();
  readonly #sources = new Map<string, Source>();
  readonly #directories: Source;
  readonly #parts: WatcherParts;
  /** Watchers of which the store lacks something. */
  readonly #unwritten = new Set<string>();
  #lastId: number;
  #lastTime = 0;
  #heartbeat: unknown;
  #closed = false;
  readonly #onClose = new Set<() => void>();
  /** Why events are kept in memory only, if they are. */
  storeFailure: string | undefined;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.store = options.store;
    this.#timers = options.timers ?? systemTimers;
    this.#directories = options.directories ?? new DirectorySource();
    this.#lastId = options.store.startId;
    this.#parts = {
      timers: this.#timers,
      ownRules: (options.ownFiles ?? []).map((path) => ({ kind: 'exclude-path', path })),
      queueBytes: options.queueBytes ?? 1024 * 1024,
      lastId: () => this.#lastId,
      stamp: () => ({ id: ++this.#lastId, time: this.now() }),
      source: (definition) => this.#sourceOf(definition),
      stateHolds: (name, watcher) => this.statesOf(watcher).some((state) => state.name === name),
      keep: (watcher, events) => this.#keep(watcher, events),
    };
  }

  get lastId(): number {
    return this.#lastId;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** System watches in use; overlapping watchers share theirs. */
  get systemWatches(): number {
    return this.#directories instanceof DirectorySource ? this.#directories.watches : 0;
  }

  now(): number {
    const now = Math.floor((this.#options.now ?? Date.now)());
    this.#lastTime = Math.max(this.#lastTime, now);
    return this.#lastTime;
  }

  #sourceOf({ source, branch = 'main' }: Definition): Source {
    if (source === 'directory') return this.#directories;
    const key = `${source}/${branch}`;
    let known = this.#sources.get(key);
    if (!known) {
      known = new SessionSource(source.slice('session:'.length), branch);
      this.#sources.set(key, known);
    }
    return known;
  }

  /** Take up what the store has. What happened meanwhile nobody knows: each watcher is told to scan. */
  async start(): Promise<void> {
    for (const { id, definition, origin, droppedThrough } of this.store.watchers()) {
      const parsed = definitionSchema.parse(JSON.parse(definition));
      const ring = new Ring(origin, parsed.retention, droppedThrough);
      for (const event of this.store.events(id)) {
        ring.push(event);
        this.#lastTime = Math.max(this.#lastTime, event.time);
      }
      const watcher = new Watcher(id, parsed, ring, this.#parts);
      this.#watchers.set(id, watcher);
      try {
        if (this.resolve(parsed).path !== parsed.path) throw new Error('the path leads elsewhere now');
        await watcher.start();
        watcher.tell([{ action: 'rescan', path: parsed.path }]);
      } catch (error) {
        watcher.fail(error);
      }
    }
    const beat = (): void => {
      for (const watcher of this.#watchers.values()) {
        watcher.fanOut.heartbeat();
        this.expire(watcher);
      }
      this.#heartbeat = this.#timers.set(this.#options.heartbeatMs ?? 15_000, beat);
    };
    this.#heartbeat = this.#timers.set(this.#options.heartbeatMs ?? 15_000, beat);
  }

  /** Real paths hold no links, so that scopes say what they mean. @throws Problem */
  resolve(definition: Definition): Definition {
    if (definition.source !== 'directory') return definition;
    try {
      return { ...definition, path: realpathSync(definition.path) };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new Problem(
        422,
        'path_missing',
        `cannot watch ${definition.path} (${code})`,
        'Give a path that exists and that the service may read.',
      );
    }
  }

  /** @throws Problem */
  get(id: string): Watcher {
    const watcher = this.#watchers.get(id);
    if (watcher) return watcher;
    throw new Problem(404, 'unknown_watcher', `there is no watcher '${id}'`, 'GET /watchers lists them.');
  }

  has(id: string): boolean {
    return this.#watchers.has(id);
  }

  all(): Watcher[] {
    return [...this.#watchers.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  expire(watcher: Watcher): void {
    if (watcher.ring.trim(this.now())) this.#keep(watcher, []);
  }

  /** @param given resolved @throws Problem */
  async create(given: Definition, id: string = randomUUID()): Promise<Watcher> {
    const most = this.#options.maxWatchers ?? 10_000;
    if (this.#watchers.size >= most)
      throw new Problem(429, 'too_many_watchers', `there are ${most} watchers`, 'Delete some.');
    const watcher = new Watcher(id, given, new Ring(this.#lastId, given.retention), this.#parts);
    this.#watchers.set(id, watcher);
    try {
      await watcher.start();
    } catch (error) {
      this.#watchers.delete(id);
      throw cannotWatch(given, error);
    }
    this.#write(watcher, () => this.store.putWatcher(watcher.row));
    return watcher;
  }

  /** Nothing happens if it is the same already. @throws Problem */
  async replace(watcher: Watcher, given: Definition): Promise<void> {
    if (isDeepStrictEqual(watcher.definition, given) && watcher.status === 'watching') return;
    const moved = watcher.definition.path !== given.path || watcher.definition.source !== given.source;
    const before = watcher.definition;
    try {
      await watcher.replace(given);
    } catch (error) {
      await watcher.replace(before).catch((worse) => watcher.fail(worse));
      throw cannotWatch(given, error);
    }
    this.#write(watcher, () => this.store.putWatcher(watcher.row));
    if (moved) watcher.tell([{ action: 'rescan', path: given.path }]);
  }

  async delete(watcher: Watcher): Promise<void> {
    this.#watchers.delete(watcher.id);
    this.#unwritten.delete(watcher.id);
    await watcher.close();
    try {
      this.store.deleteWatcher(watcher.id);
    } catch (error) {
      this.storeFailure = (error as Error).message;
    }
  }

  #keep(watcher: Watcher, events: readonly Retained[]): void {
    this.#write(watcher, () => this.store.append(watcher.id, events, watcher.ring.droppedThrough));
  }

  /** A full disk costs durability, not the service; once there is room, all that is missing is written. */
  #write(watcher: Watcher, write: () => void): void {
    if (!this.#watchers.has(watcher.id)) return;
    try {
      if (!this.#unwritten.has(watcher.id)) write();
      for (const id of [...this.#unwritten]) {
        const one = this.#watchers.get(id);
        if (one) this.store.rewrite(one.row, one.ring.all());
        this.#unwritten.delete(id);
      }
      this.storeFailure = undefined;
    } catch (error) {
      this.storeFailure = (error as Error).message;
      this.#unwritten.add(watcher.id);
    }
  }

  /** @returns takes it back */
  onClose(action: () => void): () => void {
    this.#onClose.add(action);
    return () => this.#onClose.delete(action);
  }

  states(): HeldState[] {
    return [...this.#states.values()];
  }

  statesOf({ definition }: Watcher): HeldState[] {
    return this.states().filter((state) => covers(state.path, definition.path) && state.scopes(definition));
  }

  /** @throws Problem when it is entered already */
  enter(state: Omit<HeldState, 'key'>): () => void {
    const key = `${state.path}\n${state.name}`;
    if (this.#states.has(key))
      throw new Problem(
        409,
        'state_held',
        `the state '${state.name}' is entered already`,
        'Wait until it is left, or give it another name.',
      );
    const { name, path, metadata, scopes } = state;
    const watchers = this.all().filter(
      ({ definition }) => covers(path, definition.path) && scopes(definition),
    );
    // What came before the state belongs before it.
    for (const watcher of watchers) watcher.deliver();
    this.#states.set(key, { ...state, key });
    for (const watcher of watchers) watcher.tell([{ action: 'state-enter', path, state: name, metadata }]);
    return () => {
      if (!this.#states.delete(key)) return;
      for (const watcher of watchers) {
        if (!this.#watchers.has(watcher.id)) continue;
        watcher.tell([{ action: 'state-leave', path, state: name, metadata }]);
        watcher.release();
      }
    };
  }

  /** Tells and writes all that waits. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#timers.clear(this.#heartbeat);
    this.#states.clear();
    for (const action of this.#onClose) action();
    for (const watcher of this.#watchers.values()) watcher.flush();
    await Promise.all([...this.#watchers.values()].map((watcher) => watcher.close()));
    this.store.close(this.#lastId);
  }
}

const cannotWatch = (definition: Definition, error: unknown): Problem =>
  new Problem(
    422,
    'cannot_watch',
    `cannot watch ${definition.path}: ${(error as Error).message}`,
    'Look whether it exists, may be read, and (for a session) whether its host runs.',
  );
