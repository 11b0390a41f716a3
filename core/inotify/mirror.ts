/**
 * The watched part of one branch as real, empty names, so that the kernel itself notifies inotify of events there.
 *
 * A program that watches a virtual path watches, with its own kernel instance, the real name that the mirror has for
 * it. Every event delivered to the branch is repeated on the mirror (EventRepeater): a link is a link there, a rename a
 * rename. Masks, cookies, coalescing, limits, self events after the last close are then the kernel's and cannot differ.
 * Files that processes hold natively are in the mirror themselves, so operations through descriptors need no repetition.
 *
 * The mirror contains: the directories that lead to anything in it; everything in a watched directory (`complete`);
 * every name of a watched file. Creating a name outside a complete directory notifies no watcher, because no process
 * watches that directory.
 */

import { S_IFIFO, S_IFMT } from '../constants.ts';
import type { ObjectFile } from '../content/object-file.ts';
import type { Inode } from '../layers/inode.ts';
import type { Namespace } from '../layers/namespace.ts';
import { MirrorFile } from './mirror-file.ts';
import type { MirrorHost } from './mirror-host.ts';
import { MirrorInode, type MirrorName } from './mirror-inode.ts';
import type { RealNames } from './real-names.ts';

/** Whether an object of this type can be the mirror's real file. */
export const isObjectType = (node: Inode): boolean => node.isFile() || (node.mode & S_IFMT) === S_IFIFO;

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export class InotifyMirror {
  readonly ns: Namespace;
  readonly #host: MirrorHost;
  readonly #inodes = new Map<number, MirrorInode>();

  /** @param base an empty real directory, to be the branch's root */
  constructor(ns: Namespace, base: Buffer, host: MirrorHost) {
    this.ns = ns;
    this.#host = host;
    this.#inodes.set(ns.root.ino, new MirrorInode(ns.root.ino, true, base));
  }

  get size(): number {
    return this.#inodes.size;
  }

  find(ino: number): MirrorInode | undefined {
    return this.#inodes.get(ino);
  }

  get real(): RealNames {
    return this.#host.real;
  }

  // Watching.

  /**
   * Makes the inode ready to be watched. @param dir directory it was found in, null for a root or an inode by number
   * @returns the real path; undefined if the inode has no name @throws the system's error
   */
  watch(node: Inode, dir: Inode | null, name: string): { path: Buffer; inode: number } | undefined {
    const mirrored = node.table ? this.directory(node) : this.#everyName(node, dir, name);
    if (!mirrored) return undefined;
    if (node.table) this.#complete(mirrored, node);
    else if (node.isFile() && !mirrored.object) this.#host.promote(this.ns, node);
    mirrored.watched = true;
    const path = mirrored.path((dir && mirrored.nameIn(dir.ino, name)) ?? undefined);
    return { path, inode: mirrored.realInode(this.real) };
  }

  /** Adds a directory and its ancestors; undefined if it is unreachable. */
  directory(dir: Inode): MirrorInode | undefined {
    const known = this.#inodes.get(dir.ino);
    if (known) return known;
    const { path, parent, orphan } = this.ns.locate(dir);
    const above = orphan ? undefined : this.ns.node(parent);
    const holder = above && this.directory(above);
    return holder && this.enter(holder, nameOf(path), dir, true);
  }

  #complete(mirrored: MirrorInode, dir: Inode): void {
    if (mirrored.complete) return;
    for (const entry of this.ns.list(dir, 0)) {
      if (mirrored.children!.has(entry.name)) continue;
      const node = this.ns.node(entry.ino) ?? entry.node;
      if (node) this.enter(mirrored, entry.name, node, true);
    }
    mirrored.complete = true;
  }

  /** Adds all names of a file: watchers must not see it end while it has a name left. */
  #everyName(node: Inode, dir: Inode | null, name: string): MirrorInode | undefined {
    if (dir) this.#name(dir, name, node);
    for (const entry of [node.entry, ...(node.others ?? [])]) {
      const holder = entry && this.ns.shows(entry, node.ino) ? this.ns.node(entry.dir) : undefined;
      if (holder) this.#name(holder, entry!.name, node);
    }
    return this.#inodes.get(node.ino);
  }

  #name(dir: Inode, name: string, node: Inode): void {
    const holder = this.directory(dir);
    if (holder && !holder.children!.has(name)) this.enter(holder, name, node, true);
  }

  /** The name by which an inode of the mirror is about to be opened; adds it if missing, in a directory that is not watched. */
  nameOf(mirrored: MirrorInode, dir: number, name: string): MirrorName | undefined {
    const known = mirrored.nameIn(dir, name);
    if (known || dir === 0 || mirrored.children) return known;
    const [holder, node] = [this.ns.node(dir), this.ns.node(mirrored.ino)];
    if (holder && node) this.#name(holder, name, node);
    return mirrored.nameIn(dir, name);
  }

  // Names.

  /** Creates a name. @param quiet the directory is not watched yet */
  enter(parent: MirrorInode, name: string, node: Inode, quiet: boolean): MirrorInode {
    const known = this.#inodes.get(node.ino);
    const path = parent.under(name);
    if (known && known.names.length > 0) {
      // A directory that another branch moved appears in this branch as new.
      if (known.children) this.real.rename(known.path(), path);
      else this.real.link(known.path(), path);
      if (known.children) known.leave(known.names[0]!.parent, known.names[0]!.name);
      known.enter(parent, name);
      return known;
    }
    const mirrored = new MirrorInode(node.ino, node.table !== null);
    const object =
      isObjectType(node) && node.object && this.#host.owns(this.ns, node.object) ? node.object : null;
    if (object && !object.visible) this.#placeObject(mirrored, object, path, quiet);
    else if (node.table) this.real.directory(path);
    else if (node.isFile()) this.real.file(path);
    else if (node.isSymlink()) this.real.symlink(path);
    else this.real.special(path);
    this.#inodes.set(node.ino, mirrored);
    mirrored.enter(parent, name);
    if (node.isFile() && !object && this.ns.upper.inodes.get(node.ino) !== node && !node.lower) {
      mirrored.counted = true;
      this.#host.count(node.ino, 1);
    }
    return mirrored;
  }

  /** Makes the object's file itself the name. A rename keeps open descriptors valid; a link notifies IN_CREATE. */
  #placeObject(mirrored: MirrorInode, object: ObjectFile, path: Buffer, quiet: boolean): void {
    const before = Buffer.from(this.#host.privatePath(object));
    this.#host.shut(object);
    if (!object.node.isFile() && !this.real.exists(before)) this.real.special(path);
    else if (quiet) this.real.rename(before, path);
    else {
      this.real.link(before, path);
      this.real.unlink(before);
    }
    this.#attachObject(mirrored, object);
  }

  #attachObject(mirrored: MirrorInode, object: ObjectFile): void {
    mirrored.object = object;
    object.visible = new MirrorFile(mirrored, this.#host.privatePath(object), this.#host);
  }

  /** The branch has copied the file's bytes up, so writes in other branches no longer concern it. */
  copiedUp(mirrored: MirrorInode): void {
    if (!mirrored.counted) return;
    mirrored.counted = false;
    this.#host.count(mirrored.ino, -1);
  }

  /** Removes a name, and everything below it. @param node the branch's record, if it still has the inode */
  remove(parent: MirrorInode, name: string, node: Inode | undefined): void {
    const mirrored = parent.children!.get(name);
    if (!mirrored) return;
    if (mirrored.children) {
      for (const child of [...mirrored.children.keys()]) this.remove(mirrored, child, undefined);
      this.real.rmdir(mirrored.path());
    } else {
      this.beforeUnlink(mirrored, parent.under(name), node);
      this.real.unlink(parent.under(name));
    }
    this.forgetName(mirrored, parent, name);
  }

  /** A name is about to be removed. If it is the last, keeps the file for those that still need it. */
  beforeUnlink(mirrored: MirrorInode, path: Buffer, node: Inode | undefined): void {
    const { object } = mirrored;
    if (!object || mirrored.names.length > 1) return;
    const visible = object.visible as MirrorFile;
    mirrored.object = null;
    // The object belongs to another layer's record, which continues with bytes of its own.
    if (node !== object.node && object.node.nlink > 0 && !node?.nlink) this.#host.detach(object, visible);
    else if ((node?.nlink ?? object.node.nlink) > 0 || this.#host.isHeld(mirrored.ino)) {
      this.real.link(path, Buffer.from(this.#host.privatePath(object)));
      object.visible = null;
    } else if (object.holders.size > 0) this.#host.lost(object, visible.lost(object, path));
    else object.visible = null;
  }

  /** Removes a name from the tree; the real name is gone already. */
  forgetName(mirrored: MirrorInode, parent: MirrorInode, name: string): void {
    mirrored.leave(parent, name);
    if (mirrored.names.length > 0) return;
    this.#inodes.delete(mirrored.ino);
    if (mirrored.counted) this.#host.count(mirrored.ino, -1);
  }

  /** Moves the objects back to their private paths. */
  restoreObjects(): void {
    for (const mirrored of this.#inodes.values()) {
      if (mirrored.counted) this.#host.count(mirrored.ino, -1);
      const { object } = mirrored;
      if (!object) continue;
      const own = this.#host.privatePath(object);
      this.real.rename(mirrored.path(), Buffer.from(own));
      object.visible = null;
    }
    this.#inodes.clear();
  }

  // Descriptors.

  /** The inode at a path below the mirror's base. */
  at(names: readonly string[]): MirrorInode | undefined {
    let at = this.#inodes.get(this.ns.root.ino);
    for (const name of names) at = at?.children?.get(name);
    return at;
  }
}
