/**
 * Keeps a target equal to its origin: compares everything once, follows changes, and compares everything again at
 * intervals in case a change was missed.
 *
 * A batch's changes are in the target before its id is in the state; so after a crash the batch is applied again, which
 * is harmless. If the source has lost the history since then, everything is compared. A path that fails is
 * retried with growing pauses, then left to the next scan.
 */
import { Debouncer } from '../watch/debounce.ts';
import { compileFilter, type Rule } from '../watch/filter.ts';
import { covers, relativeTo } from '../watch/paths.ts';
import type { Attachment } from '../watch/source.ts';
import { systemTimers, type Timers } from '../watch/timers.ts';
import { BACKOFF_DEFAULTS, type BackoffOptions } from './backoff.ts';
import type { ChangeLog, LogEntry } from './change-log.ts';
import type { Origin } from './origin.ts';
import { type PendingPath, PendingPaths } from './pending-paths.ts';
import { ReplicaMirror } from './replica-mirror.ts';
import { Retries, Stopped } from './retries.ts';
import type { StateStore } from './state-file.ts';
import type { Target } from './target.ts';

/** State of a replicator after an action, for display. */
export interface Progress {
  /** `scan`: everything is being compared; `live`: changes are followed. */
  readonly phase: 'scan' | 'live';
  /** Actions applied to the target since the start, and bytes written. */
  readonly actions: number;
  /** Bytes written to the target since the start. */
  readonly bytes: number;
  /** Number of paths given up until the next scan. */
  readonly failed: number;
  /** The last action. */
  readonly last: LogEntry;
}

/** Options of Replicator; only `origin` and `target` are required. */
export interface ReplicatorOptions {
  /** The tree to copy. */
  readonly origin: Origin;
  /** The tree to keep equal to it. */
  readonly target: Target;
  /** Default: no state is kept, and every start compares everything. */
  readonly state?: StateStore;
  /** Receives each action. Default: none. */
  readonly log?: ChangeLog;
  /** Selects the paths that are replicated; see `compileFilter`. */
  readonly rules?: readonly Rule[];
  /** Milliseconds between full scans. Default: one hour. 0: never. */
  readonly scanInterval?: number;
  /** `bytes`: also compare the bytes of files with equal size and time. Default: `times`. */
  readonly compare?: 'times' | 'bytes';
  /** Milliseconds; see EventStream. Default: 50, 500. */
  readonly latency?: number;
  /** Maximum delay in milliseconds; see EventStream. Default: 500. */
  readonly maxLatency?: number;
  /** Pauses between retries of a path. */
  readonly backoff?: BackoffOptions;
  /** Called after each action. */
  readonly onProgress?: (progress: Progress) => void;
  /** Called for each failed attempt. */
  readonly onError?: (error: unknown, path: string) => void;
  /** Its abort stops the replicator. */
  readonly signal?: AbortSignal;
  /** Clock and timers. Default: the process's. */
  readonly timers?: Timers;
  /** From 0 to 1. */
  readonly random?: () => number;
}

const HOUR_MS = 3_600_000;

/** A running replication from one origin to one target. */
export class Replicator {
  readonly #options: ReplicatorOptions;
  readonly #timers: Timers;
  readonly #mirror: ReplicaMirror;
  readonly #retries: Retries;
  readonly #pending = new PendingPaths();
  readonly #debouncer: Debouncer;
  #attachment: Attachment | undefined;
  #worker: Promise<void> | undefined;
  #scanTimer: unknown;
  /** Id of the last event whose changes are in the target. */
  #done = 0;
  #stopped = false;
  #phase: Progress['phase'] = 'scan';
  /** Inodes with several names for which a scan was made to find all names. */
  readonly #searched = new Set<number>();
  /** A path was given up since the last full scan began. */
  #incomplete = false;
  #laterTimer: unknown;
  #actions = 0;
  #bytes = 0;
  #failed = 0;

