/**
 * The known state of a real tree, against which a backend's reports are interpreted.
 *
 * Backends report create, update, delete, in no order and possibly out of date. Compared with the state known
 * before and the state now, reports become changes: renames are found by inode, the contents of a new directory are
 * listed, repeated reports and reports of stale paths are dropped.
 */
import type { BigIntStats } from 'node:fs';
import type { BackendEvent } from './backend.ts';
import type { Change, ChangeType } from './change.ts';
import { above, below, covers, parentOf, moved as underNewName } from './paths.ts';
import type { Entry } from './scope.ts';

export interface Known {
  readonly ino: bigint;
  readonly type: ChangeType;
  readonly size: bigint;
  readonly mtime: bigint;
  readonly ctime: bigint;
  /** Birth time: distinguishes successive files with the same inode number. */
  readonly birth: bigint;
  readonly links: number;
}

/** The inventory's access to the filesystem. */
export interface Tree {
  /** lstat; undefined if the path does not exist. */
  look(path: string): Known | undefined;
  /** Everything below, parents first; with `flat` only the directory's own entries. */
  list(path: string, flat?: boolean): Iterable<Entry>;
}

export function knownOf(stats: BigIntStats): Known {
  let type: ChangeType = 'file';
  if (stats.isDirectory()) type = 'directory';
  else if (stats.isSymbolicLink()) type = 'symlink';
  else if (stats.isFIFO()) type = 'fifo';
  else if (stats.isSocket()) type = 'socket';
  else if (!stats.isFile()) type = stats.isBlockDevice() ? 'block' : 'char';
  const { ino, size, mtimeNs: mtime, ctimeNs: ctime, birthtimeNs: birth } = stats;
  return { ino, type, size, mtime, ctime, birth, links: Number(stats.nlink) };
}

type Found = Pick<Change, 'kind' | 'path' | 'from' | 'type' | 'replaced' | 'ino' | 'links'>;

interface Lookups {
  readonly gone: Map<string, Known | undefined>;
  readonly made: Map<string, Known>;
  readonly touched: Map<string, Found>;
}

const facts = (known: Known): Pick<Found, 'type' | 'ino' | 'links'> => ({
  type: known.type,
  ino: Number(known.ino),
  links: known.links,
});

/** Larger directories are not checked again: the cost would exceed the benefit. */
const RECHECK_ENTRIES = 1000;
const RECHECK_KNOWN = 10_000;

