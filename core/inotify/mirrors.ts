/** The inotify mirrors of a core: one for each branch that has inotify watches. */
import type { Adopter } from '../content/content-store.ts';
import type { ObjectFile } from '../content/object-file.ts';
import type { FsEvent } from '../events/fs-event.ts';
import type { FsCore } from '../fs-core.ts';
import type { FsView, Place } from '../fs-view.ts';
import type { Inode } from '../layers/inode.ts';
import type { LowerLayer } from '../layers/lower-layer.ts';
import type { Namespace } from '../layers/namespace.ts';
import { keepsReal, Mirror } from './mirror.ts';
import type { MirrorHost } from './mirror-host.ts';
import type { RealNames } from './real-names.ts';
import { Shadow } from './shadow.ts';
import { ShownFile } from './shown-file.ts';

export interface MirrorsConfig {
  readonly core: FsCore;
  readonly real: RealNames;
  /** Directory of the mirrors: absolute, empty, on the objects' filesystem. */
  readonly directory: string;
  /** See MirrorHost. */
  readonly count: (ino: number, delta: number) => void;
  /** A path through one of the holders that has the real inode open. */
  readonly held: (holders: ReadonlySet<number>, inode: number) => string | undefined;
  /** Called for the first error of the real filesystem: watchers may have missed events. */
  readonly onTrouble: (error: unknown) => void;
}

interface Kept {
  readonly mirror: Mirror;
  readonly base: string;
  readonly unsubscribe: () => void;
}

export interface RealName {
  readonly path: Buffer;
  /** Real inode that the path must lead to; another number means that the path is stale. */
  readonly inode: number;
  /** The path leads nowhere: the file was removed before it could be opened. */
  readonly gone?: boolean;
}

/** The virtual inode behind a descriptor of a process. */
export interface Recovered {
  readonly ino: number;
  /** 0 for a directory. */
  readonly oid: number;
}

export class Mirrors implements Adopter, MirrorHost {
  readonly real: RealNames;
  readonly #config: MirrorsConfig;
  readonly #kept = new Map<string, Kept>();
  /** Oids of objects that lost their last name in a mirror while processes held them, by real inode. */
  readonly #lost = new Map<number, number>();
  elsewhere = false;
  #next = 1;
  #troubled = false;

  constructor(config: MirrorsConfig) {
    this.#config = config;
    this.real = config.real;
    config.core.content.adopter = this;
  }

  /** True if no branch has a mirror. */
  get idle(): boolean {
    return this.#kept.size === 0;
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
    if (!object.shown) {
      const own = Buffer.from(object.ownPath);
      const shown = new ShownFile(new Shadow(node.ino, false), object.ownPath, this);
      this.shut(object);
      this.lost(object, shown.lost(object, own));
      this.real.unlink(own);
      object.shown = shown;
    }
    const { foreignPath: path, inode } = object.shown as ShownFile;
    return path && { path, inode };
  }

