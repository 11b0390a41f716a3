/** The roots of a stream: which paths they cover, which are excluded, and whether a change moves or removes a root. */
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

/** A directory's path as FSEvents reports it. */
export const asDirectory = (path: string): string => (path === '/' ? path : `${path}/`);

export class Roots {
  readonly list: readonly Root[];
  #excluded: readonly string[] = [];
  /** Roots that were removed or moved away. */
  readonly #missing = new Set<Root>();

  constructor(list: readonly Root[]) {
    this.list = list;
  }

  exclude(paths: readonly string[]): void {
    this.#excluded = paths;
  }

  /** Events of an excluded directory itself are covered, those below it are not. */
  covers(path: string): boolean {
    return (
      this.list.some((root) => isBelow(root.path, path)) &&
      !this.#excluded.some((excluded) => path !== excluded && isBelow(excluded, path))
    );
  }

  /** The directory under which a stream without FileEvents reports a change of `path`. */
  directoryOf(path: string): string {
    const parent = parentOf(path);
    return asDirectory(this.list.some((root) => isBelow(root.path, parent)) ? parent : path);
  }

  /** Roots that the change removes, replaces or creates. */
  changed({ kind, path, from }: TreeChange): readonly Root[] {
    const appears = kind === EventKind.Created || kind === EventKind.Renamed;
    const vacated = kind === EventKind.Renamed ? from : kind === EventKind.Removed ? path : undefined;
    if (!appears && vacated === undefined) return [];
    return this.list.filter((root) => {
      if (vacated !== undefined && isBelow(vacated, root.path)) {
        if (this.#missing.has(root)) return false;
        this.#missing.add(root);
        return true;
      }
      // A directory created above the root is empty; a directory moved there may contain the root.
      const restored = kind === EventKind.Created ? path === root.path : isBelow(path, root.path);
      if (!appears || !restored) return false;
      this.#missing.delete(root);
      return true;
    });
  }
}
