/** Reading and writing bytes inside this process. */
import { S_ISGID, S_ISUID, W_OK } from '../constants.ts';
import { FsError } from '../errors.ts';
import { Detail, EventKind } from '../events/fs-event.ts';
import type { Inode } from '../layers/inode.ts';
import type { Place } from '../walk.ts';
import { fail, type Located, locate, requireMay, stampModify, type ViewContext } from './view-context.ts';

const DAY = 86_400;

/** @throws FsError ENOENT if this branch has no such inode, EISDIR, EINVAL for a type without bytes */
export function fileNode(view: ViewContext, ino: number, op: string): Inode {
  const node = view.ns.node(ino);
  if (!node) throw new FsError('ENOENT', op);
  if (node.table) throw new FsError('EISDIR', op);
  if (!node.isFile()) throw new FsError('EINVAL', op);
  return node;
}

/** relatime: updates the time of access if it is behind mtime or ctime, or a day old. */
function stampAccess(view: ViewContext, node: Inode): void {
  const late = (sec: number, nsec: number): boolean =>
    node.atimeSec < sec || (node.atimeSec === sec && node.atimeNsec <= nsec);
  const { now } = view.core;
  if (!late(node.mtimeSec, node.mtimeNsec) && !late(node.ctimeSec, node.ctimeNsec)) {
    if (now.read().sec - node.atimeSec < DAY) return;
  } else now.read();
  node.atimeSec = now.sec;
  node.atimeNsec = now.nsec;
}

export function read(
  view: ViewContext,
  ino: number,
  into: Uint8Array,
  offset: number,
  length: number,
  position: number,
): number {
  const node = fileNode(view, ino, 'read');
  const n = view.core.content.read(node, into, offset, length, position);
  if (n > 0) stampAccess(view, node);
  return n;
}

export function readFile(view: ViewContext, ino: number): Buffer {
  const node = fileNode(view, ino, 'read');
  if (node.size > 0) stampAccess(view, node);
  return view.core.content.readAll(node);
}

function modified(view: ViewContext, node: Inode, detail: number, at?: Located): void {
  const { core, ns, who } = view;
  stampModify(node, core.now.read());
  core.content.stamp(node);
  // A write by another user clears setuid and setgid.
  if (who.uid !== 0 && node.mode & (S_ISUID | S_ISGID))
    node.mode &= node.mode & 0o10 ? ~(S_ISUID | S_ISGID) : ~S_ISUID;
  const dir = at?.dir ?? null;
  core.emit({ kind: EventKind.Modified, ns, pid: who.pid, node, dir, name: at?.name ?? '', detail });
}

/** @param position byte offset, or 'append' for the end of the file */
export function write(
  view: ViewContext,
  ino: number,
  from: Uint8Array,
  offset: number,
  length: number,
  position: number | 'append',
): number {
  if (length === 0) return 0;
  const node = view.ns.own(fileNode(view, ino, 'write'));
  const { content } = view.core;
  content.sync(node);
  const before = node.size;
  const at = position === 'append' ? before : position;
  const n = content.write(node, view.ns.upper, from, offset, length, at);
  if (n > 0) modified(view, node, node.size > before ? Detail.Extended : 0);
  return n;
}

/** Replaces all bytes: one operation, one event. */
export function writeFile(view: ViewContext, ino: number, data: Uint8Array): void {
  const node = view.ns.own(fileNode(view, ino, 'write'));
  const { content } = view.core;
  content.sync(node);
  const before = node.size;
  if (before > 0) content.truncate(node, view.ns.upper, 0);
  if (data.length > 0) content.write(node, view.ns.upper, data, 0, data.length, 0);
  const truncated = before > 0 || data.length === 0 ? Detail.Truncated : 0;
  const detail = truncated | (node.size > before ? Detail.Extended : 0);
  modified(view, node, detail);
}

/** `node` is an own record of a regular file. */
export function truncateNode(view: ViewContext, node: Inode, length: number, at?: Located): void {
  const { content } = view.core;
  content.sync(node);
  const before = node.size;
  content.truncate(node, view.ns.upper, length);
  modified(view, node, Detail.Truncated | (node.size > before ? Detail.Extended : 0), at);
}

/** Accounts for a truncation to zero that the opening process makes itself. `node` is an own record. */
export function truncatedByOpener(view: ViewContext, node: Inode, at: Located): void {
  const { core, ns, who } = view;
  core.content.truncatedByOpener(node);
  stampModify(node, core.now.read());
  const { dir, name } = at;
  core.emit({ kind: EventKind.Modified, ns, pid: who.pid, node, dir, name, detail: Detail.Truncated });
}

export function truncate(view: ViewContext, place: Place, length: number): void {
  const op = 'truncate';
  if (length < 0 || !Number.isSafeInteger(length)) fail('EINVAL', op, place);
  const at = locate(view, place, true, op);
  const { node } = at;
  if (node.table) fail('EISDIR', op, place);
  if (!node.isFile()) fail('EINVAL', op, place);
  // Through a descriptor the permission was checked by open.
  if (place.path !== '') requireMay(view, node, W_OK, op, place);
  truncateNode(view, view.ns.own(node), length, at);
}
