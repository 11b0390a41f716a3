/**
 * The contents of a layer: inodes, and the names that lead to them.
 *
 * Both are memfs's own classes (`Node` and `Link` of its core package), so that memfs's tools can read a layer and
 * memfs's code stores and moves the bytes. They are built without memfs's constructors, which give every file
 * two event emitters, four Date objects, a child table and a copy of its path: some 1.5 KiB that nothing here
 * uses. Identity, link counts and times are ours: memfs reuses inode numbers at once and counts milliseconds.
 */
import { Link, Node } from '@jsonjoy.com/fs-core';
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../constants.ts';
import type { ObjectFile } from '../content/object-file.ts';
import type { LowerFile, LowerVersion } from './lower-file.ts';

/** A base class with `prototype` and an empty constructor. */
function bare<T>(prototype: object): new () => T {
  const Bare = function Bare() {};
  Bare.prototype = prototype;
  return Bare as unknown as new () => T;
}

/** The part of memfs's Node that moves bytes. It uses `buf`, `capacity` and `size`. */
type Bytes = Pick<Node, 'read' | 'write' | 'truncate' | 'getBuffer'>;

const EMPTY = Buffer.alloc(0);

export class Inode extends bare<Bytes>(Node.prototype) {
  readonly ino: number;
  /** Type and permission bits. */
  mode: number;
  uid: number;
  gid: number;
  nlink = 0;
  rdev = 0;
  /** BSD flags (chflags). */
  flags = 0;
  atimeSec = 0;
  atimeNsec = 0;
  mtimeSec = 0;
  mtimeNsec = 0;
  ctimeSec = 0;
  ctimeNsec = 0;
  btimeSec = 0;
  btimeNsec = 0;
  xattrs: Map<string, Buffer> | null = null;
  /** A symbolic link's target. */
  symlink = '';

  /** Bytes in memory: the first `size` of `buf`. */
  buf: Buffer = EMPTY;
  capacity = 0;
  size = 0;
  /** `buf` is shared with another layer's copy of this inode and must be cloned before a write. */
  bufShared = false;
  /** The object file that holds the bytes, once the inode was opened natively. */
  object: ObjectFile | null = null;
  /** The real file that still holds the bytes: set on a real directory's record, and on copies with unchanged bytes. */
  lower: LowerFile | null = null;
  /** State of the real file when it was copied up. */
  origin: LowerVersion | null = null;

  /** Names, if this is a directory. */
  readonly table: DirectoryTable | null;
  /** One name that leads here; after the last name is removed, that name. */
  entry: LayerEntry | null = null;
  /** The other names. */
  others: LayerEntry[] | null = null;

  constructor(ino: number, mode: number, uid: number, gid: number) {
    super();
    this.ino = ino;
    this.mode = mode;
    this.uid = uid;
    this.gid = gid;
    this.table = (mode & S_IFMT) === S_IFDIR ? new DirectoryTable() : null;
  }

  isDirectory(): boolean {
    return this.table !== null;
  }
  isFile(): boolean {
    return (this.mode & S_IFMT) === S_IFREG;
  }
  isSymlink(): boolean {
    return (this.mode & S_IFMT) === S_IFLNK;
  }

  // memfs sets times through these; ours are set by each operation, from the core's clock.
  touch(): void {}
  get atime(): Date {
    return new Date(this.atimeSec * 1000 + this.atimeNsec / 1e6);
  }
  set atime(_: Date) {}
  get mtime(): Date {
    return new Date(this.mtimeSec * 1000 + this.mtimeNsec / 1e6);
  }
  get btime(): Date {
    return new Date(this.btimeSec * 1000 + this.btimeNsec / 1e6);
  }
  get ctime(): Date {
    return new Date(this.ctimeSec * 1000 + this.ctimeNsec / 1e6);
  }
}

/** The part of memfs's Link that is inherited: nothing but the prototype. */
type Name = Record<never, never>;

/** A name in a directory of one layer: leads to an inode, or (a whiteout) hides that name of the layers below. */
export class LayerEntry extends bare<Name>(Link.prototype) {
  /** A record of the directory; null above the root. */
  readonly holder: Inode | null;
  readonly name: string;
  /** Position in the directory's listing: also its readdir cookie. Never reused. */
  readonly seq: number;
  /** The inode as recorded by this layer or a lower layer; null for a whiteout. */
  node: Inode | null;
  /** True while the entry is in its directory's table. */
  alive = true;
  /** State of the real file that this entry hides, and the time at which it began to hide it (ms since the epoch). */
  origin: LowerVersion | null = null;
  since = 0;

  constructor(holder: Inode | null, name: string, seq: number, node: Inode | null) {
    super();
    this.holder = holder;
    this.name = name;
    this.seq = seq;
    this.node = node;
  }

  /** Inode number of the directory. */
  get dir(): number {
    return this.holder ? this.holder.ino : 0;
  }
  get ino(): number {
    return this.node ? this.node.ino : 0;
  }

  // The interface that memfs reads.
  get steps(): string[] {
    const above = this.holder?.entry?.steps ?? [''];
    return this.holder ? [...above, this.name] : above;
  }
  getNode(): Inode | null {
    return this.node;
  }
  getChild(name: string): LayerEntry | undefined {
    return this.node?.table?.names.get(name);
  }
  get children(): Map<string, LayerEntry> {
    return this.node?.table?.names ?? NO_NAMES;
  }
}

const NO_NAMES: Map<string, LayerEntry> = new Map();

/** The names of one directory in one layer. */
export class DirectoryTable {
  readonly names = new Map<string, LayerEntry>();
  /** Names of lower layers do not show through. */
  opaque = true;
  /** Entries by `seq`, dead entries included, built by the first listing that asks for a page in the middle. */
  #order: LayerEntry[] | null = null;
  #dead = 0;
  /** Absolute path, valid while the tree's epoch equals `pathEpoch`. */
  path = '';
  pathEpoch = -1;

  add(entry: LayerEntry): void {
    this.names.set(entry.name, entry);
    const order = this.#order;
    if (!order) return;
    if (order.length === 0 || order[order.length - 1].seq < entry.seq) order.push(entry);
    else this.#order = null;
  }

  remove(entry: LayerEntry): void {
    this.names.delete(entry.name);
    entry.alive = false;
    if (this.#order && ++this.#dead * 2 > this.#order.length) {
      this.#order = null;
      this.#dead = 0;
    }
  }

  /** Entries with a `seq` above `seq`, in order, whiteouts included. Lazy: the first costs O(log n). */
  *after(seq: number): IterableIterator<LayerEntry> {
    if (!this.#order) {
      this.#order = [...this.names.values()];
      this.#dead = 0;
      let sorted = true;
      for (let i = 1; i < this.#order.length && sorted; i++)
        sorted = this.#order[i - 1].seq < this.#order[i].seq;
      if (!sorted) this.#order.sort((a, b) => a.seq - b.seq);
    }
    const order = this.#order;
    let low = 0;
    let high = order.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (order[mid].seq <= seq) low = mid + 1;
      else high = mid;
    }
    for (; low < order.length; low++) if (order[low].alive) yield order[low];
  }
}
