/**
 * Distributes one stream of changes to routes: each receives the changes at or below its root.
 *
 * Cost: one lookup of the directories above a path, shared by consecutive changes in the same directory.
 */
import type { Change } from './change.ts';
import { control, isControl } from './change.ts';
import { above, covers, moved, parentOf } from './paths.ts';
import { type Lister, scoped } from './scope.ts';
import type { ChangeSink } from './source.ts';

/** A sink and the root whose changes it receives. */
export interface Route {
  readonly root: string;
  readonly sink: ChangeSink;
  readonly watchRoot: boolean;
}

/** Routes changes to sinks by path. */
export class Router {
  readonly #list: Lister;
  readonly #byRoot = new Map<string, Route[]>();
  /** Number of roots at or below a path. */
  readonly #rootsBelow = new Map<string, number>();
  /** Directory of the last change, and the routes that cover it. */
  #lastDir: string | undefined;
  #lastRoutes: readonly Route[] = [];

  constructor(list: Lister) {
    this.#list = list;
  }

  get size(): number {
    let routes = 0;
    for (const list of this.#byRoot.values()) routes += list.length;
    return routes;
  }

  add(route: Route): void {
    const routes = this.#byRoot.get(route.root);
    // Copied, because a delivery may be iterating over the old list.
    this.#byRoot.set(route.root, routes ? [...routes, route] : [route]);
    this.#count(route.root, 1);
  }

  delete(route: Route): void {
    const routes = this.#byRoot.get(route.root);
    if (!routes?.includes(route)) return;
    if (routes.length === 1) this.#byRoot.delete(route.root);
    else
      this.#byRoot.set(
        route.root,
        routes.filter((other) => other !== route),
      );
    this.#count(route.root, -1);
  }

  #count(root: string, by: number): void {
    this.#lastDir = undefined;
    for (const path of [root, ...above(root)]) {
      const count = (this.#rootsBelow.get(path) ?? 0) + by;
      if (count === 0) this.#rootsBelow.delete(path);
      else this.#rootsBelow.set(path, count);
    }
  }

  push(change: Change): void {
    const { path, from } = change;
    if (change.kind === 'rename') this.#rename(change);
    else {
      for (const route of this.#at(parentOf(path))) route.sink(change);
      const own = this.#byRoot.get(path);
      if (own && path !== '/') for (const route of own) route.sink(change);
    }
    if (this.#rootsBelow.has(path) || (from !== undefined && this.#rootsBelow.has(from)))
      this.#rootsChanged(change);
  }

  /** Routes whose root is `dir` or above it. */
  #at(dir: string): readonly Route[] {
    if (dir === this.#lastDir) return this.#lastRoutes;
    let found: Route[] = [];
    if (this.#byRoot.size > 0) {
      found = [...(this.#byRoot.get(dir) ?? [])];
      for (const one of above(dir)) {
        const routes = this.#byRoot.get(one);
        if (routes) found.push(...routes);
      }
    }
    this.#lastDir = dir;
    this.#lastRoutes = found;
    return found;
  }

  #rename(change: Change): void {
    const delivered = new Set<Route>();
    for (const path of [change.path, change.from!]) {
      for (const route of [...this.#at(parentOf(path)), ...(this.#byRoot.get(path) ?? [])]) {
        if (delivered.has(route)) continue;
        delivered.add(route);
        for (const one of scoped(change, (at) => covers(route.root, at), this.#list)) route.sink(one);
      }
    }
  }

  /** A watched root, or a directory above it, was created, removed or moved. */
  #rootsChanged(change: Change): void {
    if (isControl(change) || change.kind === 'update' || change.kind === 'attrib') return;
    const { kind, path, from, id, time } = change;
    for (const route of this.#watchingBelow(kind === 'rename' ? [path, from!] : [path])) {
      const { root, sink } = route;
      if (kind === 'delete') sink(control('root-removed', root, id, time));
      else if (from !== undefined && covers(from, root) && !change.exchanged)
        sink({ ...control('root-moved', moved(root, from, path), id, time), from: root });
      // Created again, or replaced.
      else sink(control('rescan', root, id, time));
    }
  }

  #watchingBelow(paths: readonly string[]): Route[] {
    const found: Route[] = [];
    for (const [root, routes] of this.#byRoot)
      if (paths.some((path) => covers(path, root)))
        for (const route of routes) if (route.watchRoot) found.push(route);
    return found;
  }
}