export class Inventory {
  readonly #known = new Map<string, Known>();
  readonly #tree: Tree;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  get size(): number {
    return this.#known.size;
  }

  clear(): void {
    this.#known.clear();
  }

  /** Records the state at and below `root`, so that renames and the types of deleted files are known. */
  learn(root: string): void {
    for (const { path } of this.#tree.list(root)) {
      const known = this.#tree.look(path);
      if (known) this.#known.set(path, known);
    }
  }

  /** Changes in an order in which they can be applied; and new directories that contain directories. */
  take(events: readonly BackendEvent[]): { changes: Found[]; arrived: string[] } {
    const looks: Lookups = { gone: new Map(), made: new Map(), touched: new Map() };
    for (const event of events) this.#look(event, looks);
    const arrived = this.#enter(looks);
    const renames = this.#pair(looks);
    this.#forget(looks);
    const changes: Found[] = [];
    for (const [path, known] of descending(looks.gone))
      changes.push({ kind: 'delete', path, ...(known ? facts(known) : { type: 'unknown' }) });
    const made = ascending(looks.made);
    for (const [path, known] of made)
      if (known.type === 'directory') changes.push({ kind: 'create', path, ...facts(known) });
    changes.push(...renames);
    for (const [path, known] of made)
      if (known.type !== 'directory') changes.push({ kind: 'create', path, ...facts(known) });
    changes.push(...looks.touched.values());
    for (const [path, known] of made) this.#known.set(path, known);
    const moved = renames.filter((one) => one.type === 'directory').map((one) => one.path);
    return { changes, arrived: [...new Set([...arrived, ...moved])] };
  }

  /**
   * Changes in `dir` since `since` (nanoseconds since the epoch) that were never reported.
   *
   * Every reported state is known; so an unknown file that changed after the watch began was not reported.
   */
  untold(dir: string, since: bigint): BackendEvent[] {
    const found: BackendEvent[] = [];
    let entries = 0;
    for (const { path } of this.#tree.list(dir, true)) {
      if (++entries > RECHECK_ENTRIES) return [];
      const now = this.#tree.look(path);
      if (!now) continue;
      const known = this.#known.get(path);
      // A directory's mtime changes with its entries, which have reports of their own; that alone is no change.
      if (known?.type === 'directory' && known.ino === now.ino && known.mtime !== now.mtime) continue;
      if (known ? known.ctime !== now.ctime || known.ino !== now.ino : now.ctime >= since)
        found.push({ type: 'create', path });
    }
    if (this.#known.size <= RECHECK_KNOWN)
      for (const path of this.#known.keys())
        if (parentOf(path) === dir && !this.#tree.look(path)) found.push({ type: 'delete', path });
    return found;
  }

  #look({ type, path }: BackendEvent, { gone, made, touched }: Lookups): void {
    const before = this.#known.get(path);
    const now = this.#tree.look(path);
    if (!now) {
      // Created and removed, or reported under an old name of its directory: it was never known.
      if (before || type === 'delete') gone.set(path, before);
      return;
    }
    if (!before) {
      if (type === 'update') {
        this.#known.set(path, now);
        touched.set(path, { kind: 'update', path, ...facts(now) });
      } else {
        made.set(path, now);
        if (type === 'delete') gone.set(path, undefined);
      }
      return;
    }
    if (before.ino !== now.ino || before.type !== now.type) {
      gone.set(path, before);
      made.set(path, now);
      return;
    }
    this.#known.set(path, now);
    const same = before.mtime === now.mtime && before.size === now.size;
    if (!same) touched.set(path, { kind: 'update', path, ...facts(now) });
    else if (before.ctime !== now.ctime) touched.set(path, { kind: 'attrib', path, ...facts(now) });
  }

  /** Adds the contents of new directories. */
  #enter({ made }: Lookups): string[] {
    const arrived: string[] = [];
    for (const [dir, known] of [...made]) {
      if (known.type !== 'directory') continue;
      let nested = false;
      for (const { path, type } of this.#tree.list(dir)) {
        nested ||= type === 'directory';
        if (made.has(path)) continue;
        const now = this.#tree.look(path);
        if (now && this.#known.get(path)?.ino !== now.ino) made.set(path, now);
      }
      if (nested) arrived.push(dir);
    }
    return arrived;
  }

  /** Pairs deletions and creations of one inode into renames, and removes them from both maps. */
  #pair({ gone, made }: Lookups): Found[] {
    const source = new Map<bigint, string>();
    for (const [path, known] of gone) if (known && !gone.has(parentOf(path))) source.set(known.ino, path);
    const renames: Found[] = [];
    for (const [path, known] of ascending(made)) {
      const from = source.get(known.ino);
      const before = from === undefined ? undefined : gone.get(from);
      if (from === undefined || before?.type !== known.type) continue;
      // Circular or interdependent renames are reported as deletions and creations, which is simpler and also correct.
      const tangled =
        made.has(from) ||
        covers(from, path) ||
        covers(path, from) ||
        (known.type !== 'directory' && known.links > 1);
      if (
        tangled ||
        [...above(path)].some((dir) => gone.has(dir)) ||
        [...above(from)].some((dir) => gone.has(dir))
      )
        continue;
      const replaced = gone.get(path);
      if (replaced?.type === 'directory') continue;
      gone.delete(from);
      gone.delete(path);
      made.delete(path);
      renames.push({
        kind: 'rename',
        path,
        from,
        ...facts(known),
        ...(replaced && { replaced: replaced.type }),
      });
      this.#known.delete(from);
      this.#known.set(path, known);
      if (known.type === 'directory') this.#repath(from, path, gone, made);
    }
    return renames;
  }

  #repath(from: string, to: string, gone: Map<string, unknown>, made: Map<string, Known>): void {
    for (const [path, known] of [...this.#known]) {
      if (!below(from, path)) continue;
      this.#known.delete(path);
      this.#known.set(underNewName(path, from, to), known);
    }
    for (const path of [...gone.keys()]) if (below(from, path)) gone.delete(path);
    for (const [path, known] of [...made])
      if (below(to, path) && this.#known.get(path)?.ino === known.ino) made.delete(path);
  }

  #forget({ gone }: Lookups): void {
    let directories = false;
    for (const [path, known] of gone) {
      this.#known.delete(path);
      directories ||= known === undefined || known.type === 'directory';
    }
    if (!directories) return;
    for (const path of [...this.#known.keys()])
      for (const dir of above(path))
        if (gone.has(dir)) {
          this.#known.delete(path);
          break;
        }
  }
}

const ascending = <T>(map: ReadonlyMap<string, T>): [string, T][] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1));
const descending = <T>(map: ReadonlyMap<string, T>): [string, T][] => ascending(map).reverse();
