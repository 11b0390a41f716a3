/**
 * Removes the branch's copies of committed changes, so that the real directory shows through again, under the same
 * inode numbers and with its later changes.
 *
 * A copy is kept if processes hold it open, if it has other names, or if a layer in between has the name or inode.
 */
import { basename, dirname } from 'node:path/posix';
import type { Inode } from '../layers/inode.ts';
import type { Comparison, OverlayChange } from './changes.ts';

export function dropCommitted(c: Comparison, applied: readonly OverlayChange[]): void {
  // Children before their directory.
  for (const change of [...applied].reverse()) {
    const dir = directoryAt(c, dirname(change.path));
    if (dir) dropCopy(c, change, dir);
  }
  c.ns.state.epoch++;
}

function directoryAt(c: Comparison, path: string): Inode | undefined {
  let at: Inode | null = c.ns.root;
  for (const name of path.split('/')) if (name !== '' && at?.table) at = c.ns.lookup(at, name);
  return at?.table ? at : undefined;
}

const between = (c: Comparison, dir: number, name: string): boolean =>
  c.ns
    .layers()
    .some((layer) => layer !== c.ns.upper && layer !== c.host && layer.directory(dir)?.names.get(name));

function dropCopy(c: Comparison, { kind, path, node }: OverlayChange, dir: Inode): void {
  const { upper } = c.ns;
  const name = basename(path);
  const table = upper.inodes.get(dir.ino)?.table;
  const entry = table?.names.get(name);
  if (!table || !entry || between(c, dir.ino, name)) return;
  const below = c.host.directory(dir.ino)?.names.get(name)?.node;
  if (kind === 'deleted') {
    if (entry.node === null && !below) table.remove(entry);
    return;
  }
  if (!node || entry.node !== node || below?.ino !== node.ino || upper.inodes.get(node.ino) !== node) return;
  const held = node.object && node.object.holders.size > 0;
  const elsewhere = c.ns.layers().some((one) => one !== upper && one !== c.host && one.node(node.ino));
  if (held || node.others || elsewhere) return;
  if (node.table) {
    // Its names now come from the real directory; names that could not be removed stay above them.
    node.table.opaque = false;
    if (node.table.names.size > 0) return;
  }
  // A directory created in the core is opaque and has no real counterpart yet.
  if (table.opaque && !c.host.directory(dir.ino)) return;
  table.opaque = false;
  table.remove(entry);
  upper.inodes.delete(node.ino);
  if (node.isFile()) c.content.free(node);
}
