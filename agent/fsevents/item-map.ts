/**
 * The events that FSEvents reports for each change, item by item and before coalescing. The stream drops paths outside
 * of its roots.
 */
import { Detail, EventKind } from '../../core/events/fs-event.ts';
import { WireType } from '../../core/protocol.ts';
import { EventFlag } from './constants.ts';
import type { TreeChange } from './tree-change.ts';

export interface Item {
  readonly path: string;
  readonly flags: number;
  readonly ino: number;
  /** Index among the items of the operation. */
  readonly part: number;
  /** Half of a rename: the other half is its neighbour, with an adjacent id. */
  readonly paired: boolean;
  /** A directory whose contents changed, rather than its own name in its parent. */
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

/** FIFOs, sockets and devices have no type flag. */
const TYPE_BIT: Readonly<Record<number, number>> = {
  [WireType.file]: ItemIsFile,
  [WireType.directory]: ItemIsDir,
  [WireType.symlink]: ItemIsSymlink,
};

/** Inodes seen with several names. Bounded: the oldest are dropped. */
export class LinkedInodes {
  readonly #seen = new Set<number>();
  readonly #limit: number;

  constructor(limit = 4096) {
    this.#limit = limit;
  }

  /** @returns link flags for a file that now has `nlink` names */
  bits(ino: number, nlink: number): number {
    if (nlink > 1) this.add(ino);
    return nlink > 1 ? ItemIsHardlink : 0;
  }

  /** @returns link flags for a file that just lost a name */
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

/** Flags of Attrib and Modified; the first row that matches. A mode or ACL change has precedence over times. */
const ATTRIBUTES: readonly (readonly [detail: number, flag: number])[] = [
  [Detail.Mode | Detail.Owner, ItemChangeOwner],
  [Detail.Times | Detail.Flags, ItemInodeMetaMod],
];

/** A change of the access time alone is not reported. */
function attributeFlags(reported: number): number {
  const detail = reported & Detail.AccessTime ? reported & ~Detail.Times : reported;
  const row = ATTRIBUTES.find(([bits]) => (detail & bits) !== 0);
  return (row?.[1] ?? 0) | (detail & Detail.Xattr ? ItemXattrMod : 0);
}

/** A new size is reported immediately; written bytes are reported when the last writing descriptor is closed. */
function modifiedFlags({ detail }: TreeChange): number {
  const sized = detail & Detail.Truncated ? ItemInodeMetaMod : 0;
  const written = sized === 0 || (detail & Detail.Native) !== 0;
  return sized | (written && (detail & Detail.Writing) === 0 ? ItemModified : 0);
}

/** @returns no items for reads, link counts, writes by an open descriptor and files without a name: FSEvents does not report them */
export function itemsOf(change: TreeChange, linked: LinkedInodes): readonly Item[] {
  if (change.detail & Detail.Orphan) return [];
  const type = TYPE_BIT[change.type] ?? 0;
  const directory = change.type === WireType.directory;
  const links = directory ? 0 : linked.bits(change.ino, change.nlink);
  const one = (flags: number): readonly Item[] =>
    (flags & ~(type | links)) === 0
      ? []
      : [{ path: change.path, flags, ino: change.ino, part: 0, paired: false }];
  /** Under every name. */
  const all = (flags: number): readonly Item[] => [
    ...one(flags),
    ...change.siblings.flatMap((path, i) => one(flags).map((item) => ({ ...item, path, part: i + 1 }))),
  ];
  switch (change.kind) {
    case EventKind.Created: {
      const link = !directory && change.detail & Detail.Link ? ItemIsHardlink : 0;
      if (link) linked.add(change.ino);
      const created = one(ItemCreated | type | links | link);
      if (link && change.siblings.length > 0)
        return [...created, directoryOfSource(change.siblings[0]!, change.fromParent)];
      return change.replaced === 0
        ? created
        : [displaced(change, ItemRemoved, 0), { ...created[0]!, part: 1 }];
    }
    case EventKind.Removed:
      return one(ItemRemoved | type | (directory ? 0 : linked.bitsAfterRemoval(change.ino, change.nlink)));
    case EventKind.Modified:
      return directory ? [] : all(modifiedFlags(change) | type | links);
    case EventKind.Closed:
      return change.detail & Detail.Writing ? all(ItemModified | type | links) : [];
    case EventKind.Attrib:
      return attributed(change, all, type | links);
    case EventKind.Renamed:
      return renamed(change, ItemRenamed | type | links);
    default:
      return [];
  }
}

/** An owner or mode change is reported under one name, every other attribute under all names. */
function attributed(
  change: TreeChange,
  all: (flags: number) => readonly Item[],
  more: number,
): readonly Item[] {
  const flags = attributeFlags(change.detail);
  const items = all(flags | more);
  return flags & ItemChangeOwner ? items.slice(0, 1) : items;
}

/** The directory of a new link's source name. */
const directoryOfSource = (name: string, ino: number): Item => ({
  path: name.slice(0, Math.max(name.lastIndexOf('/'), 1)),
  flags: ItemInodeMetaMod | ItemIsDir,
  ino,
  part: 1,
  paired: false,
  within: true,
});

const displaced = (change: TreeChange, flag: number, part: number): Item => ({
  path: change.path,
  flags: flag | (TYPE_BIT[change.replacedType] ?? 0),
  ino: change.replaced,
  part,
  paired: false,
});

function renamed(change: TreeChange, flags: number): readonly Item[] {
  const items: Item[] = [
    { path: change.from, flags, ino: change.ino, part: 0, paired: true },
    { path: change.path, flags, ino: change.ino, part: 1, paired: true },
  ];
  if (change.replaced === 0) return items;
  const other = displaced(change, ItemRenamed, 2);
  if (change.detail & Detail.Exchanged)
    items.push({ ...other, paired: true }, { ...other, path: change.from, part: 3, paired: true });
  else items.push(other);
  return items;
}
