/** open: creation, permission checks, truncation, and the choice of the record to open natively. */
import {
  O_ACCMODE,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOATIME,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  O_TMPFILE_BIT,
  O_TRUNC,
  O_WRONLY,
  R_OK,
  S_IFBLK,
  S_IFCHR,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  W_OK,
} from '../constants.ts';
import type { ErrnoCode } from '../errors.ts';
import type { Inode } from '../layers/inode.ts';
import { isOwner } from '../permission.ts';
import { Last, type Place, type Walk, walk } from '../walk.ts';
import { enter, newInode } from './create.ts';
import { truncatedByOpener, truncateNode } from './data.ts';
import { fail, requireMay, requireMayAdd, type ViewContext } from './view-context.ts';

export interface Opened {
  readonly node: Inode;
  readonly created: boolean;
  /** Result of the walk. */
  readonly found?: Walk;
}

const NOT_OPENED: readonly number[] = [S_IFSOCK, S_IFCHR, S_IFBLK];

/** R_OK and W_OK as the access mode requires. */
const wanted = (flags: number): number =>
  (flags & O_ACCMODE) === O_RDONLY ? R_OK : (flags & O_ACCMODE) === O_WRONLY ? W_OK : R_OK | W_OK;

/**
 * The record to open. A record opened for writing is copied up first.
 *
 * @param native the caller opens the object itself; if the object is in a mirror, that open also truncates it
 */
export function openInode(
  view: ViewContext,
  place: Place,
  flags: number,
  mode: number,
  native = false,
): Opened {
  const op = 'open';
  const refuse = (code: ErrnoCode): never => fail(code, op, place);
  if (flags & O_PATH) return openPath(view, place, flags);
  if ((flags & O_ACCMODE) === O_ACCMODE) refuse('EINVAL');
  if (flags & O_TMPFILE_BIT) return openTemporary(view, place, flags, mode);
  if ((flags & (O_CREAT | O_DIRECTORY)) === (O_CREAT | O_DIRECTORY)) refuse('EINVAL');

  const creates = (flags & O_CREAT) !== 0;
  const noFollow = (flags & O_NOFOLLOW) !== 0 || (creates && (flags & O_EXCL) !== 0);
  const last = creates
    ? noFollow
      ? Last.CreateNoFollow
      : Last.Create
    : noFollow
      ? Last.NoFollow
      : Last.Follow;
  const found = walk(view, place, last, op);
  let node = found.node;
  if (!node) {
    if (!creates) return refuse('ENOENT');
    requireMayAdd(view, found, op, place);
    const made = enter(view, found, newInode(view, found.dir, S_IFREG | (mode & 0o7777)));
    return { node: made, created: true, found };
  }
  if (creates && flags & O_EXCL) refuse('EEXIST');
  if (creates && node.table) refuse('EISDIR');
  if (flags & O_DIRECTORY && !node.table) refuse('ENOTDIR');
  if (node.isSymlink()) refuse('ELOOP');
  const want = wanted(flags) | (flags & O_TRUNC ? W_OK : 0);
  if (node.table && want & W_OK) refuse('EISDIR');
  requireMay(view, node, want, op, place);
  // Nothing is behind a socket's name that could be opened, and no driver behind a device's number.
  if (NOT_OPENED.includes(node.mode & S_IFMT)) refuse('ENXIO');
  if (flags & O_NOATIME && !isOwner(view.who, node)) refuse('EPERM');
  if (want & W_OK && node.isFile()) node = view.ns.own(node);
  if (flags & O_TRUNC && node.isFile()) {
    const at = { node, dir: found.kind === 'name' ? found.dir : null, name: found.name };
    if (native && view.core.content.visibleFiles) view.core.promote(view.ns, node, flags);
    if (native && node.object?.visible && flags & O_ACCMODE) truncatedByOpener(view, node, at);
    else truncateNode(view, node, 0, at);
  }
  return { node, created: false, found };
}

function openPath(view: ViewContext, place: Place, flags: number): Opened {
  const found = walk(view, place, flags & O_NOFOLLOW ? Last.NoFollow : Last.Follow, 'open');
  const node = found.node ?? fail('ENOENT', 'open', place);
  if (flags & O_DIRECTORY && !node.table) fail('ENOTDIR', 'open', place);
  return { node, created: false };
}

/** A file without a name; link(2) from an empty place may give it a name. */
function openTemporary(view: ViewContext, place: Place, flags: number, mode: number): Opened {
  const op = 'open';
  if (!(wanted(flags) & W_OK) || flags & O_CREAT) fail('EINVAL', op, place);
  const found = walk(view, place, Last.Follow, op);
  const dir = found.node ?? fail('ENOENT', op, place);
  if (!dir.table) fail('ENOTDIR', op, place);
  requireMay(view, dir, W_OK | 1, op, place);
  const node = newInode(view, dir, S_IFREG | (mode & 0o7777));
  view.ns.upper.inodes.set(node.ino, node);
  return { node, created: true };
}
