/**
 * What FSEvents tells of one change, item by item: the kernel's events for each operation as a table, before anything
 * is coalesced. Paths outside of a stream's roots are left out by the stream.
 */
import { Detail, EventKind } from '../../core/events/fs-event.ts';
import { WireType } from '../../core/protocol.ts';
import { EventFlag } from './constants.ts';
import type { Happening } from './happening.ts';

export interface Item {
  readonly path: string;
  readonly flags: number;
  readonly ino: number;
  /** Place among the items of the operation: 0 to 3. */
  readonly part: number;
  /** Half of a rename: the other half is told right before or after it, with the id beside it. */
  readonly paired: boolean;
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

function attributeFlags(detail: number): number {
  const line = ATTRIBUTES.find(([bits]) => (detail & bits) !== 0);
  return (line?.[1] ?? 0) | (detail & Detail.Xattr ? ItemXattrMod : 0);
}

/** A size that was set is told at once, bytes when the last descriptor for writing is closed. */
function modifiedFlags({ detail }: Happening): number {
  const sized = detail & Detail.Truncated ? ItemInodeMetaMod : 0;
  const written = sized === 0 || (detail & Detail.Native) !== 0;
  return sized | (written && (detail & Detail.Writing) === 0 ? ItemModified : 0);
}

/** @returns none for what FSEvents does not tell: reads, link counts, writes that go on, files without a name */
export function itemsOf(h: Happening, linked: LinkedInodes): readonly Item[] {
  if (h.detail & Detail.Orphan) return [];
  const type = TYPE_BIT[h.type] ?? 0;
  const directory = h.type === WireType.directory;
  const links = directory ? 0 : linked.bits(h.ino, h.nlink);
  const one = (flags: number): readonly Item[] =>
    (flags & ~(type | links)) === 0 ? [] : [{ path: h.path, flags, ino: h.ino, part: 0, paired: false }];
  switch (h.kind) {
    case EventKind.Created: {
      const link = !directory && h.detail & Detail.Link ? ItemIsHardlink : 0;
      if (link) linked.add(h.ino);
      const created = one(ItemCreated | type | links | link);
      return h.replaced === 0 ? created : [displaced(h, ItemRemoved, 0), { ...created[0]!, part: 1 }];
    }
    case EventKind.Removed:
      return one(ItemRemoved | type | (directory ? 0 : linked.bitsAfterRemoval(h.ino, h.nlink)));
    case EventKind.Modified:
      return directory ? [] : one(modifiedFlags(h) | type | links);
    case EventKind.Closed:
      return h.detail & Detail.Writing ? one(ItemModified | type | links) : [];
    case EventKind.Attrib:
      return one(attributeFlags(h.detail) | type | links);
    case EventKind.Renamed:
      return renamed(h, ItemRenamed | type | links);
    default:
      return [];
  }
}

const displaced = (h: Happening, flag: number, part: number): Item => ({
  path: h.path,
  flags: flag | (TYPE_BIT[h.replacedType] ?? 0),
  ino: h.replaced,
  part,
  paired: false,
});

function renamed(h: Happening, flags: number): readonly Item[] {
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
