/** Keeps an inode after its last name was removed, for as long as it is held open. */
import type { ContentStore } from '../content/content-store.ts';
import type { BranchTable } from './branch-table.ts';
import type { Inode } from './inode.ts';
import type { Namespace } from './namespace.ts';

/** Number of removed directories that stay available by inode number, because they may be a working directory. */
const REMOVED_DIRECTORIES = 1024;

export class Lifetimes {
  readonly #content: ContentStore;
  readonly #branches: BranchTable;
  /** Count of descriptors inside this process, by inode. */
  readonly #holds = new Map<number, number>();
  readonly #removed = new Map<number, Namespace>();

  constructor(content: ContentStore, branches: BranchTable) {
    this.#content = content;
    this.#branches = branches;
  }

  hold(ino: number): void {
    this.#holds.set(ino, (this.#holds.get(ino) ?? 0) + 1);
  }

  holds(ino: number): boolean {
    return this.#holds.has(ino);
  }

  release(ino: number): void {
    const left = (this.#holds.get(ino) ?? 0) - 1;
    if (left > 0) {
      this.#holds.set(ino, left);
      return;
    }
    this.#holds.delete(ino);
    for (const ns of this.#branches.all()) {
      const node = ns.upper.inodes.get(ino);
      if (node?.nlink === 0) this.orphaned(ns, node);
    }
  }

  /** Frees `node`, a nameless record of the branch's upper layer, unless it is held. */
  orphaned(ns: Namespace, node: Inode): void {
    if (this.#holds.has(node.ino) || (node.object?.holders.size ?? 0) > 0) return;
    if (node.table && !this.#removed.has(node.ino)) {
      this.#keep(ns, node);
      return;
    }
    this.#content.free(node);
    if (ns.upper.inodes.get(node.ino) === node) ns.upper.inodes.delete(node.ino);
  }

  #keep(ns: Namespace, node: Inode): void {
    this.#removed.set(node.ino, ns);
    if (this.#removed.size <= REMOVED_DIRECTORIES) return;
    for (const [oldest, its] of this.#removed) {
      this.#removed.delete(oldest);
      if (its.upper.inodes.get(oldest)?.nlink === 0) its.upper.inodes.delete(oldest);
      return;
    }
  }
}
