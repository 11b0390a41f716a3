/** The paths of one stream: what lies within them, what is left out, and whether they still lead where they led. */
import { EventKind } from '../../core/events/fs-event.ts';
import { isBelow } from '../../core/events/subtree-index.ts';
import type { TreeChange } from './tree-change.ts';

export interface Root {
  /** As the program named it. */
  readonly given: string;
  /** Absolute, without symbolic links or a trailing slash. */
  readonly path: string;
}

const parentOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf('/'), 1));

/** As directories are told. */
export const asDirectory = (path: string): string => (path === '/' ? path : `${path}/`);

export class Roots {
  readonly list: readonly Root[];
  #excluded: readonly string[] = [];
  /** Roots that were seen to lead nowhere. */
  readonly #missing = new Set<Root>();

  constructor(list: readonly Root[]) {
    this.list = list;
  }

  exclude(paths: readonly string[]): void {
    this.#excluded = paths;
  }

  /** An excluded directory's own events still arrive. */
  covers(path: string): boolean {
    return (
      this.list.some((root) => isBelow(root.path, path)) &&
      !this.#excluded.some((excluded) => path !== excluded && isBelow(excluded, path))
    );
  }

  /** The directory that is told of a change of `path` where files are not told of themselves: with a slash. */
  directoryOf(path: string): string {
    const parent = parentOf(path);
    const told = this.list.some((root) => isBelow(root.path, parent)) ? parent : path;
    return asDirectory(told);
  }

  /** Roots that from now on lead elsewhere, or nowhere, or somewhere again. */
  changed(h: TreeChange): readonly Root[] {
    const came = h.kind === EventKind.Created || h.kind === EventKind.Renamed;
    const left = h.kind === EventKind.Renamed ? h.from : h.kind === EventKind.Removed ? h.path : undefined;
    if (!came && left === undefined) return [];
    return this.list.filter((root) => {
      if (left !== undefined && isBelow(left, root.path)) {
        if (this.#missing.has(root)) return false;
        this.#missing.add(root);
        return true;
      }
      // A directory made above it is empty; one moved there may hold it.
      const found = h.kind === EventKind.Created ? h.path === root.path : isBelow(h.path, root.path);
      if (!came || !found) return false;
      this.#missing.delete(root);
      return true;
    });
  }
}
