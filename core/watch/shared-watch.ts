/**
 * One system watch of a real directory, for any number of streams at or below it.
 *
 * Subscriptions to backends are remade where the backend cannot follow: in a directory that arrived with others in
 * it (inotify's users miss what is below, or report it under its old name), and when the root is there again.
 */
import type { Backend, BackendEvent, BackendSubscription } from './backend.ts';
import type { Change } from './change.ts';
import { control } from './change.ts';
import { WatcherError } from './errors.ts';
import { Inventory, type Known, type Tree } from './inventory.ts';
import { below, covers, parentOf } from './paths.ts';
import { RootGuard } from './root-guard.ts';
import { type Route, Router } from './router.ts';

/** How long a backend may take to notice that the root is gone. */
const ROOT_GONE_MS = 300;
/** After the last report: long enough for what belongs to it to have come. */
const RECHECK_MS = 150;

export interface SharedWatchParts {
  readonly backend: Backend;
  readonly tree: Tree;
  /** Learn the whole tree at the start. */
  readonly inventory: boolean;
  nextId(): number;
  now(): number;
}

export class SharedWatch {
  readonly root: string;
  readonly ready: Promise<void>;
  readonly #parts: SharedWatchParts;
  readonly #router: Router;
  readonly #inventory: Inventory;
  readonly #routes = new Set<Route>();
  /** By directory. */
  readonly #subscriptions = new Map<string, Promise<BackendSubscription>>();
  readonly #guard: RootGuard;
  #identity: Known | undefined;
  /** When the watch began, nanoseconds since the epoch. */
  #since = 0n;
  /** Directories to look through again. */
  readonly #doubtful = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #left: Promise<void> = Promise.resolve();
  #rootToldGone: () => void = () => {};
  #stopped = false;

  constructor(root: string, parts: SharedWatchParts) {
    this.root = root;
    this.#parts = parts;
    this.#router = new Router((path) => parts.tree.list(path));
    this.#inventory = new Inventory(parts.tree);
    this.#guard = new RootGuard(root, () => this.#checkRoot());
    this.#identity = parts.tree.look(root);
    this.ready = this.#start();
  }

  get routes(): ReadonlySet<Route> {
    return this.#routes;
  }

  /** How many subscriptions to the backend there are. */
  get subscriptions(): number {
    return this.#subscriptions.size;
  }

  add(route: Route): void {
    this.#routes.add(route);
    this.#router.add(route);
  }

  delete(route: Route): void {
    this.#routes.delete(route);
    this.#router.delete(route);
  }

  async #start(): Promise<void> {
    this.#guard.arm();
    try {
      await this.#subscribe(this.root);
    } catch (error) {
      throw new WatcherError('watch', this.root, error);
    }
    this.#since = BigInt(Math.ceil(this.#parts.now())) * 1_000_000n;
    if (this.#parts.inventory && !this.#stopped) this.#inventory.learn(this.root);
  }

