/**
 * A branch: a stack of layers, of which the upper layer is written.
 *
 * Before the first change a record is copied up together with its names and the directories on the way from the root,
 * so that a change in a live lower branch cannot remove them.
 */
import { Inode, LayerEntry } from './inode.ts';
import { Stack } from './stack.ts';

export { join, type TreeState } from './stack.ts';

export class Namespace extends Stack {
  declare parent: Namespace | null;

  /** The record of `node` that this branch may change; copies it up first. @param ends it is about to lose its last name, so its bytes need no copy */
  own(node: Inode, ends = false): Inode {
    if (this.single || this.upper.inodes.get(node.ino) === node) return node;
    const known = this.upper.inodes.get(node.ino);
    if (known) return known;
    const copy = new Inode(node.ino, node.mode, node.uid, node.gid);
    copyMetadata(node, copy);
    if (copy.table) copy.table.opaque = false;
    else if (node.isFile()) {
      if (!ends || !node.object || node.lower) this.state.copyBytes(node, copy, this.upper);
    } else {
      copy.size = node.size;
      copy.object = node.object;
    }
    this.upper.inodes.set(copy.ino, copy);
    for (const place of [node.entry, ...(node.others ?? [])]) if (place) this.pin(place, copy);
    return copy;
  }

  /** Records in the upper layer that `copy` is at `place`, the entry of a lower layer for the same inode. */
  pin(place: LayerEntry, copy: Inode): void {
    const dir = this.shows(place, copy.ino) ? this.node(place.dir) : undefined;
    const table = dir && this.own(dir).table!;
    const there = table?.names.get(place.name);
    const entry =
      there?.ino === copy.ino
        ? there
        : new LayerEntry(dir ? this.own(dir) : place.holder, place.name, place.seq, copy);
    if (entry === there) entry.node = copy;
    else if (table && !there) table.add(entry);
    // The name leads elsewhere in this branch, or nowhere: the entry only records the last known name.
    else entry.alive = false;
    if (entry.alive && copy.entry?.alive) copy.others = [...(copy.others ?? []), entry];
    else if (entry.alive || !copy.entry) copy.entry = entry;
  }

  /** Gives `node` a name. `dir` and `node` are own records; the name is free. */
  add(dir: Inode, name: string, node: Inode): LayerEntry {
    const table = dir.table!;
    const entry = new LayerEntry(dir, name, this.state.nextSeq++, node);
    if (!this.single) {
      const whiteout = table.names.get(name);
      if (whiteout) {
        table.remove(whiteout);
        entry.origin = whiteout.origin;
        entry.since = whiteout.since;
      }
    }
    table.add(entry);
    if (!node.entry?.alive) node.entry = entry;
    else if (node.others) node.others.push(entry);
    else node.others = [entry];
    return entry;
  }

  /** Removes a name. `dir` and `node` are own records. */
  remove(dir: Inode, name: string, node: Inode): void {
    const table = dir.table!;
    const entry = table.names.get(name);
    if (entry) {
      table.remove(entry);
      if (node.others) {
        if (node.entry === entry) node.entry = node.others.pop()!;
        else node.others = node.others.filter((other) => other !== entry);
        if (node.others.length === 0) node.others = null;
      }
    }
    if (this.#showsBelow(dir, name)) this.whiteout(dir, name);
  }

  /** Hides `name` of the lower layers. `dir` is an own record without that name. */
  whiteout(dir: Inode, name: string): void {
    const entry = new LayerEntry(dir, name, this.state.nextSeq++, null);
    for (const layer of this.layers())
      entry.origin ??= layer.directory(dir.ino)?.names.get(name)?.node?.lower?.version ?? null;
    if (entry.origin) entry.since = Date.now();
    dir.table!.add(entry);
  }

  /** Adjusts the link count for a subdirectory added (1) or removed (-1). A merged directory's count is computed on demand. */
  countSubdirectory(dir: Inode, change: number): void {
    if (dir.table!.opaque) dir.nlink += change;
  }

  /** Whether a layer below the upper layer shows `name` in `dir`. */
  #showsBelow(dir: Inode, name: string): boolean {
    if (this.single) return false;
    for (const layer of this.layers()) {
      const table = layer.directory(dir.ino);
      if (!table) continue;
      if (layer !== this.upper) {
        const entry = table.names.get(name);
        if (entry) return entry.node !== null;
      }
      if (table.opaque) return false;
    }
    return false;
  }
}

/** Copies everything except bytes and names. */
export function copyMetadata(from: Inode, to: Inode): void {
  to.nlink = from.nlink;
  to.rdev = from.rdev;
  to.flags = from.flags;
  to.symlink = from.symlink;
  to.origin = from.origin ?? from.lower?.version ?? null;
  to.xattrs = from.xattrs ? new Map(from.xattrs) : null;
  to.atimeSec = from.atimeSec;
  to.atimeNsec = from.atimeNsec;
  to.mtimeSec = from.mtimeSec;
  to.mtimeNsec = from.mtimeNsec;
  to.ctimeSec = from.ctimeSec;
  to.ctimeNsec = from.ctimeNsec;
  to.btimeSec = from.btimeSec;
  to.btimeNsec = from.btimeNsec;
}
