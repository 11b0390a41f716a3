/**
 * A branch's view: several layers resolved into one tree.
 *
 * A name is decided by the topmost layer with an entry for (directory, name): an inode's entry is the answer, a
 * whiteout ends the search. An inode is the topmost layer's record of its number. A directory that an upper
 * layer has placed is only at that place, wherever lower layers may move it.
 *
 * A single layer is the fast path: names lead directly to records.
 */
import type { Inode, LayerEntry } from './inode.ts';
import type { LowerLayer } from './lower-layer.ts';
import type { MemoryLayer } from './memory-layer.ts';

/** State that all branches of a core share. */
export interface TreeState {
  readonly rootIno: number;
  /** Incremented whenever a directory moves or a stack changes: paths cached before are stale. */
  epoch: number;
  nextSeq: number;
  /** Gives `to`, a record of `layer`, the bytes of `from`. */
  copyBytes(from: Inode, to: Inode, layer: MemoryLayer): void;
}

export class Stack {
  readonly name: string;
  readonly state: TreeState;
  upper: MemoryLayer;
  /** Layers below the upper layer, topmost first, that are fixed rather than shared live with a parent. */
  base: LowerLayer[];
  /** Live lower branch, below `base`. */
  parent: Stack | null;
  #layers: LowerLayer[] = [];
  #layersEpoch = -1;

  constructor(name: string, state: TreeState, upper: MemoryLayer, base: LowerLayer[], parent: Stack | null) {
    this.name = name;
    this.state = state;
    this.upper = upper;
    this.base = base;
    this.parent = parent;
  }

  get single(): boolean {
    return this.base.length === 0 && this.parent === null;
  }

  /** All layers, topmost first. */
  layers(): readonly LowerLayer[] {
    if (this.#layersEpoch !== this.state.epoch) {
      this.#layers = [this.upper, ...this.base, ...(this.parent?.layers() ?? [])];
      this.#layersEpoch = this.state.epoch;
    }
    return this.#layers;
  }

  get root(): Inode {
    return this.node(this.state.rootIno)!;
  }

  node(ino: number): Inode | undefined {
    const own = this.upper.inodes.get(ino);
    if (own || this.single) return own;
    for (const layer of this.layers()) {
      const found = layer.node(ino);
      if (found) return found;
    }
    return undefined;
  }

  lookup(dir: Inode, name: string): Inode | null {
    if (this.single) return dir.table!.names.get(name)?.node ?? null;
    const entry = this.entry(dir, name);
    return entry ? this.#resolve(entry) : null;
  }

  /** The entry that decides `name`; null if there is none or it is a whiteout. */
  entry(dir: Inode, name: string): LayerEntry | null {
    if (this.single) return dir.table!.names.get(name) ?? null;
    const layers = this.layers();
    for (let i = 0; i < layers.length; i++) {
      const table = layers[i].directory(dir.ino);
      if (!table) continue;
      const entry = table.names.get(name);
      if (entry) return entry.node && this.#placed(entry) ? entry : null;
      if (table.opaque) return null;
    }
    return null;
  }

