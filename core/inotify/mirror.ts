/**
 * The watched part of one branch as real, empty names, so that the kernel itself tells inotify what happens there.
 *
 * A program that watches a virtual path watches, with its own kernel instance, the real name that the mirror has for
 * it. Whatever the branch is told of is done again on the mirror: a link is a link there, a rename a rename. Masks,
 * cookies, coalescing, limits, self events after the last close are then the kernel's and cannot differ. Files that
 * processes hold natively are in the mirror themselves, so what is done through descriptors needs no telling at all.
 *
 * In the mirror are: the directories that lead to anything in it; everything in a directory that is watched
 * (`complete`); every name of a file that is watched. A name outside a complete directory is made without anybody
 * hearing of it, for nobody watches there.
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

/** Can its real file be the mirror's? */
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
   * Make it ready to be watched. @param dir where it was found, null for a root or an inode by number
   * @returns the real path @throws the system's error; undefined where the inode has no name
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

  /** A directory and what leads to it; undefined when nothing does. */
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

  /** All names of a file: it must not seem to end while one of them is left. */
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

  /** A name that an inode of the mirror is about to be opened by. Where it is not here, nobody watches. */
  nameOf(shadow: Shadow, dir: number, name: string): ShadowName | undefined {
    const known = shadow.nameIn(dir, name);
    if (known || dir === 0 || shadow.children) return known;
    const [holder, node] = [this.ns.node(dir), this.ns.node(shadow.ino)];
    if (holder && node) this.#name(holder, name, node);
    return shadow.nameIn(dir, name);
  }

  // Names.

  /** @param quiet nobody watches the directory yet */
  #enter(parent: Shadow, name: string, node: Inode, quiet: boolean): Shadow {
    const known = this.#shadows.get(node.ino);
    const path = parent.under(name);
    if (known && known.names.length > 0) {
      // A directory that another branch moved is told as new here.
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

  /** The object itself becomes the name. Moved, descriptors that are open go along; linked, it is a creation. */
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

  /** A file's bytes are the branch's own from now on. */
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

  /** A name is about to go. Who needs the file, when it was the last one here? */
  #losing(shadow: Shadow, path: Buffer, node: Inode | undefined): void {
    const { object } = shadow;
    if (!object || shadow.names.length > 1) return;
    const shown = object.shown as ShownFile;
    shadow.object = null;
    // Another layer's record goes on with bytes of its own.
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

  // What happens.

  /** An event as the branch hears it, right after it was committed. @throws the system's error */
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

  /** The name that an event is about. One that is not here is heard by nobody: a file that is watched has all of its. */
  #named(shadow: Shadow, event: FsEvent): ShadowName | undefined {
    return shadow.nameIn(event.parent, nameOf(event.path));
  }

  /** What was done to an object was done to the real file; a stand-in is told by hand. */
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

  /** Objects go back to where they are without a mirror. */
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

  /** What is at a path below the mirror's base. */
  at(names: readonly string[]): Shadow | undefined {
    let at = this.#shadows.get(this.ns.root.ino);
    for (const name of names) at = at?.children?.get(name);
    return at;
  }
}
