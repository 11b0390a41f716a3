/** Object files open in processes: their holders, and events for native writes. */
import { type Attr, attrOf } from '../attr.ts';
import {
  NO_SLOT,
  O_ACCMODE,
  O_PATH,
  O_RDONLY,
  S_IFIFO,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  S_ISGID,
  S_ISUID,
} from '../constants.ts';
import { FsError } from '../errors.ts';
import { Detail, EventKind } from '../events/fs-event.ts';
import type { BranchTable } from '../layers/branch-table.ts';
import { MAIN } from '../layers/branch-table.ts';
import type { Inode } from '../layers/inode.ts';
import type { MemoryLayer } from '../layers/memory-layer.ts';
import type { Namespace } from '../layers/namespace.ts';
import type { Holder, ObjectId } from '../numbers.ts';
import type { Engine } from '../ops/view-context.ts';
import { ANY_EXECUTE } from './object-file.ts';

/** Larger real files are read in place; smaller files from an object, so that a reader sees later writes. Bytes. */
export const IN_PLACE_ABOVE = 64 * 1024;
const S_IXGRP = 0o10;

export class NativeFiles {
  readonly #engine: Engine;
  readonly #branches: BranchTable;
  readonly #objectsOf = new Map<Holder, Set<ObjectId>>();

  constructor(engine: Engine, branches: BranchTable) {
    this.#engine = engine;
    this.#branches = branches;
  }

  /** Gives an inode opened with `flags` an object, if its type and the backstore permit it. */
  promote(ns: Namespace, node: Inode, flags: number): void {
    const { content } = this.#engine;
    if (!content.shared || flags & O_PATH) return;
    const type = node.mode & S_IFMT;
    if (type !== S_IFREG && (node.lower || (type !== S_IFIFO && type !== S_IFSOCK))) return;
    if (node.lower) {
      if ((flags & O_ACCMODE) === O_RDONLY && node.size > IN_PLACE_ABOVE) return;
      const { object } = node;
      if (object && object.readIn !== ns.upper) object.readIn = null;
    }
    if (node.object) {
      if (node.mode & ANY_EXECUTE) content.closeWriter(node.object);
      return;
    }
    const layer = ns.layers().find((one) => one.node(node.ino) === node);
    if (!layer) return;
    const object = content.promote(node, layer);
    if (node.lower) object.readIn = ns.upper;
  }

  opened(oid: ObjectId, holder: Holder): void {
    const object = this.#engine.content.object(oid);
    if (!object) return;
    object.holders.add(holder);
    const held = this.#objectsOf.get(holder);
    if (held) held.add(oid);
    else this.#objectsOf.set(holder, new Set([oid]));
  }

  closed(oid: ObjectId, holder: Holder): void {
    const held = this.#objectsOf.get(holder);
    held?.delete(oid);
    if (held?.size === 0) this.#objectsOf.delete(holder);
    const object = this.#engine.content.object(oid);
    if (!object?.holders.has(holder)) return;
    this.#engine.content.sync(object.node);
    object.holders.delete(holder);
    // A visible object stays: its name may be watched.
    if (object.node.lower && object.holders.size === 0 && !object.visible) {
      this.#engine.content.freeObject(object);
      return;
    }
    if (object.holders.size > 0 || object.node.nlink > 0) return;
    const ns = this.#branches.ofLayer(object.layer);
    if (ns) this.#engine.orphaned(ns, object.node);
  }

  released(holder: Holder): void {
    for (const oid of [...(this.#objectsOf.get(holder) ?? [])]) this.closed(oid, holder);
  }

  /** Inodes of a layer that processes hold open. */
  heldIn(layer: MemoryLayer): Set<Inode> {
    const held = new Set<Inode>();
    for (const oids of this.#objectsOf.values())
      for (const oid of oids) {
        const object = this.#engine.content.object(oid);
        if (object?.layer === layer) held.add(object.node);
      }
    return held;
  }

  slotOf(oid: ObjectId): number | undefined {
    const slot = this.#engine.content.object(oid)?.slot;
    return slot === NO_SLOT ? undefined : slot;
  }

  stat(oid: ObjectId): Attr {
    const object = this.#engine.content.object(oid);
    if (!object) throw new FsError('ESTALE', 'fstat');
    // A file's attributes are the same in any branch.
    return attrOf(this.#branches.get(MAIN), this.#engine.content, object.node);
  }

  /**
   * Emits Modified if the object changed since it was last reported, or if `force` is set.
   * @returns false if nothing was emitted: no change, no such object, or an object of a frozen layer, which is read-only
   */
  touched(oid: ObjectId, pid: number, force: boolean, uid: number): boolean {
    const { content, now } = this.#engine;
    const object = content.object(oid);
    const ns = object && this.#branches.ofLayer(object.layer);
    if (!object || !ns) return false;
    content.syncObject(object);
    const { node } = object;
    const before = object.reportedSize;
    if (node.size === before && object.seenMtime === object.reportedMtime && !force) return false;
    object.reportedSize = node.size;
    object.reportedMtime = object.seenMtime;
    // The kernel did the same to the object: a write by another user clears setuid and setgid.
    if (uid !== 0) node.mode &= node.mode & S_IXGRP ? ~(S_ISUID | S_ISGID) : ~S_ISUID;
    const size = node.size > before ? Detail.Extended : node.size < before ? Detail.Truncated : 0;
    now.read();
    const detail = Detail.Native | size;
    this.#engine.emit({ kind: EventKind.Modified, ns, pid, node, dir: null, name: '', detail });
    return true;
  }
}
