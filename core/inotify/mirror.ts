/**
 * The watched part of one branch as real, empty names, so that the kernel itself notifies inotify of events there.
 *
 * A program that watches a virtual path watches, with its own kernel instance, the real name that the mirror has for
 * it. Every event delivered to the branch is repeated on the mirror: a link is a link there, a rename a rename. Masks,
 * cookies, coalescing, limits, self events after the last close are then the kernel's and cannot differ. Files that
 * processes hold natively are in the mirror themselves, so operations through descriptors need no repetition.
 *
 * The mirror contains: the directories that lead to anything in it; everything in a watched directory (`complete`);
 * every name of a watched file. Creating a name outside a complete directory notifies no watcher, because no process
 * watches that directory.
 */

import { S_IFIFO, S_IFMT } from '../constants.ts';
import type { ObjectFile } from '../content/object-file.ts';
import { Detail, EventKind, type FsEvent } from '../events/fs-event.ts';
import type { Inode } from '../layers/inode.ts';
import type { Namespace } from '../layers/namespace.ts';
import type { MirrorHost } from './mirror-host.ts';
import type { RealNames } from './real-names.ts';
import { Shadow, type ShadowName } from './shadow.ts';
import { ShownFile } from './shown-file.ts';

/** Whether an object of this type can be the mirror's real file. */
export const keepsReal = (node: Inode): boolean => node.isFile() || (node.mode & S_IFMT) === S_IFIFO;

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export class Mirror {
  readonly ns: Namespace;
  readonly #host: MirrorHost;
  readonly #shadows = new Map<number, Shadow>();

  /** @param base an empty real directory, to be the branch's root */
  constructor(ns: Namespace, base: Buffer, host: MirrorHost) {
    this.ns = ns;
    this.#host = host;
    this.#shadows.set(ns.root.ino, new Shadow(ns.root.ino, true, base));
  }

  get size(): number {
    return this.#shadows.size;
  }

  shadow(ino: number): Shadow | undefined {
    return this.#shadows.get(ino);
  }

  get #real(): RealNames {
    return this.#host.real;
  }

  // Watching.

  /**
   * Makes the inode ready to be watched. @param dir directory it was found in, null for a root or an inode by number
   * @returns the real path; undefined if the inode has no name @throws the system's error
   */
  watch(node: Inode, dir: Inode | null, name: string): { path: Buffer; inode: number } | undefined {
    const shadow = node.table ? this.#directory(node) : this.#everyName(node, dir, name);
    if (!shadow) return undefined;
    if (node.table) this.#complete(shadow, node);
    else if (node.isFile() && !shadow.object) this.#host.promote(this.ns, node);
    shadow.watched = true;
    const path = shadow.path((dir && shadow.nameIn(dir.ino, name)) ?? undefined);
    return { path, inode: shadow.inode(this.#real) };
  }

  /** Adds a directory and its ancestors; undefined if it is unreachable. */
  #directory(dir: Inode): Shadow | undefined {
    const known = this.#shadows.get(dir.ino);
    if (known) return known;
    const { path, parent, orphan } = this.ns.locate(dir);
    const above = orphan ? undefined : this.ns.node(parent);
    const holder = above && this.#directory(above);
    return holder && this.#enter(holder, nameOf(path), dir, true);
  }

  #complete(shadow: Shadow, dir: Inode): void {
    if (shadow.complete) return;
    for (const entry of this.ns.list(dir, 0)) {
      if (shadow.children!.has(entry.name)) continue;
      const node = this.ns.node(entry.ino) ?? entry.node;
      if (node) this.#enter(shadow, entry.name, node, true);
    }
    shadow.complete = true;
  }

  /** Adds all names of a file: watchers must not see it end while it has a name left. */
  #everyName(node: Inode, dir: Inode | null, name: string): Shadow | undefined {
    if (dir) this.#name(dir, name, node);
    for (const entry of [node.entry, ...(node.others ?? [])]) {
      const holder = entry && this.ns.shows(entry, node.ino) ? this.ns.node(entry.dir) : undefined;
      if (holder) this.#name(holder, entry!.name, node);
    }
    return this.#shadows.get(node.ino);
  }

  #name(dir: Inode, name: string, node: Inode): void {
    const holder = this.#directory(dir);
    if (holder && !holder.children!.has(name)) this.#enter(holder, name, node, true);
  }

  /** The name by which an inode of the mirror is about to be opened; adds it if missing, in a directory that is not watched. */
  nameOf(shadow: Shadow, dir: number, name: string): ShadowName | undefined {
    const known = shadow.nameIn(dir, name);
    if (known || dir === 0 || shadow.children) return known;
    const [holder, node] = [this.ns.node(dir), this.ns.node(shadow.ino)];
    if (holder && node) this.#name(holder, name, node);
    return shadow.nameIn(dir, name);
  }

  // Names.

  /** @param quiet the directory is not watched yet */
  #enter(parent: Shadow, name: string, node: Inode, quiet: boolean): Shadow {
    const known = this.#shadows.get(node.ino);
    const path = parent.under(name);
    if (known && known.names.length > 0) {
      // A directory that another branch moved appears in this branch as new.
      if (known.children) this.#real.rename(known.path(), path);
      else this.#real.link(known.path(), path);
      if (known.children) known.leave(known.names[0]!.parent, known.names[0]!.name);
      known.enter(parent, name);
      return known;
    }
    const shadow = new Shadow(node.ino, node.table !== null);
    const object =
      keepsReal(node) && node.object && this.#host.owns(this.ns, node.object) ? node.object : null;
    if (object && !object.shown) this.#take(shadow, object, path, quiet);
    else if (node.table) this.#real.directory(path);
    else if (node.isFile()) this.#real.file(path);
    else if (node.isSymlink()) this.#real.symlink(path);
    else this.#real.special(path);
    this.#shadows.set(node.ino, shadow);
    shadow.enter(parent, name);
    if (node.isFile() && !object && this.ns.upper.inodes.get(node.ino) !== node && !node.lower) {
      shadow.counted = true;
      this.#host.count(node.ino, 1);
    }
    return shadow;
  }

  /** Makes the object's file itself the name. A rename keeps open descriptors valid; a link notifies IN_CREATE. */
  #take(shadow: Shadow, object: ObjectFile, path: Buffer, quiet: boolean): void {
    const before = Buffer.from(this.#host.privatePath(object));
    this.#host.shut(object);
    if (!object.node.isFile() && !this.#real.exists(before)) this.#real.special(path);
    else if (quiet) this.#real.rename(before, path);
    else {
      this.#real.link(before, path);
      this.#real.unlink(before);
    }
    this.#show(shadow, object);
  }

  #show(shadow: Shadow, object: ObjectFile): void {
    shadow.object = object;
    object.shown = new ShownFile(shadow, this.#host.privatePath(object), this.#host);
  }

  /** The branch has copied the file's bytes up, so writes in other branches no longer concern it. */
  owned(shadow: Shadow): void {
    if (!shadow.counted) return;
    shadow.counted = false;
    this.#host.count(shadow.ino, -1);
  }

  #remove(parent: Shadow, name: string, node: Inode | undefined): void {
    const shadow = parent.children!.get(name);
    if (!shadow) return;
    if (shadow.children) {
      for (const child of [...shadow.children.keys()]) this.#remove(shadow, child, undefined);
      this.#real.rmdir(shadow.path());
    } else {
      this.#losing(shadow, parent.under(name), node);
      this.#real.unlink(parent.under(name));
    }
    this.#left(shadow, parent, name);
  }

  /** A name is about to be removed. If it is the last, keeps the file for those that still need it. */
  #losing(shadow: Shadow, path: Buffer, node: Inode | undefined): void {
    const { object } = shadow;
    if (!object || shadow.names.length > 1) return;
    const shown = object.shown as ShownFile;
    shadow.object = null;
    // The object belongs to another layer's record, which continues with bytes of its own.
    if (node !== object.node && object.node.nlink > 0 && !node?.nlink) this.#host.detach(object, shown);
    else if ((node?.nlink ?? object.node.nlink) > 0 || this.#host.keeps(shadow.ino)) {
      this.#real.link(path, Buffer.from(this.#host.privatePath(object)));
      object.shown = null;
    } else if (object.holders.size > 0) this.#host.lost(object, shown.lost(object, path));
    else object.shown = null;
  }

  #left(shadow: Shadow, parent: Shadow, name: string): void {
    shadow.leave(parent, name);
    if (shadow.names.length > 0) return;
    this.#shadows.delete(shadow.ino);
    if (shadow.counted) this.#host.count(shadow.ino, -1);
  }

  // Events.

  /** Repeats an event of the branch, right after it was committed. @throws the system's error */
  hear(event: FsEvent): void {
    if (event.kind === EventKind.Created) this.#created(event);
    else if (event.kind === EventKind.Removed) {
      const parent = this.#shadows.get(event.parent);
      if (parent?.children) this.#remove(parent, nameOf(event.path), this.ns.node(event.ino));
    } else if (event.kind === EventKind.Renamed) this.#renamed(event);
    else if (event.kind === EventKind.Modified) this.#modified(event);
    else if (event.kind === EventKind.Attrib) this.#attrib(event);
  }

  #created(event: FsEvent): void {
    const parent = this.#shadows.get(event.parent);
    const name = nameOf(event.path);
    if (event.replaced && parent?.children) this.#remove(parent, name, this.ns.node(event.replaced.ino));
    const node = this.ns.node(event.ino);
    if (!node) return;
    const known = this.#shadows.get(event.ino);
    if (parent?.complete) this.#enter(parent, name, node, false);
    else if (known && known.names.length > 0) {
      const dir = this.ns.node(event.parent);
      const holder = dir && this.#directory(dir);
      if (holder && !holder.children!.has(name)) this.#enter(holder, name, node, true);
    }
  }

  #renamed(event: FsEvent): void {
    const [fromName, toName] = [nameOf(event.from!), nameOf(event.path)];
    const from = this.#shadows.get(event.fromParent!);
    const to = this.#shadows.get(event.parent);
    const concerned =
      from?.children?.has(fromName) || to?.children?.has(toName) || from?.complete || to?.complete;
    const [fromDir, toDir] = [this.ns.node(event.fromParent!), this.ns.node(event.parent)];
    const node = this.ns.node(event.ino);
    if (!concerned || !fromDir || !toDir || !node) return;
    const source = this.#directory(fromDir);
    const target = this.#directory(toDir);
    if (!source || !target) return;
    const moved = source.children!.get(fromName) ?? this.#enter(source, fromName, node, true);
    if (event.detail & Detail.Exchanged) this.#exchange(event, source, fromName, target, toName, moved);
    else this.#move(source, fromName, target, toName, moved);
  }

  #move(source: Shadow, fromName: string, target: Shadow, toName: string, moved: Shadow): void {
    const replaced = target.children!.get(toName);
    if (replaced && !replaced.children)
      this.#losing(replaced, target.under(toName), this.ns.node(replaced.ino));
    this.#real.rename(source.under(fromName), target.under(toName));
    if (replaced) this.#left(replaced, target, toName);
    moved.leave(source, fromName);
    moved.enter(target, toName);
  }

  #exchange(
    event: FsEvent,
    source: Shadow,
    fromName: string,
    target: Shadow,
    toName: string,
    moved: Shadow,
  ): void {
    const node = event.replaced && this.ns.node(event.replaced.ino);
    const other = target.children!.get(toName) ?? (node && this.#enter(target, toName, node, true));
    if (!other) return;
    this.#real.exchange(source.under(fromName), target.under(toName));
    moved.leave(source, fromName);
    other.leave(target, toName);
    moved.enter(target, toName);
    other.enter(source, fromName);
  }

  /** The name that an event is about. A name missing here has no watcher: a watched file has all its names here. */
  #named(shadow: Shadow, event: FsEvent): ShadowName | undefined {
    return shadow.nameIn(event.parent, nameOf(event.path));
  }

  /** A change of an object was a change of the real file; a stand-in needs it repeated. */
  #modified(event: FsEvent): void {
    const shadow = this.#shadows.get(event.ino);
    if (!shadow || shadow.object || shadow.children) return;
    const name = this.#named(shadow, event);
    if (!name) return;
    const { detail } = event;
    const grown = (detail & Detail.Extended) !== 0;
    if (detail & Detail.Native || (detail & Detail.Truncated && !grown))
      this.#real.truncate(shadow.path(name), 0);
    else this.#real.written(shadow.path(name));
  }

  #attrib(event: FsEvent): void {
    const shadow = this.#shadows.get(event.ino);
    if (!shadow || this.#host.elsewhere) return;
    const name = this.#named(shadow, event);
    if (!name && shadow.ino !== this.ns.root.ino) return;
    const path = shadow.path(name);
    const { detail } = event;
    if (detail & Detail.Times && shadow.object) return;
    const one = detail & (Detail.AccessTime | Detail.ModifyTime);
    if (!(detail & Detail.Times) || one === 0) this.#real.attrib(path);
    else if (one === Detail.AccessTime) this.#real.times(path, 0, undefined);
    else this.#real.times(path, undefined, 0);
  }

  /** Moves the objects back to their private paths. */
  giveBack(): void {
    for (const shadow of this.#shadows.values()) {
      if (shadow.counted) this.#host.count(shadow.ino, -1);
      const { object } = shadow;
      if (!object) continue;
      const own = this.#host.privatePath(object);
      this.#real.rename(shadow.path(), Buffer.from(own));
      object.shown = null;
    }
    this.#shadows.clear();
  }

  // Descriptors.

  /** The inode at a path below the mirror's base. */
  at(names: readonly string[]): Shadow | undefined {
    let at = this.#shadows.get(this.ns.root.ino);
    for (const name of names) at = at?.children?.get(name);
    return at;
  }
}