  async #subscribe(dir: string): Promise<void> {
    const subscription = this.#parts.backend.subscribe(dir, (error, events) => this.#told(error, events));
    this.#subscriptions.set(dir, subscription);
    try {
      await subscription;
    } catch (error) {
      this.#subscriptions.delete(dir);
      throw error;
    }
  }

  #unsubscribe(dir: string): Promise<void> {
    const subscription = this.#subscriptions.get(dir);
    this.#subscriptions.delete(dir);
    // Backends complain when the directory is gone already: then there is nothing left to end.
    return (subscription ?? Promise.resolve(undefined)).then((one) => one?.unsubscribe()).catch(() => {});
  }

  #told(error: Error | null, events: readonly BackendEvent[]): void {
    if (this.#stopped) return;
    if (error) {
      this.#inventory.clear();
      this.#control('rescan');
      return;
    }
    if (events.some(({ type, path }) => type === 'delete' && path === this.root)) this.#rootToldGone();
    if (!this.#checkRoot()) return;
    const inside = events.filter((event) => covers(this.root, event.path) && event.path !== this.root);
    if (inside.length === 0) return;
    this.#report(inside);
    this.#recheck(inside);
  }

  /**
   * Look again where something happened, once it has calmed down.
   *
   * @parcel/watcher 2.6 copies its list of events and then empties it: what is added in between is lost. Seldom, but
   * for good; and what is lost is next to what was told.
   */
  #recheck(events: readonly BackendEvent[]): void {
    for (const { path } of events) this.#doubtful.add(parentOf(path));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const dirs = [...this.#doubtful];
      this.#doubtful.clear();
      if (!this.#checkRoot()) return;
      const found = dirs.flatMap((dir) => this.#inventory.untold(dir, this.#since));
      if (found.length > 0) this.#report(found);
    }, RECHECK_MS);
  }

  #report(events: readonly BackendEvent[]): void {
    const { changes, arrived } = this.#inventory.take(events);
    for (const change of changes) this.#push(change);
    for (const dir of arrived) this.#enter(dir);
    for (const change of changes) {
      const dir = change.kind === 'rename' ? change.from : change.path;
      if (change.kind !== 'delete' && change.kind !== 'rename') continue;
      for (const watched of this.#subscriptions.keys())
        if (watched !== this.root && covers(dir!, watched)) void this.#unsubscribe(watched);
    }
  }

  #push(change: Omit<Change, 'id' | 'time'>): void {
    this.#router.push({ ...change, id: this.#parts.nextId(), time: this.#parts.now() });
  }

  /** Watch a directory that came with others in it, and look what came while nobody watched. */
  #enter(dir: string): void {
    if (this.#subscriptions.has(dir)) return;
    void this.#subscribe(dir).then(
      () => {
        if (this.#stopped) return;
        const found: BackendEvent[] = [];
        for (const { path } of this.#parts.tree.list(dir)) found.push({ type: 'create', path });
        this.#report(found);
      },
      () => {
        // Gone again: its deletion is told by the directory above.
        if (!this.#stopped && this.#parts.tree.look(dir)) this.#control('rescan', dir);
      },
    );
  }

  #control(kind: 'rescan', path = this.root): void {
    const { nextId, now } = this.#parts;
    for (const route of [...this.#routes])
      if (covers(path, route.root) || below(route.root, path))
        route.sink(control(kind, covers(path, route.root) ? route.root : path, nextId(), now()));
  }

  /** Is the root what it was? If not, tell, and see to it that its return is noticed. */
  #checkRoot(): boolean {
    if (this.#stopped) return false;
    const before = this.#identity;
    const now = this.#parts.tree.look(this.root);
    if (before && now && before.ino === now.ino && before.birth === now.birth) return true;
    this.#identity = now;
    if (before) {
      this.#inventory.clear();
      this.#push(this.#departure(before));
      this.#left = this.#leave();
    }
    this.#guard.arm();
    if (now) void this.#return();
    return false;
  }

  /**
   * End the subscriptions of a root that is gone, once the backend knows.
   *
   * @parcel/watcher 2.6 keeps its picture of the tree if it is told to stop before it has seen the root go, and when
   * the root is there again it takes that picture, in which there is nothing to watch.
   */
  async #leave(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#rootToldGone = resolve;
      setTimeout(resolve, ROOT_GONE_MS);
    });
    await Promise.all([...this.#subscriptions.keys()].map((dir) => this.#unsubscribe(dir)));
  }

  #departure(before: Known): Omit<Change, 'id' | 'time'> {
    const { root } = this;
    const dir = parentOf(root);
    const facts = { type: before.type, ino: Number(before.ino) };
    for (const name of this.#siblings(dir)) {
      if (name !== root && this.#parts.tree.look(name)?.ino === before.ino)
        return { kind: 'rename', path: name, from: root, ...facts };
    }
    return { kind: 'delete', path: root, ...facts };
  }

  *#siblings(dir: string): Generator<string> {
    for (const { path } of this.#parts.tree.list(dir, true)) yield path;
  }

  async #return(): Promise<void> {
    await this.#left;
    if (this.#stopped || !this.#identity || this.#subscriptions.has(this.root)) return;
    try {
      await this.#subscribe(this.root);
    } catch {
      this.#checkRoot();
      return;
    }
    if (this.#stopped || !this.#identity) return;
    this.#push({
      kind: 'create',
      path: this.root,
      type: this.#identity.type,
      ino: Number(this.#identity.ino),
    });
    const found: BackendEvent[] = [];
    for (const { path } of this.#parts.tree.list(this.root)) found.push({ type: 'create', path });
    this.#report(found);
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#guard.close();
    await this.#left;
    await Promise.all([...this.#subscriptions.keys()].map((dir) => this.#unsubscribe(dir)));
  }
}