  #of(ns: Namespace): Mirror {
    const known = this.#kept.get(ns.name);
    if (known?.mirror.ns === ns) return known.mirror;
    // A branch of the same name was deleted.
    if (known) this.#end(known);
    const base = `${this.#config.directory}/${this.#next++}`;
    this.real.directory(Buffer.from(base));
    const mirror = new Mirror(ns, Buffer.from(base), this);
    const hear = (event: FsEvent): void => {
      try {
        mirror.hear(event);
      } catch (error) {
        this.#trouble(error);
      }
    };
    const unsubscribe = this.#config.core.subscribe(hear, { branch: ns.name });
    this.#kept.set(ns.name, { mirror, base, unsubscribe });
    return mirror;
  }

  #end({ mirror, base, unsubscribe }: Kept): void {
    unsubscribe();
    mirror.giveBack();
    this.real.removeTree(Buffer.from(base));
  }

  /** Ends all mirrors. Precondition: no watches are left, and no descriptor was opened by a mirror's name. */
  retire(): void {
    for (const kept of this.#kept.values()) this.#end(kept);
    this.#kept.clear();
  }

  #trouble(error: unknown): void {
    if (this.#troubled) return;
    this.#troubled = true;
    this.#config.onTrouble(error);
  }

  /**
   * The real name by which to open the result of `view.open`; undefined if its own path is right.
   *
   * @param oid 0 for a directory
   */
  nameToOpen(ns: Namespace, ino: number, oid: number, dir: number, name: string): RealName | undefined {
    const mirror = this.#kept.get(ns.name)?.mirror;
    const shadow = mirror?.shadow(ino);
    const own = (at: Shadow): RealName => ({
      path: at.path(mirror?.nameOf(at, dir, name)),
      inode: at.inode(this.real),
    });
    if (oid === 0)
      return shadow?.children && (shadow.names.length > 0 || ino === ns.root.ino) ? own(shadow) : undefined;
    const shown = this.#config.core.content.object(oid)?.shown as ShownFile | null | undefined;
    if (!shown) return undefined;
    if (shadow?.object?.oid === oid) return own(shadow);
    // The real file is in another branch's mirror, or has no name left.
    const path = shown.foreignPath ?? shown.path;
    return { path, inode: shown.inode, gone: shown.gone };
  }

  /** Finds the virtual inode of a real name below the mirrors' directory, or of a real inode that lost its name. */
  recover(names: readonly string[], inode: number): Recovered | undefined {
    const [base, ...rest] = names;
    for (const kept of this.#kept.values()) {
      if (!kept.base.endsWith(`/${base}`)) continue;
      const shadow = kept.mirror.at(rest);
      if (shadow?.children) return { ino: shadow.ino, oid: 0 };
      if (shadow?.object) return { ino: shadow.ino, oid: shadow.object.oid };
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
    this.elsewhere = !!ns.node(ino)?.object?.shown;
    try {
      change();
      return this.elsewhere;
    } finally {
      this.elsewhere = false;
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

  keeps(ino: number): boolean {
    return this.#config.core.kept(ino);
  }

  lost(object: ObjectFile, inode: number): void {
    this.#lost.set(inode, object.oid);
  }

  held(object: ObjectFile, inode: number): string | undefined {
    return this.#config.held(object.holders, inode);
  }

  // Adopter

  find(node: Inode, layer: LowerLayer, aside: string): ShownFile | undefined {
    if (!keepsReal(node)) return undefined;
    const owner = this.#config.core.branches.ofLayer(layer);
    for (const { mirror } of this.#kept.values()) {
      const { ns } = mirror;
      if (owner ? ns !== owner : ns.node(node.ino) !== node) continue;
      const shadow = mirror.shadow(node.ino);
      if (!shadow || shadow.children || shadow.names.length === 0) continue;
      const shown = new ShownFile(shadow, aside, this);
      // The branch's real file held another record's bytes until now: that object continues in a private file.
      if (shadow.object) this.detach(shadow.object, shown);
      mirror.owned(shadow);
      return shown;
    }
    return undefined;
  }

  detach(old: ObjectFile, shown: ShownFile): void {
    const copy = `${old.ownPath}.copy`;
    shown.quietly((path) => this.real.copy(Buffer.from(path), Buffer.from(copy)));
    this.real.rename(Buffer.from(copy), Buffer.from(old.ownPath));
    old.shown = null;
  }

  taken(object: ObjectFile): void {
    (object.shown as ShownFile).shadow.object = object;
  }

  gone(object: ObjectFile): void {
    const shadow = (object.shown as ShownFile | null)?.shadow;
    if (shadow?.object === object) shadow.object = null;
    for (const [inode, oid] of this.#lost) if (oid === object.oid) this.#lost.delete(inode);
  }

  /** Removes all mirrors; every watch ends with DELETE_SELF and IGNORED. */
  close(): void {
    for (const { base, unsubscribe } of this.#kept.values()) {
      unsubscribe();
      this.real.removeTree(Buffer.from(base));
    }
    this.#kept.clear();
    this.#config.core.content.adopter = undefined;
  }
}
