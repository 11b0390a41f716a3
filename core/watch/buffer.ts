/**
 * What waits for a consumer, bounded.
 *
 * Taking a change costs a push; merging is put off until enough wait. Only changes that still differ after merging
 * count against the limit, so a million writes to one file overflow nothing. What does not fit is dropped as a
 * whole and told as one `overflow`, for half a story misleads more than none.
 */
import { type Change, isControl } from './change.ts';
import { Collapser } from './collapse.ts';

export interface BufferOptions {
  /** Changes. Default: 8192. */
  readonly capacity?: number;
  /** Default: true. */
  readonly collapse?: boolean;
}

export const BUFFER_CAPACITY = 8192;
/** Raw changes that wait for merging. */
const RAW = 1024;

export class ChangeBuffer {
  readonly #capacity: number;
  readonly #collapse: boolean;
  /** What `overflow` is told of. */
  readonly #root: string;
  #raw: Change[] = [];
  #collapser: Collapser | undefined;
  #dropped = 0;
  #last: Change | undefined;
  /** What outlives an overflow. */
  #kept: Change[] | undefined;
  /** Where in `raw` files were touched since anything else happened. */
  #touched: Map<string, number> | undefined;

  constructor(root: string, options: BufferOptions = {}) {
    this.#root = root;
    this.#capacity = options.capacity ?? BUFFER_CAPACITY;
    this.#collapse = options.collapse ?? true;
  }

  get empty(): boolean {
    return this.#raw.length === 0 && this.#dropped === 0 && (this.#collapser?.size ?? 0) === 0;
  }

  push(change: Change): void {
    if (change.kind === 'update' || change.kind === 'attrib') {
      if (this.#collapse && this.#touchAgain(change)) return;
    } else this.#touched?.clear();
    this.#raw.push(change);
    if (this.#raw.length >= RAW || this.#raw.length > this.#capacity) this.#compact();
  }

  /** Most of a burst is the same files again: that is merged where it stands, for next to nothing. */
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

  /** Ends of history and of roots outlive the flood; they are few. */
  #overflow(changes: readonly Change[]): void {
    const kept = changes.filter((change) => isControl(change) && change.kind !== 'overflow');
    for (const change of changes) if (!isControl(change)) this.#dropped++;
    this.#last = changes[changes.length - 1] ?? this.#last;
    if (kept.length > 0) this.#kept = [...(this.#kept ?? []), ...kept];
  }

  /** Everything, which is forgotten here. */
  drain(): Change[] {
    this.#touched = undefined;
    // One change by itself is what collapse makes of it, unless that tells its parts apart.
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
