/** The inotify mirrors of a core: one for each branch that has inotify watches. */
import type { ObjectFile } from '../content/object-file.ts';
import type { VisibleFileProvider } from '../content/object-table.ts';
import type { FsEvent } from '../events/fs-event.ts';
import type { FsCore } from '../fs-core.ts';
import type { FsView, Place } from '../fs-view.ts';
import type { Inode } from '../layers/inode.ts';
import type { LowerLayer } from '../layers/lower-layer.ts';
import type { Namespace } from '../layers/namespace.ts';
import { type Holder, NO_OBJECT, type ObjectId } from '../numbers.ts';
import { EventRepeater } from './event-repeater.ts';
import { InotifyMirror, isObjectType } from './mirror.ts';
import { MirrorFile } from './mirror-file.ts';
import type { MirrorHost } from './mirror-host.ts';
import { MirrorInode } from './mirror-inode.ts';
import type { RealNames } from './real-names.ts';

export interface InotifyMirrorsConfig {
  readonly core: FsCore;
  readonly real: RealNames;
  /** Directory of the mirrors: absolute, empty, on the objects' filesystem. */
  readonly directory: string;
  /** See MirrorHost. */
  readonly count: (ino: number, delta: number) => void;
  /** A path through one of the holders that has the real inode open. */
  readonly held: (holders: ReadonlySet<Holder>, inode: number) => string | undefined;
  /** Called for the first error of the real filesystem: watchers may have missed events. */
  readonly onTrouble: (error: unknown) => void;
}

interface MirrorRecord {
  readonly mirror: InotifyMirror;
  readonly base: string;
  readonly unsubscribe: () => void;
}

export interface RealName {
  readonly path: Buffer;
  /** Real inode that the path must lead to; another number means that the path is stale. */
  readonly inode: number;
  /** The path leads nowhere: the file was removed before it could be opened. */
  readonly unreachable?: boolean;
}

/** The virtual inode behind a descriptor of a process. */
export interface Recovered {
  readonly ino: number;
  /** 0 for a directory. */
  readonly oid: ObjectId;
}

export class InotifyMirrors implements VisibleFileProvider, MirrorHost {
  readonly real: RealNames;
  readonly #config: InotifyMirrorsConfig;
  readonly #mirrors = new Map<string, MirrorRecord>();
  /** Oids of objects that lost their last name in a mirror while processes held them, by real inode. */
  readonly #lost = new Map<number, ObjectId>();
  changedByCaller = false;
  #next = 1;
  #failed = false;

  constructor(config: InotifyMirrorsConfig) {
    this.#config = config;
    this.real = config.real;
    config.core.content.visibleFiles = this;
  }

  /** True if no branch has a mirror. */
  get idle(): boolean {
    return this.#mirrors.size === 0;
  }

  /**
   * Makes `place` ready to be watched. A watch on the answered path receives every later change.
   *
   * @returns the real path to watch; for a file without a name, a path through a holder; undefined if there is neither
   * @throws FsError, MountExit, the system's error
   */
  watch(
    view: FsView,
    place: Place,
    how: { readonly follow: boolean; readonly directory: boolean },
  ): RealName | undefined {
    const { node, dir, name } = view.watchable(place, how);
    return this.#of(view.ns).watch(node, dir, name) ?? this.#nameless(node);
  }

