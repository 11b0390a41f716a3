/**
 * Real directories as the lowest layer: read on demand, never written.
 *
 * Inode numbers are allocated by the core at first sight of a (device, inode, birth time, type) and kept, so that hard
 * links and real renames preserve identity and no number collides with an inode of the core.
 */
import type { BigIntStats } from 'node:fs';
import { FsError } from '../errors.ts';
import { HostDirectory, type HostNames } from './host-directory.ts';
import { HostNode, identity } from './host-node.ts';
import { HostRoot } from './host-root.ts';
import type { Inode } from './inode.ts';
import type { LowerDirectory, LowerLayer } from './lower-layer.ts';

export interface HostLayerOwner {
  nextIno(): number;
  nextSeq(): number;
  /** Called before a record changes to describe other bytes, because the real file was changed or replaced. */
  changing(record: Inode): void;
  /** A real directory was renamed, so cached paths are stale. */
  moved(): void;
}

export class HostLayer implements LowerLayer, HostNames {
  readonly id = 0;
  /** The core never writes this layer. Changes made to the real files by other programs do show through. */
  readonly frozen = true;
  readonly roots: HostRoot[] = [];
  readonly rootInodes: number[] = [];
  readonly #owner: HostLayerOwner;
  readonly #nodes = new Map<number, HostNode>();
  readonly #directories = new Map<number, HostDirectory>();
  readonly #known = new Map<string, HostNode>();
  readonly #changing = (record: Inode): void => this.#owner.changing(record);

  constructor(owner: HostLayerOwner) {
    this.#owner = owner;
  }

  /** @param path absolute, without symbolic links @throws FsError ENOENT, ENOTDIR, EACCES */
  addRoot(path: string): Inode {
    const root = new HostRoot(path);
    const stat = root.stat('');
    if (!stat) throw new FsError('ENOENT', 'overlay', path);
    const node = new HostNode(this.#owner.nextIno(), root, stat, this.#changing, true);
    this.roots.push(root);
    this.rootInodes.push(node.record.ino);
    this.#remember(node);
    return node.record;
  }

  #remember(node: HostNode): void {
    this.#nodes.set(node.record.ino, node);
    this.#known.set(node.key, node);
  }

  /**
   * Gives the real file just created at `path` the inode number `ino`, under which the core already knows the file.
   *
   * @returns undefined if the path does not exist or is not below a root
   */
  adopt(ino: number, path: string): HostNode | undefined {
    const place = this.roots.findIndex((root) => path.startsWith(`${root.path}/`));
    const root = this.roots[place];
    const stat = root?.stat(path.slice(root.path.length));
    if (!root || !stat) return undefined;
    const relative = path.slice(root.path.length);
    const known = this.#nodes.get(ino);
    if (known) this.#known.delete(known.key);
    const node = known ?? new HostNode(ino, root, stat, this.#changing);
    node.key = identity(stat);
    node.readTarget(relative);
    this.#remember(node);
    // The lookup enters the name into its directory.
    return this.look(path) === node.record ? node : undefined;
  }

  node(ino: number): Inode | undefined {
    return this.#nodes.get(ino)?.record;
  }

  directory(ino: number): LowerDirectory | undefined {
    const known = this.#directories.get(ino);
    if (known) return known;
    const node = this.#nodes.get(ino);
    if (!node?.record.table) return undefined;
    const directory = new HostDirectory(node, this);
    this.#directories.set(ino, directory);
    return directory;
  }

  find(dir: HostNode, relative: string): HostNode | undefined {
    const stat = dir.root.stat(relative);
    if (!stat) return undefined;
    const key = identity(stat);
    const known = this.#known.get(key);
    if (known) {
      known.update(stat);
      return known;
    }
    const node = new HostNode(this.#owner.nextIno(), dir.root, stat, this.#changing);
    node.readTarget(relative);
    this.#remember(node);
    return node;
  }

  /** Looks up a real path component by component, which registers every node on the way. */
  look(path: string): Inode | undefined {
    const place = this.roots.findIndex((root) => path.startsWith(`${root.path}/`));
    const root = this.roots[place];
    let at: Inode | null | undefined = root && this.node(this.rootInodes[place]!);
    for (const name of root ? path.slice(root.path.length + 1).split('/') : [])
      at = at && this.directory(at.ino)?.names.get(name)?.node;
    return at ?? undefined;
  }

  /** The core's inode number of a real file, if the file was looked up before. */
  inodeOf(stat: BigIntStats): number | undefined {
    return this.#known.get(identity(stat))?.record.ino;
  }

  nextSeq(): number {
    return this.#owner.nextSeq();
  }

  moved(): void {
    this.#owner.moved();
  }

  close(): void {
    for (const root of this.roots) root.close();
    this.roots.length = 0;
  }
}
