/** Names that belong to one file, in the origin and in the target, as far as comparisons have seen them. */
import type { ReplicaNode } from './node.ts';

export class HardLinks {
  /** Paths of files that have several names, by inode of the origin. */
  readonly #names = new Map<string, Set<string>>();
  /** For inodes of the target with several names: the origin's inode that they are a copy of. */
  readonly #copies = new Map<string, string>();

  /** Records a name of the origin's inode. @returns all its known names */
  add(inode: string, path: string): Set<string> {
    const known = this.#names.get(inode);
    const names = known ?? new Set<string>();
    if (!known) this.#names.set(inode, names);
    return names.add(path);
  }

  /** All known names of the origin's inode. */
  namesOf(inode: string): readonly string[] {
    return [...(this.#names.get(inode) ?? [])];
  }

  /** Whether two names of one inode in the target are names of one inode in the origin, too. */
  match(want: ReplicaNode, have: ReplicaNode): boolean {
    if (have.inode === undefined) return true;
    if (want.inode === undefined) return false;
    const known = this.#copies.get(have.inode) ?? want.inode;
    this.#copies.set(have.inode, want.inode);
    return known === want.inode;
  }
}
