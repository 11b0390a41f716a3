/**
 * What FSEvents tells of one change, item by item: the kernel's events for each operation as a table, before anything
 * is coalesced. Paths outside of a stream's roots are left out by the stream.
 */
import { Detail, EventKind } from '../../core/events/fs-event.ts';
import { WireType } from '../../core/protocol.ts';
import { EventFlag } from './constants.ts';
import type { TreeChange } from './tree-change.ts';

export interface Item {
  readonly path: string;
  readonly flags: number;
  readonly ino: number;
  /** Place among the items of the operation, from 0 on. */
  readonly part: number;
  /** Half of a rename: the other half is told right before or after it, with the id beside it. */
  readonly paired: boolean;
  /** It is a directory in which something changed, not a change of its own place in another one. */
  readonly within?: boolean;
}

const {
  ItemCreated,
  ItemRemoved,
  ItemInodeMetaMod,
  ItemRenamed,
  ItemModified,
  ItemChangeOwner,
  ItemXattrMod,
  ItemIsFile,
  ItemIsDir,
  ItemIsSymlink,
  ItemIsHardlink,
  ItemIsLastHardlink,
} = EventFlag;

/** FIFOs, sockets and devices have no bit. */
const TYPE_BIT: Readonly<Record<number, number>> = {
  [WireType.file]: ItemIsFile,
  [WireType.directory]: ItemIsDir,
  [WireType.symlink]: ItemIsSymlink,
};

/** Inodes seen with several names, bounded: the oldest are forgotten. */
export class LinkedInodes {
  readonly #seen = new Set<number>();
  readonly #limit: number;

  constructor(limit = 4096) {
    this.#limit = limit;
  }

  /** @returns bits for an inode that has `nlink` names now and is a file */
  bits(ino: number, nlink: number): number {
    if (nlink > 1) this.add(ino);
    return nlink > 1 ? ItemIsHardlink : 0;
  }

  /** The same where a name has just gone. */
  bitsAfterRemoval(ino: number, nlink: number): number {
    if (nlink > 0) {
      this.add(ino);
      return ItemIsHardlink;
    }
    return this.#seen.delete(ino) ? ItemIsHardlink | ItemIsLastHardlink : 0;
  }

  add(ino: number): void {
    this.#seen.add(ino);
    if (this.#seen.size <= this.#limit) return;
    for (const oldest of this.#seen) {
      this.#seen.delete(oldest);
      return;
    }
  }
}

/** Bits of Attrib and Modified, the first line that holds; an ACL or mode change wins over times. */
const ATTRIBUTES: readonly (readonly [detail: number, flag: number])[] = [
  [Detail.Mode | Detail.Owner, ItemChangeOwner],
  [Detail.Times | Detail.Flags, ItemInodeMetaMod],
];

/** The time of access alone is not told. */
function attributeFlags(told: number): number {
  const detail = told & Detail.AccessTime ? told & ~Detail.Times : told;
  const line = ATTRIBUTES.find(([bits]) => (detail & bits) !== 0);
  return (line?.[1] ?? 0) | (detail & Detail.Xattr ? ItemXattrMod : 0);
}

/** A size that was set is told at once, bytes when the last descriptor for writing is closed. */
function modifiedFlags({ detail }: TreeChange): number {
  const sized = detail & Detail.Truncated ? ItemInodeMetaMod : 0;
  const written = sized === 0 || (detail & Detail.Native) !== 0;
  return sized | (written && (detail & Detail.Writing) === 0 ? ItemModified : 0);
}

/** @returns none for what FSEvents does not tell: reads, link counts, writes that go on, files without a name */
export function itemsOf(h: TreeChange, linked: LinkedInodes): readonly Item[] {
  if (h.detail & Detail.Orphan) return [];
  const type = TYPE_BIT[h.type] ?? 0;
  const directory = h.type === WireType.directory;
  const links = directory ? 0 : linked.bits(h.ino, h.nlink);
  const one = (flags: number): readonly Item[] =>
    (flags & ~(type | links)) === 0 ? [] : [{ path: h.path, flags, ino: h.ino, part: 0, paired: false }];
  /** Under every name. */
  const all = (flags: number): readonly Item[] => [
    ...one(flags),
    ...h.siblings.flatMap((path, i) => one(flags).map((item) => ({ ...item, path, part: i + 1 }))),
  ];
  switch (h.kind) {
    case EventKind.Created: {
      const link = !directory && h.detail & Detail.Link ? ItemIsHardlink : 0;
      if (link) linked.add(h.ino);
      const created = one(ItemCreated | type | links | link);
      if (link && h.siblings.length > 0) return [...created, linkedFrom(h.siblings[0]!, h.fromParent)];
      return h.replaced === 0 ? created : [displaced(h, ItemRemoved, 0), { ...created[0]!, part: 1 }];
    }
    case EventKind.Removed:
      return one(ItemRemoved | type | (directory ? 0 : linked.bitsAfterRemoval(h.ino, h.nlink)));
    case EventKind.Modified:
      return directory ? [] : all(modifiedFlags(h) | type | links);
    case EventKind.Closed:
      return h.detail & Detail.Writing ? all(ItemModified | type | links) : [];
    case EventKind.Attrib:
      return attributed(h, all, type | links);
    case EventKind.Renamed:
      return renamed(h, ItemRenamed | type | links);
    default:
      return [];
  }
}

/** An owner or a mode is told under one name, everything else under all of them. */
function attributed(h: TreeChange, all: (flags: number) => readonly Item[], more: number): readonly Item[] {
  const flags = attributeFlags(h.detail);
  const items = all(flags | more);
  return flags & ItemChangeOwner ? items.slice(0, 1) : items;
}

/** The directory of the name that a new link was made from. */
const linkedFrom = (name: string, ino: number): Item => ({
  path: name.slice(0, Math.max(name.lastIndexOf('/'), 1)),
  flags: ItemInodeMetaMod | ItemIsDir,
  ino,
  part: 1,
  paired: false,
  within: true,
});

const displaced = (h: TreeChange, flag: number, part: number): Item => ({
  path: h.path,
  flags: flag | (TYPE_BIT[h.replacedType] ?? 0),
  ino: h.replaced,
  part,
  paired: false,
});

function renamed(h: TreeChange, flags: number): readonly Item[] {
  const items: Item[] = [
    { path: h.from, flags, ino: h.ino, part: 0, paired: true },
    { path: h.path, flags, ino: h.ino, part: 1, paired: true },
  ];
  if (h.replaced === 0) return items;
  const other = displaced(h, ItemRenamed, 2);
  if (h.detail & Detail.Exchanged)
    items.push({ ...other, paired: true }, { ...other, path: h.from, part: 3, paired: true });
  else items.push(other);
  return items;
}