  constructor(options: ReplicatorOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    const { origin, target, rules = [], compare, log } = options;
    const filter = compileFilter(rules, origin.root);
    const top = origin.root === '/' ? '' : origin.root;
    this.#mirror = new ReplicaMirror(origin, target, {
      // Directories above an included path are accepted although no rule includes them.
      accepts: (path, directory) => {
        const { allowed, rule } = filter.explain(`${top}/${path}`, directory);
        return allowed || (directory && rule === -1);
      },
      did: (entry) => this.#did(entry),
      check: () => this.#retries.check(),
      ...(compare && { compare }),
      ...(log && { log }),
    });
    const { backoff = {}, random = Math.random, onError } = options;
    this.#retries = new Retries({ backoff, timers: this.#timers, random, onError });
    const { latency: wait = 50, maxLatency: maxWait } = options;
    this.#debouncer = new Debouncer({ wait, maxWait }, this.#timers, () => this.#kick());
  }

  /** Resolves once the target equals the origin as of the start. @throws WatcherError if the origin cannot be watched */
  async start(): Promise<void> {
    const { origin, target, state, signal } = this.#options;
    signal?.addEventListener('abort', () => void this.stop(), { once: true });
    const known = await state?.load();
    await target.prepare();
    if (this.#stopped || signal?.aborted) return;
    const since = known?.epoch === origin.source.epoch ? known.lastId : undefined;
    this.#done = since ?? origin.source.currentEventId();
    if (since === undefined) this.#pending.addAll();
    const within = (path: string) => (covers(origin.root, path) ? relativeTo(origin.root, path) : '');
    this.#attachment = origin.source.attach(
      origin.root,
      (change) => {
        this.#pending.add(change, within);
        this.#debouncer.touch();
      },
      { since, watchRoot: true, onError: (error) => this.#options.onError?.(error, '') },
    );
    await this.#attachment.ready;
    this.#kick();
    await this.idle();
    this.#armScan();
  }

  /** Compares everything now. Resolves when finished. */
  scan(): Promise<void> {
    this.#pending.addAll();
    return this.idle();
  }

  #rescan(): void {
    this.#pending.addAll();
    this.#kick();
  }

  #armScan(): void {
    const { scanInterval = HOUR_MS } = this.#options;
    if (scanInterval === 0 || this.#stopped) return;
    this.#scanTimer = this.#timers.set(scanInterval, () => {
      this.#rescan();
      this.#armScan();
    });
  }

  /** Resolves once every change received so far is in the target. */
  async idle(): Promise<void> {
    this.#debouncer.cancel();
    this.#kick();
    while (this.#worker) await this.#worker;
  }

  /** Stops after the current action. The remaining work is done after the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timers.clear(this.#scanTimer);
    this.#timers.clear(this.#laterTimer);
    this.#debouncer.cancel();
    this.#attachment?.close();
    this.#retries.stop();
    await this.#worker;
    await this.#attachment?.closed;
  }

  #kick(): void {
    if (this.#worker || this.#stopped || this.#pending.empty) return;
    this.#worker = this.#work().finally(() => {
      this.#worker = undefined;
      // A change may have been added after the loop's last check.
      this.#kick();
    });
  }

  async #work(): Promise<void> {
    try {
      while (!this.#pending.empty && !this.#stopped) {
        const { items, lastId } = this.#pending.take();
        for (const item of items) await this.#process(item);
        await this.#retry('', () => this.#mirror.setDirectoryAttributes());
        this.#phase = 'live';
        this.#done = Math.max(this.#done, lastId);
        // A path given up is not in the target, so the state must not advance past it before the next scan.
        if (this.#incomplete) {
          if (this.#pending.empty) this.#scanLater();
        } else await this.#save(this.#done);
      }
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    }
  }

  async #save(lastId: number): Promise<void> {
    const { state, origin } = this.#options;
    await this.#retry('', async () => state?.save({ epoch: origin.source.epoch, lastId }));
  }

  async #process({ path, deep, from, ino, links }: PendingPath): Promise<void> {
    if (path === '' && deep) {
      this.#phase = 'scan';
      this.#incomplete = false;
    }
    if (from !== undefined) {
      await this.#retry(path, async (again) => {
        if (again) await this.#mirror.sync(path, true);
        else await this.#mirror.rename(from, path);
      });
      await this.#retryFailed();
    } else await this.#compare(path, deep);
    const names = this.#mirror.namesOf(ino);
    for (const other of names) if (other !== path) await this.#compare(other, false);
    // Names that this process has not seen are found by a scan only; once for each inode, as some may lie outside the root.
    if (ino === undefined || names.length >= (links ?? 1) || this.#searched.has(ino)) return;
    this.#searched.add(ino);
    // Until that scan the state must not advance.
    this.#incomplete = true;
    this.#pending.addAll();
  }

  async #compare(path: string, deep: boolean): Promise<void> {
    await this.#retry(path, () => this.#mirror.sync(path, deep));
    await this.#retryFailed();
  }

  /** Retries paths that failed below a compared directory. */
  async #retryFailed(): Promise<void> {
    for (let failed = this.#mirror.takeFailed(); failed.length > 0; failed = this.#mirror.takeFailed()) {
      for (const [path, error] of failed) {
        this.#options.onError?.(error, path);
        await this.#retry(path, () => this.#mirror.sync(path, true));
      }
    }
  }

  #scanLater(): void {
    this.#timers.clear(this.#laterTimer);
    const { most = BACKOFF_DEFAULTS.most } = this.#options.backoff ?? {};
    this.#laterTimer = this.#timers.set(most, () => this.#rescan());
  }

  async #retry(path: string, action: (again: boolean) => Promise<void>): Promise<void> {
    const failure = await this.#retries.run(path, action);
    if (!failure) return;
    this.#failed++;
    this.#incomplete = true;
    this.#did({ time: Date.now(), action: 'failed', path, error: String(failure.error) });
  }

  #did(last: LogEntry): void {
    if (last.action === 'failed') void this.#options.log?.append(last).catch(() => {});
    else this.#actions++;
    this.#bytes += last.bytes ?? 0;
    this.#options.onProgress?.({
      phase: this.#phase,
      actions: this.#actions,
      bytes: this.#bytes,
      failed: this.#failed,
      last,
    });
  }
}
