/**
 * One system watch of a real directory, for any number of streams at or below it.
 *
 * Subscriptions to backends are renewed where the backend cannot follow: in a directory that appeared with directories
 * inside it (inotify backends miss changes below, or report them under the old name), and when the root returns.
 */
import type { Backend, BackendEvent, BackendSubscription } from './backend.ts';
import type { Change } from './change.ts';
import { control } from './change.ts';
import { WatcherError } from './errors.ts';
import { type FileState, Inventory, type Tree } from './inventory.ts';
import { below, covers, parentOf } from './paths.ts';
import { RootGuard } from './root-guard.ts';
import { type Route, Router } from './router.ts';

/** How long a backend may take to notice that the root was removed. */
const ROOT_GONE_MS = 300;
/** Delay after the last report, long enough for related reports to arrive. */
const RECHECK_MS = 150;

export interface SharedWatchParts {
  readonly backend: Backend;
  readonly tree: Tree;
  /** Read the whole tree at the start. */
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
  #identity: FileState | undefined;
  /** Start of the watch, nanoseconds since the epoch. */
  #since = 0n;
  /** Directories to check again. */
  readonly #doubtful = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #left: Promise<void> = Promise.resolve();
  #rootRemovalReported: () => void = () => {};
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

  /** Number of subscriptions to the backend. */
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
    const subscription = this.#parts.backend.subscribe(dir, (error, events) => this.#onReport(error, events));
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
    // Backends report an error if the directory was removed before: then the subscription has ended already.
    return (subscription ?? Promise.resolve(undefined)).then((one) => one?.unsubscribe()).catch(() => {});
  }

  #onReport(error: Error | null, events: readonly BackendEvent[]): void {
    if (this.#stopped) return;
    if (error) {
      this.#inventory.clear();
      this.#control('rescan');
      return;
    }
    if (events.some(({ type, path }) => type === 'delete' && path === this.root)) this.#rootRemovalReported();
    if (!this.#checkRoot()) return;
    const inside = events.filter((event) => covers(this.root, event.path) && event.path !== this.root);
    if (inside.length === 0) return;
    this.#report(inside);
    this.#recheck(inside);
  }

  /**
   * Checks the directories of reported events again, after reports have ceased.
   *
   * @parcel/watcher 2.6 copies its list of events and then empties it: an event added in between is lost. That is rare
   * but permanent; and a lost event is in the same directory as a reported event.
   */
  #recheck(events: readonly BackendEvent[]): void {
    for (const { path } of events) this.#doubtful.add(parentOf(path));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const dirs = [...this.#doubtful];
      this.#doubtful.clear();
      if (!this.#checkRoot()) return;
      const found = dirs.flatMap((dir) => this.#inventory.unreported(dir, this.#since));
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

  /** Subscribes to a new directory that contains directories, and reports everything created before the subscription. */
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
        // Removed again: the directory above reports its deletion.
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

  /** Whether the root is unchanged. If not, reports it and prepares to notice its return. */
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
   * Ends the subscriptions of a removed root, once the backend has noticed.
   *
   * @parcel/watcher 2.6 keeps its snapshot of the tree if it is unsubscribed before it has seen the root's removal, and
   * reuses that snapshot when the root returns, in which there is nothing to watch.
   */
  async #leave(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#rootRemovalReported = resolve;
      setTimeout(resolve, ROOT_GONE_MS);
    });
    await Promise.all([...this.#subscriptions.keys()].map((dir) => this.#unsubscribe(dir)));
  }

  #departure(before: FileState): Omit<Change, 'id' | 'time'> {
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
