/** Listing directories in pages. */
import { fileType, R_OK } from '../constants.ts';
import type { FileType } from '../events/fs-event.ts';
import type { Inode } from '../layers/inode.ts';
import { pathLength } from '../path-bytes.ts';
import type { Place } from '../walk.ts';
import { fail, requireMay, resolve, type ViewContext } from './view-context.ts';

/** One entry of a listing. */
export interface DirectoryEntry {
  /** Name within the directory. */
  readonly name: string;
  /** Inode number. */
  readonly ino: number;
  /** Type of the file. */
  readonly type: FileType;
  /** Continues a listing after this entry; stays valid while entries are added and removed. */
  readonly cookie: number;
}

/**
 * Size of a page: a count of entries, or bytes as DIRENT records of core/protocol.ts. `until`: the listing ends behind
 * entries with this cookie (see `listingEnd`).
 */
export type PageLimit = number | { readonly bytes: number; readonly until?: number };

const DIRENT_FIXED = 24;
const DOT = 1;
const DOTDOT = 2;
/** `seq` of a directory's first entry; lower cookies are '.' and '..'. */
export const FIRST_SEQ = 3;

/** `..` of a mount's root is the root above the mount. */
export function readdir(view: ViewContext, place: Place, cookie: number, limit: PageLimit): DirectoryEntry[] {
  const dir = resolve(view, place, true, 'scandir');
  if (!dir.table) fail('ENOTDIR', 'scandir', place);
  // Through a descriptor the permission was checked by open.
  if (place.path !== '') requireMay(view, dir, R_OK, 'scandir', place);
  return page(view, dir, cookie, limit);
}

/**
 * Cookie of the newest entry of any directory. A listing that ends there shows no entry that was added after it began, so
 * a program that renames or creates entries as it lists comes to an end.
 */
export function listingEnd(view: ViewContext): number {
  return view.ns.state.nextSeq - 1;
}

function page(view: ViewContext, dir: Inode, cookie: number, limit: PageLimit): DirectoryEntry[] {
  const { ns } = view;
  const entries: DirectoryEntry[] = [];
  let room = typeof limit === 'number' ? limit : limit.bytes;
  const fits = (name: string): boolean => {
    room -= typeof limit === 'number' ? 1 : DIRENT_FIXED + Math.ceil((pathLength(name) + 1) / 8) * 8;
    return room >= 0;
  };
  const put = (name: string, node: Inode, next: number): boolean => {
    if (!fits(name)) return false;
    entries.push({ name, ino: node.ino, type: fileType(node.mode), cookie: next });
    return true;
  };
  // A removed directory lists nothing.
  if (dir.nlink === 0) return entries;
  if (cookie < DOT && !put('.', dir, DOT)) return entries;
  if (cookie < DOTDOT && !put('..', ns.parentOf(dir), DOTDOT)) return entries;
  const until = (typeof limit === 'number' ? undefined : limit.until) ?? Number.POSITIVE_INFINITY;
  for (const entry of ns.list(dir, cookie)) {
    if (entry.seq > until || !put(entry.name, entry.node!, entry.seq)) break;
  }
  return entries;
}
