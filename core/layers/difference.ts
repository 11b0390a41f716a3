/** The events that a process must receive when the tree it sees is replaced by another. */
import { fileType } from '../constants.ts';
import type { UnpublishedEvent } from '../events/event-source.ts';
import { Detail, EventKind } from '../events/fs-event.ts';
import type { Inode } from './inode.ts';
import { join, type Namespace } from './namespace.ts';

/** Changes that lead from `from` to `to`: removals list children first, creations list parents first. */
export function differences(from: Namespace, to: Namespace): UnpublishedEvent[] {
  const out: UnpublishedEvent[] = [];
  compare(from, from.root, to, to.root, '/', 0, out);
  return out;
}

const eventOf = (
  kind: EventKind,
  ns: Namespace,
  node: Inode,
  path: string,
  parent: number,
  detail = 0,
): UnpublishedEvent => ({
  kind,
  path,
  ino: node.ino,
  parent,
  type: fileType(node.mode),
  nlink: kind === EventKind.Removed ? 0 : ns.nlink(node),
  detail,
});

function compare(
  from: Namespace,
  old: Inode,
  to: Namespace,
  node: Inode,
  path: string,
  parent: number,
  out: UnpublishedEvent[],
): void {
  // Below an unchanged real directory nothing differs: a change copies up all directories above it.
  if (old === node && node.lower) return;
  if (old !== node) addChanges(to, old, node, path, parent, out);
  if (!old.table) return;
  for (const entry of from.list(old, 0)) {
    const before = from.node(entry.ino)!;
    const after = to.lookup(node, entry.name);
    const at = join(path, entry.name);
    if (after?.ino === before.ino) compare(from, before, to, after, at, node.ino, out);
    else addRemovals(from, before, at, old.ino, out);
  }
  for (const entry of to.list(node, 0)) {
    if (from.lookup(old, entry.name)?.ino !== entry.ino)
      addCreations(to, to.node(entry.ino)!, join(path, entry.name), node.ino, out);
  }
}

/** Compares two records of the same inode. */
function addChanges(
  to: Namespace,
  old: Inode,
  node: Inode,
  path: string,
  parent: number,
  out: UnpublishedEvent[],
): void {
  const detail =
    (old.mode !== node.mode ? Detail.Mode : 0) |
    (old.uid !== node.uid || old.gid !== node.gid ? Detail.Owner : 0);
  const written =
    old.size !== node.size || old.mtimeSec !== node.mtimeSec || old.mtimeNsec !== node.mtimeNsec;
  if (node.isFile() && written) {
    const size = node.size > old.size ? Detail.Extended : node.size < old.size ? Detail.Truncated : 0;
    out.push(eventOf(EventKind.Modified, to, node, path, parent, size));
  }
  if (detail) out.push(eventOf(EventKind.Attrib, to, node, path, parent, detail));
}

function addRemovals(
  ns: Namespace,
  node: Inode,
  path: string,
  parent: number,
  out: UnpublishedEvent[],
): void {
  if (node.table)
    for (const entry of ns.list(node, 0))
      addRemovals(ns, ns.node(entry.ino)!, join(path, entry.name), node.ino, out);
  out.push(eventOf(EventKind.Removed, ns, node, path, parent));
}

function addCreations(
  ns: Namespace,
  node: Inode,
  path: string,
  parent: number,
  out: UnpublishedEvent[],
): void {
  out.push(eventOf(EventKind.Created, ns, node, path, parent));
  if (node.table)
    for (const entry of ns.list(node, 0))
      addCreations(ns, ns.node(entry.ino)!, join(path, entry.name), node.ino, out);
}