  #resolve(entry: LayerEntry): Inode | null {
    return this.node(entry.ino) ?? entry.node;
  }

  /** Whether the entry is the directory's place according to its topmost record. Always true of other types. */
  #placed(entry: LayerEntry): boolean {
    if (!entry.node!.table) return true;
    const place = this.node(entry.ino)?.entry;
    return !place || place === entry || (place.alive && place.dir === entry.dir && place.name === entry.name);
  }

  parentOf(dir: Inode): Inode {
    if (!dir.entry) return dir;
    return this.node(dir.entry.dir) ?? this.root;
  }

  isEmpty(dir: Inode): boolean {
    if (this.single) return dir.table!.names.size === 0;
    for (const _ of this.list(dir, 0)) return false;
    return true;
  }

  /** Link count as stat returns it: for a directory, 2 plus its number of subdirectories. */
  nlink(node: Inode): number {
    if (!node.table || node.table.opaque || node.nlink === 0) return node.nlink;
    let count = 2;
    for (const entry of this.list(node, 0)) if (entry.node!.table) count++;
    return count;
  }

  /** Entries of `dir` with a `seq` above `seq`, in listing order. */
  list(dir: Inode, seq: number): Iterable<LayerEntry> {
    if (this.single) return dir.table!.after(seq);
    return this.#merge(dir, seq);
  }

  *#merge(dir: Inode, seq: number): IterableIterator<LayerEntry> {
    const lists: IterableIterator<LayerEntry>[] = [];
    for (const layer of this.layers()) {
      const table = layer.directory(dir.ino);
      if (!table) continue;
      lists.push(table.after(seq));
      if (table.opaque) break;
    }
    const heads = lists.map((list) => list.next());
    for (;;) {
      let least = -1;
      for (let i = 0; i < heads.length; i++)
        if (!heads[i].done && (least < 0 || heads[i].value.seq < heads[least].value.seq)) least = i;
      if (least < 0) return;
      const entry: LayerEntry = heads[least].value;
      heads[least] = lists[least].next();
      if (entry.node && this.entry(dir, entry.name) === entry) yield entry;
    }
  }

  /** Absolute path of a directory that has a place. */
  directoryPath(dir: Inode): string {
    const table = dir.table!;
    if (table.pathEpoch === this.state.epoch && this.single) return table.path;
    const entry = dir.entry;
    const path = entry ? join(this.directoryPath(this.parentOf(dir)), entry.name) : '/';
    if (this.single) {
      table.path = path;
      table.pathEpoch = this.state.epoch;
    }
    return path;
  }

  /** Whether `dir` can be reached from the root in this branch. */
  reachable(dir: Inode): boolean {
    for (let at = dir; ; ) {
      const entry = at.entry;
      if (!entry) return at.ino === this.state.rootIno;
      const above = this.node(entry.dir);
      if (!above || this.lookup(above, entry.name)?.ino !== at.ino) return false;
      at = above;
    }
  }

  /** Like pathOf, plus the inode of the directory; fast if the first name is valid. */
  locate(node: Inode): { path: string; parent: number; orphan: boolean } {
    const { entry } = node;
    if (entry?.alive && this.single) {
      const dir = this.upper.inodes.get(entry.dir)!;
      return { path: join(this.directoryPath(dir), entry.name), parent: entry.dir, orphan: false };
    }
    const { path, orphan } = this.pathOf(node);
    if (orphan || path === '/') return { path, parent: 0, orphan };
    let parent: Inode = this.root;
    for (const name of path.split('/').slice(1, -1)) parent = this.lookup(parent, name) ?? parent;
    return { path, parent: parent.ino, orphan };
  }

  /** Whether `place`, an entry of some layer, leads to `ino` in this branch. */
  shows(place: LayerEntry, ino: number): boolean {
    const dir = place.alive ? this.node(place.dir) : undefined;
    return dir?.table != null && this.lookup(dir, place.name)?.ino === ino && this.reachable(dir);
  }

  /** Paths of `node` in this branch. */
  *pathsOf(node: Inode): Generator<string> {
    const candidates = [node.entry, ...(node.others ?? [])];
    if (!this.single)
      for (const layer of this.layers()) {
        const record = layer.node(node.ino);
        if (record && record !== node) candidates.push(record.entry, ...(record.others ?? []));
      }
    for (const entry of candidates)
      if (entry && this.shows(entry, node.ino))
        yield join(this.directoryPath(this.node(entry.dir)!), entry.name);
  }

  /** A path of `node`; its last path if it has lost all names. */
  pathOf(node: Inode): { path: string; orphan: boolean } {
    if (node.ino === this.state.rootIno) return { path: '/', orphan: false };
    for (const path of this.pathsOf(node)) return { path, orphan: false };
    const last = node.entry;
    const dir = last ? this.node(last.dir) : undefined;
    const path = last ? join(dir ? this.pathOf(dir).path : '/', last.name) : '';
    return { path, orphan: true };
  }
}

export const join = (dir: string, name: string): string => (dir === '/' ? `/${name}` : `${dir}/${name}`);
