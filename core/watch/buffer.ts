/**
 * Changes queued for a consumer, bounded.
 *
 * Adding a change is a push; collapsing is deferred until enough are queued. Only changes that remain after collapsing
 * count against the limit, so a million writes to one file do not overflow it. On overflow all changes are dropped and
 * one `overflow` is delivered instead, because a partial sequence misleads more than none.
 */
import { type Change, isControl } from './change.ts';
import { Collapser } from './collapse.ts';

/** Options of ChangeBuffer. */
export interface BufferOptions {
  /** Maximum number of changes. Default: 8192. */
  readonly capacity?: number;
  /** Merge changes that cancel out or repeat. Default: true. */
  readonly collapse?: boolean;
}

/** Default capacity of a ChangeBuffer, in changes. */
export const BUFFER_CAPACITY = 8192;
/** Number of raw changes queued before they are collapsed. */
const RAW = 1024;

/** A bounded, collapsing queue of changes with one consumer. */
export class ChangeBuffer {
  readonly #capacity: number;
  readonly #collapse: boolean;
  /** The path that an `overflow` names. */
  readonly #root: string;
  #raw: Change[] = [];
  #collapser: Collapser | undefined;
  #dropped = 0;
  #last: Change | undefined;
  /** Control changes that survive an overflow. */
  #kept: Change[] | undefined;
  /** Index in `raw` of the last touch of each path, since the last change that is no touch. */
  #touched: Map<string, number> | undefined;

  constructor(root: string, options: BufferOptions = {}) {
    this.#root = root;
    this.#capacity = options.capacity ?? BUFFER_CAPACITY;
    this.#collapse = options.collapse ?? true;
  }

  /** Whether `drain` would return nothing. */
  get empty(): boolean {
    return this.#raw.length === 0 && this.#dropped === 0 && (this.#collapser?.size ?? 0) === 0;
  }

  /** Queues a change. */
  push(change: Change): void {
    if (change.kind === 'update' || change.kind === 'attrib') {
      if (this.#collapse && this.#touchAgain(change)) return;
    } else this.#touched?.clear();
    this.#raw.push(change);
    if (this.#raw.length >= RAW || this.#raw.length > this.#capacity) this.#compact();
  }

  /** Fast path for repeated touches of the same files, most of a burst: merges in place. */
  #touchAgain(change: Change): boolean {
    this.#touched ??= new Map();
    const at = this.#touched.get(change.path);
    const before = at === undefined ? undefined : this.#raw[at];
    if (at === undefined || before === undefined) {
      this.#touched.set(change.path, this.#raw.length);
      return false;
    }
    this.#raw[at] = before.kind === change.kind ? change : { ...change, kind: 'update' };
    return true;
  }

  #compact(): void {
    this.#touched?.clear();
    if (this.#collapse) {
      this.#collapser ??= new Collapser();
      for (const change of this.#raw) this.#collapser.push(change);
      this.#last = this.#raw[this.#raw.length - 1] ?? this.#last;
      this.#raw = [];
      if (this.#collapser.size > this.#capacity) this.#overflow(this.#collapser.drain());
    } else if (this.#raw.length > this.#capacity) {
      this.#overflow(this.#raw);
      this.#raw = [];
    }
  }

  /** Drops changes but keeps control changes, which are few. */
  #overflow(changes: readonly Change[]): void {
    const kept = changes.filter((change) => isControl(change) && change.kind !== 'overflow');
    for (const change of changes) if (!isControl(change)) this.#dropped++;
    this.#last = changes[changes.length - 1] ?? this.#last;
    if (kept.length > 0) this.#kept = [...(this.#kept ?? []), ...kept];
  }

  /** Removes and returns all changes. */
  drain(): Change[] {
    this.#touched = undefined;
    // Collapsing a single change has no effect, except that a rename with `replaced` may be split.
    const alone = this.#raw.length <= 1 && this.#raw[0]?.replaced === undefined;
    if (this.#raw.length > this.#capacity || this.#collapser || (this.#collapse && !alone)) this.#compact();
    const changes = this.#collapser?.drain() ?? this.#raw;
    this.#collapser = undefined;
    if (this.#raw.length > 0) this.#raw = [];
    if (this.#dropped === 0) return changes;
    const { id = 0, time = 0 } = this.#last ?? {};
    const overflow: Change = {
      kind: 'overflow',
      path: this.#root,
      type: 'unknown',
      id,
      time,
      count: this.#dropped,
    };
    const all = [overflow, ...(this.#kept ?? []), ...changes];
    this.#dropped = 0;
    this.#kept = undefined;
    return all;
  }
}
