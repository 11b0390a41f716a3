/** Repeats the events of a branch on its mirror, so that the kernel notifies the watchers. */
import { Detail, EventKind, type FsEvent } from '../events/fs-event.ts';
import { type InotifyMirror, nameOf } from './mirror.ts';
import type { MirrorHost } from './mirror-host.ts';
import type { MirrorInode, MirrorName } from './mirror-inode.ts';

export class EventRepeater {
  readonly #mirror: InotifyMirror;
  readonly #host: Pick<MirrorHost, 'changedByCaller'>;

  constructor(mirror: InotifyMirror, host: Pick<MirrorHost, 'changedByCaller'>) {
    this.#mirror = mirror;
    this.#host = host;
  }

  /** Repeats an event of the branch, right after it was committed. @throws the system's error */
  repeat(event: FsEvent): void {
    if (event.kind === EventKind.Created) this.#created(event);
    else if (event.kind === EventKind.Removed) {
      const parent = this.#mirror.find(event.parent);
      if (parent?.children) this.#mirror.remove(parent, nameOf(event.path), this.#mirror.ns.node(event.ino));
    } else if (event.kind === EventKind.Renamed) this.#renamed(event);
    else if (event.kind === EventKind.Modified) this.#modified(event);
    else if (event.kind === EventKind.Attrib) this.#attrib(event);
  }

  #created(event: FsEvent): void {
    const parent = this.#mirror.find(event.parent);
    const name = nameOf(event.path);
    if (event.replaced && parent?.children)
      this.#mirror.remove(parent, name, this.#mirror.ns.node(event.replaced.ino));
    const node = this.#mirror.ns.node(event.ino);
    if (!node) return;
    const known = this.#mirror.find(event.ino);
    if (parent?.complete) this.#mirror.enter(parent, name, node, false);
    else if (known && known.names.length > 0) {
      const dir = this.#mirror.ns.node(event.parent);
      const holder = dir && this.#mirror.directory(dir);
      if (holder && !holder.children!.has(name)) this.#mirror.enter(holder, name, node, true);
    }
  }

  #renamed(event: FsEvent): void {
    const [fromName, toName] = [nameOf(event.from!), nameOf(event.path)];
    const from = this.#mirror.find(event.fromParent!);
    const to = this.#mirror.find(event.parent);
    const concerned =
      from?.children?.has(fromName) || to?.children?.has(toName) || from?.complete || to?.complete;
    const [fromDir, toDir] = [this.#mirror.ns.node(event.fromParent!), this.#mirror.ns.node(event.parent)];
    const node = this.#mirror.ns.node(event.ino);
    if (!concerned || !fromDir || !toDir || !node) return;
    const source = this.#mirror.directory(fromDir);
    const target = this.#mirror.directory(toDir);
    if (!source || !target) return;
    const moved = source.children!.get(fromName) ?? this.#mirror.enter(source, fromName, node, true);
    if (event.detail & Detail.Exchanged) this.#exchange(event, source, fromName, target, toName, moved);
    else this.#move(source, fromName, target, toName, moved);
  }

  #move(
    source: MirrorInode,
    fromName: string,
    target: MirrorInode,
    toName: string,
    moved: MirrorInode,
  ): void {
    const replaced = target.children!.get(toName);
    if (replaced && !replaced.children)
      this.#mirror.beforeUnlink(replaced, target.under(toName), this.#mirror.ns.node(replaced.ino));
    this.#mirror.real.rename(source.under(fromName), target.under(toName));
    if (replaced) this.#mirror.forgetName(replaced, target, toName);
    moved.leave(source, fromName);
    moved.enter(target, toName);
  }

  #exchange(
    event: FsEvent,
    source: MirrorInode,
    fromName: string,
    target: MirrorInode,
    toName: string,
    moved: MirrorInode,
  ): void {
    const node = event.replaced && this.#mirror.ns.node(event.replaced.ino);
    const other = target.children!.get(toName) ?? (node && this.#mirror.enter(target, toName, node, true));
    if (!other) return;
    this.#mirror.real.exchange(source.under(fromName), target.under(toName));
    moved.leave(source, fromName);
    other.leave(target, toName);
    moved.enter(target, toName);
    other.enter(source, fromName);
  }

  /** The name that an event is about. A name missing here has no watcher: a watched file has all its names here. */
  #eventName(mirrored: MirrorInode, event: FsEvent): MirrorName | undefined {
    return mirrored.nameIn(event.parent, nameOf(event.path));
  }

  /** A change of an object was a change of the real file; a stand-in needs it repeated. */
  #modified(event: FsEvent): void {
    const mirrored = this.#mirror.find(event.ino);
    if (!mirrored || mirrored.object || mirrored.children) return;
    const name = this.#eventName(mirrored, event);
    if (!name) return;
    const { detail } = event;
    const grown = (detail & Detail.Extended) !== 0;
    if (detail & Detail.Native || (detail & Detail.Truncated && !grown))
      this.#mirror.real.truncate(mirrored.path(name), 0);
    else this.#mirror.real.written(mirrored.path(name));
  }

  #attrib(event: FsEvent): void {
    const mirrored = this.#mirror.find(event.ino);
    if (!mirrored || this.#host.changedByCaller) return;
    const name = this.#eventName(mirrored, event);
    if (!name && mirrored.ino !== this.#mirror.ns.root.ino) return;
    const path = mirrored.path(name);
    const { detail } = event;
    if (detail & Detail.Times && mirrored.object) return;
    const one = detail & (Detail.AccessTime | Detail.ModifyTime);
    if (!(detail & Detail.Times) || one === 0) this.#mirror.real.attrib(path);
    else if (one === Detail.AccessTime) this.#mirror.real.times(path, 0, undefined);
    else this.#mirror.real.times(path, undefined, 0);
  }
}
