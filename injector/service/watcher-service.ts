/** All watchers of a service, their common sequence of ids, and states. Independent of HTTP. */
import { randomUUID } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { DirectorySource, type Source, systemTimers, type Timers } from '../../core/watch/index.ts';
import { covers } from '../../core/watch/paths.ts';
import { type Definition, definitionSchema } from './definition.ts';
import { Keeper } from './keeper.ts';
import { Problem } from './problem.ts';
import { Ring } from './ring.ts';
import { SessionSource } from './session-source.ts';
import { type HeldState, States } from './states.ts';
import type { Store } from './store/store.ts';
import { Watcher, type WatcherParts } from './watcher.ts';

export interface ServiceOptions {
  readonly store: Store;
  /** Replaces real directories, for tests. */
  readonly directories?: Source;
  readonly timers?: Timers;
  /** Milliseconds since the epoch. May go backwards: published times do not. */
  readonly now?: () => number;
  /** Default: 15 s. */
  readonly heartbeatMs?: number;
  /** Bytes that may wait for one client. Default: 1 MiB. */
  readonly queueBytes?: number;
  readonly maxWatchers?: number;
  /** How long watchers without an interval collect changes, ms. Default: until 100 ms without a change, at most 500. */
  readonly syncIntervalMs?: number;
  /** Real paths of files that the service writes. They are not reported: a report would cause another write. */
  readonly ownFiles?: readonly string[];
  /** Receives messages: the store fails, or has stored everything again. */
  readonly log?: (line: string) => void;
}

export class WatcherService {
  readonly store: Store;
  readonly #options: ServiceOptions;
  readonly #timers: Timers;
  readonly #watchers = new Map<string, Watcher>();
  readonly #states = new States();
  readonly #keeper: Keeper;
  readonly #sources = new Map<string, Source>();
  readonly #directories: Source;
  readonly #parts: WatcherParts;
  #lastId: number;
  #lastTime = 0;
  #heartbeat: unknown;
  #closed = false;
  readonly #onClose = new Set<() => void>();
  readonly #onBeat = new Set<() => void>();
  readonly #resuming = new Map<Watcher, Promise<void>>();

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.store = options.store;
    this.#timers = options.timers ?? systemTimers;
    this.#directories = options.directories ?? new DirectorySource();
    this.#lastId = options.store.startId;
    this.#keeper = new Keeper(options.store, options.log ?? (() => {}));
    this.#parts = {
      timers: this.#timers,
      ownRules: (options.ownFiles ?? []).map((path) => ({ kind: 'exclude-path', path })),
      queueBytes: options.queueBytes ?? 1024 * 1024,
      interval: { latency: options.syncIntervalMs ?? 100, maxLatency: options.syncIntervalMs ?? 500 },
      keeper: this.#keeper,
      lastId: () => this.#lastId,
      stamp: () => ({ id: ++this.#lastId, time: this.now() }),
      source: (definition) => this.#sourceOf(definition),
      stateHolds: (name, { definition }) => this.#states.holds(name, definition),
    };
  }

  get lastId(): number {
    return this.#lastId;
  }

  /** Why events are kept in memory only, if they are. */
  get storeFailure(): string | undefined {
    return this.#keeper.failure;
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

  /** Restores the stored watchers. A watcher that cannot resume without a gap reports a rescan. */
  async start(): Promise<void> {
    for (const { id, definition, origin, droppedThrough, cursor } of this.store.watchers()) {
      const parsed = definitionSchema.parse(JSON.parse(definition));
      const ring = new Ring(origin, parsed.retention, droppedThrough);
      for (const event of this.store.events(id)) {
        ring.push(event);
        this.#lastTime = Math.max(this.#lastTime, event.time);
      }
      this.#watchers.set(id, new Watcher(id, parsed, ring, this.#parts, cursor));
    }
    for (const watcher of this.#watchers.values()) {
      watcher.ring.trim(this.now());
      await this.#resume(watcher);
      await watcher.settled();
    }
    this.#heartbeat = this.#timers.set(this.#heartbeatMs, () => this.#beat());
  }

  async #resume(watcher: Watcher): Promise<void> {
    const { definition } = watcher;
    try {
      if (this.resolve(definition).path !== definition.path)
        throw new Error('a symbolic link in the path has changed, and it leads to another directory');
    } catch (error) {
      watcher.fail(error);
      return;
    }
    await watcher.retry();
  }

