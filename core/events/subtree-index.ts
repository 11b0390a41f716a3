/**
 * Owners of subtrees, found by path: the subscribers to everything below some root. Runs in the host and in the agent.
 *
 * A lookup costs one map access for each directory above the path.
 */

/** Directories above an absolute path, nearest first; none for the root. */
export function* pathsAbove(path: string): Generator<string> {
  for (let at = path.lastIndexOf('/'); at >= 0; at = path.lastIndexOf('/', at - 1)) {
    if (at === 0) {
      if (path.length > 1) yield '/';
      return;
    }
    yield path.slice(0, at);
  }
}

/** Whether `path` is at or below `root`. Both absolute, without a trailing slash. */
export const isBelow = (root: string, path: string): boolean =>
  path === root || root === '/' || (path.startsWith(root) && path.charCodeAt(root.length) === 47);

export class SubtreeIndex<T> {
  readonly #byRoot = new Map<string, Set<T>>();
  /** Number of roots at or below a path. */
  readonly #rootsBelow = new Map<string, number>();

  get empty(): boolean {
    return this.#byRoot.size === 0;
  }

  /** @returns false if the owner already has this root */
  add(root: string, owner: T): boolean {
    const owners = this.#byRoot.get(root) ?? new Set();
    if (owners.has(owner)) return false;
    this.#byRoot.set(root, owners.add(owner));
    this.#count(root, 1);
    return true;
  }

  delete(root: string, owner: T): void {
    const owners = this.#byRoot.get(root);
    if (!owners?.delete(owner)) return;
    if (owners.size === 0) this.#byRoot.delete(root);
    this.#count(root, -1);
  }

  #count(root: string, by: number): void {
    this.#below(root, by);
    for (const path of pathsAbove(root)) this.#below(path, by);
  }

  #below(path: string, by: number): void {
    const count = (this.#rootsBelow.get(path) ?? 0) + by;
    if (count === 0) this.#rootsBelow.delete(path);
    else this.#rootsBelow.set(path, count);
  }

  /** Adds the owners of roots at or above `path` to `found`. */
  above(path: string, found: Set<T>): void {
    this.#take(path, found);
    for (const at of pathsAbove(path)) this.#take(at, found);
  }

  #take(root: string, found: Set<T>): void {
    const owners = this.#byRoot.get(root);
    if (owners) for (const owner of owners) found.add(owner);
  }

  /** Adds the owners of roots at or below `path` to `found`. */
  below(path: string, found: Set<T>): void {
    if (!this.#rootsBelow.has(path)) return;
    for (const [root, owners] of this.#byRoot)
      if (isBelow(path, root)) for (const owner of owners) found.add(owner);
  }
}
