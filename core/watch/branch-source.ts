/**
 * Changes of a branch of a core.
 *
 * All streams of one branch share one subscription to the core, which ends with the last of them.
 */
import { randomUUID } from 'node:crypto';
import type { FsEvent } from '../events/fs-event.ts';
import type { FsCore } from '../fs-core.ts';
import type { DirectoryEntry } from '../ops/directory.ts';
import { control } from './change.ts';
import { WatcherError } from './errors.ts';
import { changesOf } from './event-change.ts';
import { trimmed } from './paths.ts';
import { Router } from './router.ts';
import type { TreeEntry } from './scope.ts';
import type { Attachment, AttachOptions, ChangeSink, Source } from './source.ts';

const DEVICES = new WeakMap<FsCore, number>();
let lastDevice = 0x5348_0000;

function deviceOf(core: FsCore): number {
  let dev = DEVICES.get(core);
  if (dev === undefined) {
    dev = ++lastDevice;
    DEVICES.set(core, dev);
  }
  return dev;
}

const EPOCHS = new WeakMap<FsCore, string>();

/** Ids start at 1 in every core, so each core has an epoch of its own. */
function epochOf(core: FsCore): string {
  let epoch = EPOCHS.get(core);
  if (epoch === undefined) {
    epoch = randomUUID();
    EPOCHS.set(core, epoch);
  }
  return epoch;
}

const DONE = Promise.resolve();

/** Source of the changes of one branch; create it with `branchSource`. */
export class BranchSource implements Source {
  /** The core that the branch belongs to. */
  readonly core: FsCore;
  /** Name of the branch. */
  readonly branch: string;
  /** Device number of the core. */
  readonly dev: number;
  readonly epoch: string;
  readonly #router = new Router((path) => this.list(path));
  #unsubscribe: (() => void) | undefined;

  /** @internal */
  constructor(core: FsCore, branch: string) {
    this.core = core;
    this.branch = branch;
    this.dev = deviceOf(core);
    this.epoch = epochOf(core);
  }

  currentEventId(): number {
    return this.core.journal.newest;
  }

  eventIdToTimestamp(id: number): number | undefined {
    const history = this.core.journal.since(id - 1, { limit: 1 });
    return history.lost ? undefined : history.events[0]?.time;
  }

  readonly list = (path: string): Iterable<TreeEntry> => {
    const { core, branch } = this;
    const walk = function* (dir: string): Generator<TreeEntry> {
      let entries: DirectoryEntry[];
      try {
        entries = core.view(branch, { pid: 0, uid: 0, gid: 0, umask: 0 }).readdir({ path: dir });
      } catch {
        // The directory, or the branch, was removed.
        return;
      }
      for (const { name, type, ino } of entries) {
        if (name === '.' || name === '..') continue;
        const at = dir === '/' ? `/${name}` : `${dir}/${name}`;
        yield { path: at, type, ino };
        if (type === 'directory') yield* walk(at);
      }
    };
    return walk(path);
  };

  attach(path: string, sink: ChangeSink, options: AttachOptions = {}): Attachment {
    const root = trimmed(path);
    const route = { root, sink, watchRoot: options.watchRoot ?? false };
    try {
      this.core.branches.get(this.branch);
    } catch (error) {
      const ready = Promise.reject(new WatcherError('watch', path, error));
      ready.catch(() => {});
      return { root, dev: this.dev, ready, close: () => {}, closed: Promise.resolve() };
    }
    if (options.since !== undefined) this.#replay(root, sink, options.since);
    this.#router.add(route);
    this.#unsubscribe ??= this.core.subscribe((event) => this.#tell(event), { branch: this.branch });
    const close = (): void => {
      this.#router.delete(route);
      if (this.#router.size > 0) return;
      this.#unsubscribe?.();
      this.#unsubscribe = undefined;
    };
    return { root, dev: this.dev, ready: DONE, close, closed: DONE };
  }

  #tell(event: FsEvent): void {
    for (const change of changesOf(event)) this.#router.push(change);
  }

  /** Replays through a router, as live changes are, so that a rename across the root is translated alike. */
  #replay(root: string, sink: ChangeSink, since: number): void {
    const history = this.core.history(this.branch, since);
    const now = Math.floor(this.core.now.ms);
    const newest = this.core.journal.newest;
    // An id beyond the newest belongs to another core, or to a later state of this one.
    if (history.lost || since > newest) sink(control('rescan', root, newest, now));
    else {
      // A directory is listed as it is now, which is also the state its consumer will find.
      const router = new Router((path) => this.list(path));
      router.add({ root, sink, watchRoot: false });
      for (const event of history.events) for (const change of changesOf(event)) router.push(change);
    }
    sink(control('history-done', root, newest, now));
  }
}

const SOURCES = new WeakMap<FsCore, Map<string, BranchSource>>();

/** The source of a branch, shared by all its streams. */
export function branchSource(core: FsCore, branch = 'main'): BranchSource {
  let sources = SOURCES.get(core);
  if (!sources) {
    sources = new Map();
    SOURCES.set(core, sources);
  }
  let source = sources.get(branch);
  if (!source) {
    source = new BranchSource(core, branch);
    sources.set(branch, source);
  }
  return source;
}