  get #heartbeatMs(): number {
    return this.#options.heartbeatMs ?? 15_000;
  }

  #beat(): void {
    for (const watcher of this.#watchers.values()) {
      watcher.fanOut.heartbeat();
      this.expire(watcher);
      // The path of a failed watcher may exist by now.
      if (watcher.dead && !this.#resuming.has(watcher)) {
        const done = this.#resume(watcher).finally(() => this.#resuming.delete(watcher));
        this.#resuming.set(watcher, done);
      }
    }
    for (const action of this.#onBeat) action();
    void this.#keeper.retry();
    this.#heartbeat = this.#timers.set(this.#heartbeatMs, () => this.#beat());
  }

  /** Follows symbolic links, so that scopes compare real paths. @throws Problem */
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
    return this.#watchers.get(id) ?? unknownWatcher(id);
  }

  has(id: string): boolean {
    return this.#watchers.has(id);
  }

  all(): Watcher[] {
    return [...this.#watchers.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  expire(watcher: Watcher): void {
    void watcher.expire(this.now());
  }

  /** @param given a resolved definition @throws Problem */
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
    await this.#keeper.define(watcher);
    return watcher;
  }

  /** Does nothing if the definition is the same and the watcher works. @throws Problem */
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
    await this.#keeper.define(watcher);
    if (moved) watcher.report([{ action: 'rescan', path: given.path }]);
  }

  async delete(watcher: Watcher): Promise<void> {
    this.#watchers.delete(watcher.id);
    await watcher.close();
    await this.#keeper.delete(watcher);
  }

  /** @returns removes the action */
  onClose(action: () => void): () => void {
    this.#onClose.add(action);
    return () => this.#onClose.delete(action);
  }

  /** Calls `action` at each heartbeat. @returns removes the action */
  onBeat(action: () => void): () => void {
    this.#onBeat.add(action);
    return () => this.#onBeat.delete(action);
  }

  states(): HeldState[] {
    return this.#states.all();
  }

  /** @param ended called once at the end of the state @returns leaves the state; idempotent @throws Problem */
  enter(state: HeldState, ended: () => void = () => {}): () => void {
    const { name, path, metadata, scopes } = state;
    const watchers = this.all().filter(
      ({ definition }) => covers(path, definition.path) && scopes(definition),
    );
    // Changes from before the state are published before it.
    for (const watcher of watchers) watcher.deliver();
    const leave = this.#states.enter(state, () => {
      for (const watcher of watchers) {
        if (!this.#watchers.has(watcher.id)) continue;
        watcher.report([{ action: 'state-leave', path, state: name, metadata }]);
        watcher.release();
      }
      ended();
    });
    for (const watcher of watchers) watcher.report([{ action: 'state-enter', path, state: name, metadata }]);
    return leave;
  }

  /** @throws Problem if the state does not hold */
  leave(path: string, name: string, may: (state: HeldState) => boolean): void {
    const held = this.#states.find(path, name);
    if (!held || !may(held.state))
      throw new Problem(
        404,
        'unknown_state',
        `there is no state '${name}' at ${path}`,
        'GET /states lists them.',
      );
    held.leave();
  }

  /** Publishes and stores all pending events. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#timers.clear(this.#heartbeat);
    this.#states.clear();
    for (const action of this.#onClose) action();
    for (const watcher of this.#watchers.values()) watcher.flush();
    await Promise.all(this.#resuming.values());
    await Promise.all([...this.#watchers.values()].map((watcher) => watcher.close()));
    await this.store.close(this.#lastId);
  }
}

/** @throws Problem always */
export function unknownWatcher(id: string): never {
  throw new Problem(404, 'unknown_watcher', `there is no watcher '${id}'`, 'GET /watchers lists them.');
}

const cannotWatch = (definition: Definition, error: unknown): Problem =>
  new Problem(
    422,
    'cannot_watch',
    `cannot watch ${definition.path}: ${(error as Error).message}`,
    'Check that the path exists and that the service may read it; for a session, that its host runs.',
  );
