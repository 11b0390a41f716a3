/** The real directories of a core as the lowest layer of its branches: comparing with them, and committing to them. */
import type { BigIntStats } from 'node:fs';
import type { ContentStore } from '../content/content-store.ts';
import type { HostLayer } from '../layers/host-layer.ts';
import type { Namespace } from '../layers/namespace.ts';
import type { Place } from '../walk.ts';
import { type Comparison, type Differences, type OverlayChange, overlayDifferences } from './changes.ts';
import { Commit, type CommitResult } from './commit.ts';
import { dropCommitted } from './drop-committed.ts';
import { type RealDependency, realDependency, type WalkOutcome } from './real-dependency.ts';

/** Result of a commit. */
export interface OverlayCommit extends CommitResult {
  /** Conflicts that prevented the commit; empty if it was carried out. */
  readonly conflicts: readonly OverlayChange[];
}

export class Overlays {
  /** Absolute paths of the real directories, without symbolic links. */
  readonly roots: readonly string[];
  /** undefined if there are no overlays. */
  readonly #host: HostLayer | undefined;
  readonly #content: ContentStore;

  constructor(roots: readonly string[], host: HostLayer | undefined, content: ContentStore) {
    this.roots = roots;
    this.#host = host;
    this.#content = content;
  }

  #differences(ns: Namespace): Differences {
    const host = this.#host;
    const each = (host?.rootInodes ?? []).map((ino) =>
      overlayDifferences({ ns, host: host!, content: this.#content }, ino),
    );
    return {
      changes: each.flatMap(({ changes }) => changes),
      deletions: each.flatMap(({ deletions }) => deletions),
      twins: each.flatMap(({ twins }) => twins),
    };
  }

  /** The differences between a branch and the real directories. */
  changes(ns: Namespace): OverlayChange[] {
    const { changes, deletions } = this.#differences(ns);
    return [...changes, ...deletions];
  }

  /** Applies the branch's changes to the real directories. @param force apply conflicting changes, too */
  commit(ns: Namespace, force: boolean): OverlayCommit {
    const found = this.#differences(ns);
    const conflicts = [...found.changes, ...found.deletions].filter(({ conflict }) => conflict !== undefined);
    if (!this.#host || (conflicts.length > 0 && !force)) return { applied: [], failed: [], conflicts };
    const result = new Commit(this.#content, this.#host, this.roots, force).run(found);
    const comparison: Comparison = { ns, host: this.#host, content: this.#content };
    if (result.failed.length === 0) dropCommitted(comparison, result.applied);
    return { ...result, conflicts: [] };
  }

  /** The real file that an answer about a name depends on. 'free': on none; undefined: unknown. */
  dependency(ns: Namespace, place: Place, found: WalkOutcome): RealDependency | 'free' | undefined {
    return this.#host ? realDependency(ns, this.#host, place, found) : 'free';
  }

  /** The inode of an open real file. @param path its path in an overlay; looked up if the file is not known yet */
  inode(path: string, stat: BigIntStats): number | undefined {
    const known = this.#host?.inodeOf(stat);
    if (known !== undefined || !this.#host) return known;
    this.#host.look(path);
    return this.#host.inodeOf(stat);
  }

  close(): void {
    this.#host?.close();
  }
}
