/** rename, renameat2: checks are in the kernel's order, which decides the error if several apply. */
import { fileType, RENAME_EXCHANGE, RENAME_NOREPLACE, W_OK } from '../constants.ts';
import type { ErrnoCode } from '../errors.ts';
import { Detail, EventKind } from '../events/fs-event.ts';
import type { Inode } from '../layers/inode.ts';
import { join } from '../layers/namespace.ts';
import { may } from '../permission.ts';
import { Last, type Place, type Walk, walk } from '../walk.ts';
import {
  fail,
  ownLosing,
  requireMayAdd,
  requireMayRemove,
  stampChange,
  stampEntries,
  type ViewContext,
} from './view-context.ts';

const op = 'rename';

/** Whether `dir` is `node` or below it. */
function isWithin(view: ViewContext, dir: Inode, node: Inode): boolean {
  for (let at = dir; ; ) {
    if (at.ino === node.ino) return true;
    const above = view.ns.parentOf(at);
    if (above === at || above.ino === at.ino) return false;
    at = above;
  }
}

interface Plan {
  readonly old: Walk;
  readonly target: Walk;
  readonly node: Inode;
  readonly replaced: Inode | null;
  readonly exchange: boolean;
}

/** Makes all checks. @returns undefined if both names lead to one inode, which leaves nothing to do @throws FsError */
function planned(view: ViewContext, from: Place, to: Place, flags: number): Plan | undefined {
  const { ns, who } = view;
  const refuse = (code: ErrnoCode): never => fail(code, op, from, to);
  const exchange = (flags & RENAME_EXCHANGE) !== 0;
  const noReplace = (flags & RENAME_NOREPLACE) !== 0;
  if (flags & ~(RENAME_EXCHANGE | RENAME_NOREPLACE) || (exchange && noReplace)) refuse('EINVAL');

  const old = walk(view, from, Last.Parent, op);
  const target = walk(view, to, Last.Parent, op);
  if (old.kind === 'self' || target.kind === 'self') refuse('ENOENT');
  if (old.kind !== 'name') refuse('EBUSY');
  if (target.kind !== 'name') refuse(noReplace ? 'EEXIST' : 'EBUSY');
  const node = old.node ?? refuse('ENOENT');
  const replaced = target.node;
  if (noReplace && replaced) refuse('EEXIST');
  if (exchange) {
    if (!replaced) refuse('ENOENT');
    else if (!replaced.table && target.trailing) refuse('ENOTDIR');
  }
  if (!node.table && (old.trailing || (!exchange && target.trailing))) refuse('ENOTDIR');
  if (node.table && isWithin(view, target.dir, node)) refuse('EINVAL');
  if (replaced?.table && isWithin(view, old.dir, replaced)) refuse(exchange ? 'EINVAL' : 'ENOTEMPTY');
  if (replaced && replaced.ino === node.ino) return undefined;

  requireMayRemove(view, old.dir, node, op, from);
  if (!replaced) requireMayAdd(view, target, op, to);
  else {
    requireMayRemove(view, target.dir, replaced, op, to);
    if (!exchange && node.table && !replaced.table) refuse('ENOTDIR');
    if (!exchange && !node.table && replaced.table) refuse('EISDIR');
  }
  const moves = old.dir.ino !== target.dir.ino;
  // Moving a directory rewrites its "..", which requires permission to write it.
  if (moves && who.uid !== 0) {
    if (node.table && !may(who, node, W_OK)) refuse('EACCES');
    if (exchange && replaced?.table && !may(who, replaced, W_OK)) refuse('EACCES');
  }
  for (const one of [node, replaced]) if (one && view.mounts.roots.has(one.ino)) refuse('EBUSY');
  if (!exchange && replaced?.table && !ns.isEmpty(replaced)) refuse('ENOTEMPTY');
  return { old, target, node, replaced, exchange };
}

export function rename(view: ViewContext, from: Place, to: Place, flags: number): void {
  const plan = planned(view, from, to, flags);
  if (!plan) return;
  const { old, target, node, replaced, exchange } = plan;
  const { core, ns, who } = view;
  const fromPath = join(ns.directoryPath(old.dir), old.name);
  core.now.read();
  const displaced = exchange
    ? swap(view, old, target, ns.own(node), ns.own(replaced!))
    : move(view, old, target, ns.own(node), replaced ? ownLosing(view, replaced) : null);
  if (node.table || (exchange && replaced?.table)) ns.state.epoch++;
  core.emit({
    kind: EventKind.Renamed,
    ns,
    pid: who.pid,
    node: ns.own(node),
    dir: ns.own(target.dir),
    name: target.name,
    detail: exchange ? Detail.Exchanged : 0,
    rename: {
      fromDir: ns.own(old.dir),
      fromName: old.name,
      from: fromPath,
      replaced: displaced
        ? { ino: displaced.ino, type: fileType(displaced.mode), nlink: displaced.nlink }
        : undefined,
    },
  });
  if (displaced && displaced.nlink === 0) core.orphaned(ns, displaced);
}

/** @returns the inode that lost its name */
function move(view: ViewContext, old: Walk, to: Walk, node: Inode, replaced: Inode | null): Inode | null {
  const { core, ns } = view;
  const oldDir = ns.own(old.dir);
  const newDir = ns.own(to.dir);
  if (replaced) {
    ns.remove(newDir, to.name, replaced);
    if (replaced.table) {
      replaced.nlink = 0;
      ns.countSubdirectory(newDir, -1);
    } else replaced.nlink--;
    stampChange(replaced, core.now);
  }
  ns.remove(oldDir, old.name, node);
  ns.add(newDir, to.name, node);
  if (node.table) {
    ns.countSubdirectory(oldDir, -1);
    ns.countSubdirectory(newDir, 1);
  }
  stampChange(node, core.now);
  stampEntries(oldDir, core.now);
  stampEntries(newDir, core.now);
  return replaced;
}

function swap(view: ViewContext, old: Walk, to: Walk, node: Inode, other: Inode): Inode {
  const { core, ns } = view;
  const oldDir = ns.own(old.dir);
  const newDir = ns.own(to.dir);
  ns.remove(oldDir, old.name, node);
  ns.remove(newDir, to.name, other);
  ns.add(newDir, to.name, node);
  ns.add(oldDir, old.name, other);
  const shift = (node.table ? 1 : 0) - (other.table ? 1 : 0);
  ns.countSubdirectory(oldDir, -shift);
  ns.countSubdirectory(newDir, shift);
  for (const one of [node, other]) stampChange(one, core.now);
  for (const one of [oldDir, newDir]) stampEntries(one, core.now);
  return other;
}
