/** Operations that remove names: unlink, rmdir. */
import { Detail, EventKind } from '../events/fs-event.ts';
import type { Inode } from '../layers/inode.ts';
import { Last, type Place, walk } from '../walk.ts';
import {
  fail,
  ownLosing,
  requireMayRemove,
  stampChange,
  stampEntries,
  type ViewContext,
} from './view-context.ts';

/** Removes one name of `node`. Both are own records; the clock has been read. Emits no event. */
export function dropName(view: ViewContext, dir: Inode, name: string, node: Inode): void {
  const { core, ns } = view;
  ns.remove(dir, name, node);
  if (node.table) {
    node.nlink = 0;
    ns.countSubdirectory(dir, -1);
  } else node.nlink--;
  stampChange(node, core.now);
  stampEntries(dir, core.now);
}

/** Removes a file or directory, checks done, and emits Removed. */
function removeName(view: ViewContext, at: Inode, name: string, found: Inode): void {
  const { core, ns } = view;
  core.now.read();
  const dir = ns.own(at);
  const node = ownLosing(view, found);
  dropName(view, dir, name, node);
  const detail = node.nlink > 0 ? Detail.Link : 0;
  core.emit({ kind: EventKind.Removed, ns, pid: view.who.pid, node, dir, name, detail });
  if (node.nlink === 0) core.orphaned(ns, node);
}

export function unlink(view: ViewContext, place: Place): void {
  const op = 'unlink';
  const at = walk(view, place, Last.Parent, op);
  if (at.kind === 'self') fail('ENOENT', op, place);
  if (at.kind !== 'name') fail('EISDIR', op, place);
  const node = at.node ?? fail('ENOENT', op, place);
  if (at.trailing) fail(node.table ? 'EISDIR' : 'ENOTDIR', op, place);
  requireMayRemove(view, at.dir, node, op, place);
  if (node.table) fail('EISDIR', op, place);
  removeName(view, at.dir, at.name, node);
}

export function rmdir(view: ViewContext, place: Place): void {
  const op = 'rmdir';
  const at = walk(view, place, Last.Parent, op);
  if (at.kind === 'self') fail('ENOENT', op, place);
  if (at.kind === 'dot') fail('EINVAL', op, place);
  if (at.kind === 'dotdot') fail('ENOTEMPTY', op, place);
  if (at.kind === 'root') fail('EBUSY', op, place);
  const node = at.node ?? fail('ENOENT', op, place);
  requireMayRemove(view, at.dir, node, op, place);
  if (!node.table) fail('ENOTDIR', op, place);
  if (view.mounts.roots.has(node.ino)) fail('EBUSY', op, place);
  if (!view.ns.isEmpty(node)) fail('ENOTEMPTY', op, place);
  removeName(view, at.dir, at.name, node);
}
