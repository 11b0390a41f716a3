/** Operations that create names: mkdir, mknod, symlink, link, and creation by open. */
import {
  PATH_MAX,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  S_ISGID,
  S_ISVTX,
} from '../constants.ts';
import { Detail, EventKind } from '../events/fs-event.ts';
import { Inode } from '../layers/inode.ts';
import { pathLength } from '../path-bytes.ts';
import { inGroup } from '../permission.ts';
import { Last, type Place, type Walk, walk } from '../walk.ts';
import { fail, requireMayAdd, resolve, stampChange, stampEntries, type ViewContext } from './view-context.ts';

/** Walks to the place of a new name. @throws FsError EEXIST if the name exists */
function vacant(view: ViewContext, place: Place, op: string, directory: boolean, from?: Place): Walk {
  const to = walk(view, place, Last.Parent, op);
  if (to.kind === 'self') fail('ENOENT', op, from ?? place, from && place);
  if (to.kind !== 'name' || to.node) fail('EEXIST', op, from ?? place, from && place);
  if (to.trailing && !directory) fail('ENOENT', op, from ?? place, from && place);
  return to;
}

/** A new inode in `dir`, with owner, group and umask applied. Reads the clock. */
export function newInode(view: ViewContext, dir: Inode, mode: number): Inode {
  const { core, who } = view;
  const now = core.now.read();
  const inherits = (dir.mode & S_ISGID) !== 0;
  const gid = inherits ? dir.gid : who.gid;
  let bits = mode & ~who.umask;
  const type = mode & S_IFMT;
  if (type === S_IFDIR) bits = (bits & (S_IFMT | 0o777 | S_ISVTX)) | (inherits ? S_ISGID : 0);
  else if (type === S_IFLNK) bits = S_IFLNK | 0o777;
  else if (who.uid !== 0 && bits & S_ISGID && bits & 0o10 && !inGroup(who, gid)) bits &= ~S_ISGID;
  const node = new Inode(core.nextIno(), bits, who.uid, gid);
  node.atimeSec = node.mtimeSec = node.ctimeSec = node.btimeSec = now.sec;
  node.atimeNsec = node.mtimeNsec = node.ctimeNsec = node.btimeNsec = now.nsec;
  return node;
}

/** Enters a new inode under its first name and emits Created. */
export function enter(view: ViewContext, to: Walk, node: Inode): Inode {
  const { core, ns } = view;
  const dir = ns.own(to.dir);
  node.nlink = node.table ? 2 : 1;
  ns.upper.inodes.set(node.ino, node);
  ns.add(dir, to.name, node);
  if (node.table) ns.countSubdirectory(dir, 1);
  stampEntries(dir, core.now);
  core.emit({ kind: EventKind.Created, ns, pid: view.who.pid, node, dir, name: to.name, detail: 0 });
  return node;
}

function make(view: ViewContext, place: Place, mode: number, op: string, device = 0): Inode {
  const to = vacant(view, place, op, (mode & S_IFMT) === S_IFDIR);
  requireMayAdd(view, to, op, place);
  const node = newInode(view, to.dir, mode);
  node.rdev = device;
  return enter(view, to, node);
}

export const mkdir = (view: ViewContext, place: Place, mode: number): Inode =>
  make(view, place, S_IFDIR | (mode & 0o1777), 'mkdir');

/**
 * @param device number of a device node, which only root makes. Its open fails with ENXIO: no driver is behind it
 * @throws FsError EPERM
 */
export function mknod(view: ViewContext, place: Place, mode: number, device: number): Inode {
  const type = mode & S_IFMT || S_IFREG;
  const isDevice = type === S_IFCHR || type === S_IFBLK;
  if (isDevice ? view.who.uid !== 0 : type !== S_IFREG && type !== S_IFIFO && type !== S_IFSOCK)
    fail('EPERM', 'mknod', place);
  return make(view, place, type | (mode & 0o7777), 'mknod', isDevice ? device : 0);
}

export function symlink(view: ViewContext, target: string, place: Place): Inode {
  const op = 'symlink';
  if (target === '') fail('ENOENT', op, { path: target }, place);
  const length = pathLength(target);
  if (length > PATH_MAX) fail('ENAMETOOLONG', op, { path: target }, place);
  const to = vacant(view, place, op, false, { path: target });
  requireMayAdd(view, to, op, place);
  const node = newInode(view, to.dir, S_IFLNK);
  node.symlink = target;
  node.size = length;
  return enter(view, to, node);
}

export function link(view: ViewContext, from: Place, place: Place, follow: boolean): Inode {
  const { core, ns } = view;
  const op = 'link';
  const old = resolve(view, from, follow, op);
  const to = vacant(view, place, op, false, from);
  requireMayAdd(view, to, op, place);
  if (old.table) fail('EPERM', op, from, place);
  // An inode that lost its last name cannot get another; an inode created without a name (O_TMPFILE) can.
  if (old.nlink === 0 && old.entry) fail('ENOENT', op, from, place);
  const now = core.now.read();
  const dir = ns.own(to.dir);
  const node = ns.own(old);
  node.nlink++;
  ns.add(dir, to.name, node);
  stampChange(node, now);
  stampEntries(dir, now);
  core.emit({
    kind: EventKind.Created,
    ns,
    pid: view.who.pid,
    node,
    dir,
    name: to.name,
    detail: Detail.Link,
  });
  return node;
}
