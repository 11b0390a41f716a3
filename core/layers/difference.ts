/** The events that a process must receive when the tree it sees is replaced by another. */
import { fileType } from '../constants.ts';
import type { Change } from '../events/event-source.ts';
import { Detail, EventKind } from '../events/fs-event.ts';
import type { Inode } from './inode.ts';
import { join, type Namespace } from './namespace.ts';

/** Changes that lead from `from` to `to`: removals list children first, creations list parents first. */
export function differences(from: Namespace, to: Namespace): Change[] {
  const found: Change[] = [];
  compare(from, from.root, to, to.root, '/', 0, found);
  return found;
}

const tell = (
  kind: EventKind,
  ns: Namespace,
  node: Inode,
  path: string,
  parent: number,
  detail = 0,
): Change => ({
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
  found: Change[],
): void {
  // Below an unchanged real directory nothing differs: a change copies up all directories above it.
  if (old === node && node.lower) return;
  if (old !== node) changes(to, old, node, path, parent, found);
  if (!old.table) return;
  for (const entry of from.list(old, 0)) {
    const before = from.node(entry.ino)!;
    const after = to.lookup(node, entry.name);
    const at = join(path, entry.name);
    if (after?.ino === before.ino) compare(from, before, to, after, at, node.ino, found);
    else gone(from, before, at, old.ino, found);
  }
  for (const entry of to.list(node, 0)) {
    if (from.lookup(old, entry.name)?.ino !== entry.ino)
      come(to, to.node(entry.ino)!, join(path, entry.name), node.ino, found);
  }
}

/** Compares two records of the same inode. */
function changes(
  to: Namespace,
  old: Inode,
  node: Inode,
  path: string,
  parent: number,
  found: Change[],
): void {
  const detail =
    (old.mode !== node.mode ? Detail.Mode : 0) |
    (old.uid !== node.uid || old.gid !== node.gid ? Detail.Owner : 0);
  const written =
    old.size !== node.size || old.mtimeSec !== node.mtimeSec || old.mtimeNsec !== node.mtimeNsec;
  if (node.isFile() && written) {
    const size = node.size > old.size ? Detail.Extended : node.size < old.size ? Detail.Truncated : 0;
    found.push(tell(EventKind.Modified, to, node, path, parent, size));
  }
  if (detail) found.push(tell(EventKind.Attrib, to, node, path, parent, detail));
}

function gone(ns: Namespace, node: Inode, path: string, parent: number, found: Change[]): void {
  if (node.table)
    for (const entry of ns.list(node, 0))
      gone(ns, ns.node(entry.ino)!, join(path, entry.name), node.ino, found);
  found.push(tell(EventKind.Removed, ns, node, path, parent));
}

function come(ns: Namespace, node: Inode, path: string, parent: number, found: Change[]): void {
  found.push(tell(EventKind.Created, ns, node, path, parent));
  if (node.table)
    for (const entry of ns.list(node, 0))
      come(ns, ns.node(entry.ino)!, join(path, entry.name), node.ino, found);
}
