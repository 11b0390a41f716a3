/**
 * Changes of real directories.
 *
 * Streams of one directory, or of a directory and others below it, share one system watch, which ends with the last of
 * them. Real systems keep no history for us: `since` is answered by `rescan`.
 */
import { realpathSync, statSync } from 'node:fs';
import { type Backend, parcelBackend } from './backend.ts';
import { control } from './change.ts';
import { WatcherError } from './errors.ts';
import type { Tree } from './inventory.ts';
import { below, covers, parentOf, trimmed } from './paths.ts';
import { realTree } from './real-tree.ts';
import type { Route } from './router.ts';
import { SharedWatch } from './shared-watch.ts';
import type { Attachment, AttachOptions, ChangeSink, Source } from './source.ts';

/** Options of DirectorySource, all injectable for tests. */
export interface DirectorySourceOptions {
  /** @internal */
  readonly backend?: Backend;
  /** @internal */
  readonly tree?: Tree;
  /**
   * Read the tree when a watch begins, at the cost of one lstat for each file: then every rename is delivered as a rename.
   * Default: false, and only files that changed before are known.
   */
  readonly inventory?: boolean;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Number of ids in one millisecond. 2^53 is reached in the year 2248. */
const IDS_PER_MS = 1024;

/** Source of the changes of real directories; `directorySource` returns the shared instance. */
export class DirectorySource implements Source {
  /** The same for all processes: ids are times, and `since` is answered by a scan anyway. */
  readonly epoch = 'time';
  readonly #parts: Required<DirectorySourceOptions>;
  readonly #watches = new Set<SharedWatch>();
  #lastId: number;

  constructor(options: DirectorySourceOptions = {}) {
    this.#parts = { backend: parcelBackend, tree: realTree, inventory: false, now: Date.now, ...options };
    this.#lastId = Math.floor(this.#parts.now()) * IDS_PER_MS;
  }

  /** Number of system watches in use. */
  get watches(): number {
    let count = 0;
    for (const watch of this.#watches) count += watch.subscriptions;
    return count;
  }

  readonly list = (path: string) => this.#parts.tree.list(path);

  currentEventId(): number {
    return this.#lastId;
  }

  /** Ids are times: those of later runs are higher, unless the clock was set back. */
  eventIdToTimestamp(id: number): number {
    return Math.floor(id / IDS_PER_MS);
  }

  #nextId(): number {
    this.#lastId = Math.max(this.#lastId + 1, Math.floor(this.#parts.now()) * IDS_PER_MS);
    return this.#lastId;
  }

  attach(path: string, sink: ChangeSink, options: AttachOptions = {}): Attachment {
    let root = trimmed(path);
    let dir: string;
    let dev: number;
    try {
      root = realpathSync(root);
      const stats = statSync(root);
      dev = stats.dev;
      dir = stats.isDirectory() ? root : parentOf(root);
    } catch (error) {
      const ready = Promise.reject(new WatcherError('watch', path, error));
      ready.catch(() => {});
      return { root, dev: 0, ready, close: () => {}, closed: Promise.resolve() };
    }
    let open = true;
    const route: Route = {
      root,
      sink: (change) => open && sink(change),
      watchRoot: options.watchRoot ?? false,
    };
    const watch = this.#watchFor(dir);
    watch.add(route);
    let released: () => void = () => {};
    const closed = new Promise<void>((resolve) => {
      released = resolve;
    });
    const close = (): void => {
      if (!open) return;
      open = false;
      void Promise.all([...this.#watches].map((one) => this.#leave(one, route))).then(() => released());
    };
    const ready = watch.ready.then(() => {
      if (!open || options.since === undefined) return;
      const now = this.#parts.now();
      route.sink(control('rescan', root, this.#nextId(), now));
      route.sink(control('history-done', root, this.#lastId, now));
    });
    ready.catch((error) => {
      close();
      options.onError?.(error);
    });
    return { root, dev, ready, close, closed };
  }

  #watchFor(dir: string): SharedWatch {
    for (const watch of this.#watches) if (covers(watch.root, dir)) return watch;
    const { backend, tree, inventory, now } = this.#parts;
    const watch = new SharedWatch(dir, { backend, tree, inventory, now, nextId: () => this.#nextId() });
    this.#watches.add(watch);
    watch.ready.then(
      () => this.#adopt(watch),
      () => this.#watches.delete(watch),
    );
    return watch;
  }

  /** Moves routes of narrower watches to the wider watch. Both deliver for a moment, so that no change is missed. */
  #adopt(wider: SharedWatch): void {
    for (const watch of [...this.#watches]) {
      if (!below(wider.root, watch.root)) continue;
      for (const route of watch.routes) wider.add(route);
      setTimeout(() => {
        for (const route of [...watch.routes]) void this.#leave(watch, route);
      }, HAND_OVER_MS).unref();
    }
  }

  async #leave(watch: SharedWatch, route: Route): Promise<void> {
    if (!watch.routes.has(route)) return;
    watch.delete(route);
    if (watch.routes.size > 0) return;
    this.#watches.delete(watch);
    await watch.stop();
  }
}

/** Longer than any backend delays a report. */
const HAND_OVER_MS = 1000;

let shared: DirectorySource | undefined;

/** The source of real directories that streams use by default. */
export function directorySource(): DirectorySource {
  shared ??= new DirectorySource();
  return shared;
}