  /** A file that has no name and lives on in processes only. */
  #nameless(node: Inode): RealName | undefined {
    const { object } = node;
    if (!object || !node.isFile()) return undefined;
    if (!object.visible) {
      const own = Buffer.from(object.ownPath);
      const visible = new MirrorFile(new MirrorInode(node.ino, false), object.ownPath, this);
      this.shut(object);
      this.lost(object, visible.lost(object, own));
      this.real.unlink(own);
      object.visible = visible;
    }
    const { foreignPath: path, inode } = object.visible as MirrorFile;
    return path && { path, inode };
  }

  #of(ns: Namespace): InotifyMirror {
    const known = this.#mirrors.get(ns.name);
    if (known?.mirror.ns === ns) return known.mirror;
    // A branch of the same name was deleted.
    if (known) this.#end(known);
    const base = `${this.#config.directory}/${this.#next++}`;
    this.real.directory(Buffer.from(base));
    const mirror = new InotifyMirror(ns, Buffer.from(base), this);
    const repeater = new EventRepeater(mirror, this);
    const repeat = (event: FsEvent): void => {
      try {
        repeater.repeat(event);
      } catch (error) {
        this.#reportError(error);
      }
    };
    const unsubscribe = this.#config.core.subscribe(repeat, { branch: ns.name });
    this.#mirrors.set(ns.name, { mirror, base, unsubscribe });
    return mirror;
  }

  #end({ mirror, base, unsubscribe }: MirrorRecord): void {
    unsubscribe();
    mirror.restoreObjects();
    this.real.removeTree(Buffer.from(base));
  }

  /** Ends all mirrors. Precondition: no watches are left, and no descriptor was opened by a mirror's name. */
  retire(): void {
    for (const record of this.#mirrors.values()) this.#end(record);
    this.#mirrors.clear();
  }

  #reportError(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#config.onTrouble(error);
  }

  /**
   * The real name by which to open the result of `view.open`; undefined if its own path is right.
   *
   * @param oid 0 for a directory
   */
  nameToOpen(ns: Namespace, ino: number, oid: ObjectId, dir: number, name: string): RealName | undefined {
    const mirror = this.#mirrors.get(ns.name)?.mirror;
    const mirrored = mirror?.find(ino);
    const own = (at: MirrorInode): RealName => ({
      path: at.path(mirror?.nameOf(at, dir, name)),
      inode: at.realInode(this.real),
    });
    if (oid === 0)
      return mirrored?.children && (mirrored.names.length > 0 || ino === ns.root.ino)
        ? own(mirrored)
        : undefined;
    const visible = this.#config.core.content.object(oid)?.visible as MirrorFile | null | undefined;
    if (!visible) return undefined;
    if (mirrored?.object?.oid === oid) return own(mirrored);
    // The real file is in another branch's mirror, or has no name left.
    const path = visible.foreignPath ?? visible.path;
    return { path, inode: visible.inode, unreachable: visible.unreachable };
  }

  /** Finds the virtual inode of a real name below the mirrors' directory, or of a real inode that lost its name. */
  recover(names: readonly string[], inode: number): Recovered | undefined {
    const [base, ...rest] = names;
    for (const record of this.#mirrors.values()) {
      if (!record.base.endsWith(`/${base}`)) continue;
      const mirrored = record.mirror.at(rest);
      if (mirrored?.children) return { ino: mirrored.ino, oid: NO_OBJECT };
      if (mirrored?.object) return { ino: mirrored.ino, oid: mirrored.object.oid };
    }
    const oid = this.#lost.get(inode);
    const object = oid === undefined ? undefined : this.#config.core.content.object(oid);
    return object && { ino: object.node.ino, oid: object.oid };
  }

  /**
   * Changes an inode for a process that holds a descriptor of it.
   *
   * @returns true if the process must make the change through its descriptor as well: the file is, or was, in a mirror
   */
  byDescriptor(ns: Namespace, ino: number, change: () => void): boolean {
    this.changedByCaller = !!ns.node(ino)?.object?.visible;
    try {
      change();
      return this.changedByCaller;
    } finally {
      this.changedByCaller = false;
    }
  }

  // MirrorHost

  promote(ns: Namespace, node: Inode): void {
    this.#config.core.promote(ns, node, 0);
  }

  owns(ns: Namespace, object: ObjectFile): boolean {
    const owner = this.#config.core.branches.ofLayer(object.layer);
    return owner === ns || object.readIn === ns.upper || owner === undefined;
  }

  privatePath(object: ObjectFile): string {
    return object.ownPath;
  }

  shut(object: ObjectFile): void {
    this.#config.core.content.shut(object);
  }

  count(ino: number, delta: number): void {
    this.#config.count(ino, delta);
  }

  isHeld(ino: number): boolean {
    return this.#config.core.isHeld(ino);
  }

  lost(object: ObjectFile, inode: number): void {
    this.#lost.set(inode, object.oid);
  }

  held(object: ObjectFile, inode: number): string | undefined {
    return this.#config.held(object.holders, inode);
  }

  // VisibleFileProvider

  find(node: Inode, layer: LowerLayer, ownPath: string): MirrorFile | undefined {
    if (!isObjectType(node)) return undefined;
    const owner = this.#config.core.branches.ofLayer(layer);
    for (const { mirror } of this.#mirrors.values()) {
      const { ns } = mirror;
      if (owner ? ns !== owner : ns.node(node.ino) !== node) continue;
      const mirrored = mirror.find(node.ino);
      if (!mirrored || mirrored.children || mirrored.names.length === 0) continue;
      const visible = new MirrorFile(mirrored, ownPath, this);
      // The branch's real file held another record's bytes until now: that object continues in a private file.
      if (mirrored.object) this.detach(mirrored.object, visible);
      mirror.copiedUp(mirrored);
      return visible;
    }
    return undefined;
  }

  detach(old: ObjectFile, visible: MirrorFile): void {
    const copy = `${old.ownPath}.copy`;
    visible.quietly((path) => this.real.copy(Buffer.from(path), Buffer.from(copy)));
    this.real.rename(Buffer.from(copy), Buffer.from(old.ownPath));
    old.visible = null;
  }

  attached(object: ObjectFile): void {
    (object.visible as MirrorFile).mirrored.object = object;
  }

  freed(object: ObjectFile): void {
    const mirrored = (object.visible as MirrorFile | null)?.mirrored;
    if (mirrored?.object === object) mirrored.object = null;
    for (const [inode, oid] of this.#lost) if (oid === object.oid) this.#lost.delete(inode);
  }

  /** Removes all mirrors; every watch ends with DELETE_SELF and IGNORED. */
  close(): void {
    for (const { base, unsubscribe } of this.#mirrors.values()) {
      unsubscribe();
      this.real.removeTree(Buffer.from(base));
    }
    this.#mirrors.clear();
    this.#config.core.content.visibleFiles = undefined;
  }
}
