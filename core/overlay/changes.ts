/**
 * The differences between a branch and a real directory. The present states are compared, so a change that was
 * committed is no difference any more.
 *
 * A change copies up all directories above it, so a directory that is still the lower layer's own record, at its own
 * place, has no change below it.
 */

import { fileType } from '../constants.ts';
import type { ContentStore } from '../content/content-store.ts';
import type { FileType } from '../events/fs-event.ts';
import type { HostLayer } from '../layers/host-layer.ts';
import type { HostNode } from '../layers/host-node.ts';
import type { Inode, LayerEntry } from '../layers/inode.ts';
import { type LowerVersion, sameVersion } from '../layers/lower-file.ts';
import { join, type Namespace } from '../layers/namespace.ts';

/** `attributes`: mode, owner or times only. */
export type ChangeKind = 'added' | 'modified' | 'attributes' | 'deleted';

/** How the real file was changed by other programs since the branch copied it up, in conflict with the branch's change. */
export type Conflict = 'changed' | 'created' | 'removed';

/** A difference between a branch and the real directory below it. */
export interface OverlayChange {
  /** How the branch differs. */
  readonly kind: ChangeKind;
  /** Path under which programs see it. */
  readonly path: string;
  /** Type of the file. */
  readonly type: FileType;
  /** Set if another program changed the real file since the branch copied it up. */
  readonly conflict?: Conflict;
  /** The branch's record; undefined for a deletion. @internal */
  readonly node?: Inode;
  /** The real file's record; undefined for an addition. @internal */
  readonly real?: Inode;
  /** The real file's state at the time of the comparison. @internal */
  readonly version?: LowerVersion;
  /** The branch's entry for it; a commit records the resulting real state there. @internal */
  readonly entry?: LayerEntry;
}

export interface Comparison {
  readonly ns: Namespace;
  readonly host: HostLayer;
  readonly content: ContentStore;
}

/** A directory of the branch at the same path as another real directory: they differ in inode number only. */
export interface Twin {
  readonly ino: number;
  readonly path: string;
}

export interface Differences {
  /** Parents before children. Includes the deletion of a file that is replaced by a file of another type. */
  readonly changes: readonly OverlayChange[];
  /** Deepest first. */
  readonly deletions: readonly OverlayChange[];
  readonly twins: readonly Twin[];
}

/** @param root record of an overlay's root */
export function overlayDifferences(c: Comparison, root: number): Differences {
  const found: Collected = { changes: [], deletions: [], twins: [] };
  const node = c.ns.node(root);
  const real = c.host.node(root);
  if (node && real) {
    const path = c.ns.directoryPath(node);
    if (node !== real) attributes(node, real, path, found, undefined);
    compareDirectory(c, node, real, path, found, 0);
  }
  found.deletions.reverse();
  return found;
}

interface Collected {
  readonly changes: OverlayChange[];
  readonly deletions: OverlayChange[];
  readonly twins: Twin[];
}

function compareDirectory(
  c: Comparison,
  node: Inode,
  real: Inode | undefined,
  path: string,
  found: Collected,
  inherited: number,
): void {
  if (node === real) return;
  const there = real?.table ? c.host.directory(real.ino) : undefined;
  for (const entry of c.ns.list(node, 0)) {
    const one = c.ns.lookup(node, entry.name);
    if (one)
      compare(
        c,
        node,
        entry,
        one,
        there?.names.get(entry.name)?.node ?? undefined,
        join(path, entry.name),
        found,
        inherited,
      );
  }
  for (const entry of there?.after(0) ?? [])
    if (!c.ns.lookup(node, entry.name)) {
      const [expected, since] = hiddenState(c, node.ino, entry.name, inherited);
      addDeletions(c, entry.node!, join(path, entry.name), expected, since, found.deletions);
    }
}

function compare(
  c: Comparison,
  dir: Inode,
  entry: LayerEntry,
  node: Inode,
  real: Inode | undefined,
  path: string,
  found: Collected,
  inherited: number,
): void {
  if (node === real) return;
  const type = fileType(node.mode);
  const [expected, since] = hiddenState(c, dir.ino, entry.name, inherited);
  if (real && fileType(real.mode) !== type) {
    const replaced: OverlayChange[] = [];
    addDeletions(c, real, path, expected, since, replaced);
    found.changes.push(...replaced.reverse());
    real = undefined;
  } else if (!real && (c.host.node(node.ino)?.lower as HostNode | undefined)?.realPath === path) {
    // The real file existed when it was copied up.
    found.changes.push({ kind: 'added', path, type, node, entry, conflict: 'removed' });
    if (node.table) compareDirectory(c, node, undefined, path, found, since);
    return;
  }
  if (!real) found.changes.push({ kind: 'added', path, type, node, entry });
  else if (!node.table && differs(c, node, real)) {
    const known = expected ?? (node.ino === real.ino ? node.origin : null);
    const conflict = conflictOf(known, real, since);
    found.changes.push({
      kind: 'modified',
      path,
      type,
      node,
      real,
      version: real.lower!.version,
      entry,
      conflict,
    });
  } else attributes(node, real, path, found, entry);
  if (node.table && real && node.ino !== real.ino) found.twins.push({ ino: node.ino, path });
  if (node.table) compareDirectory(c, node, real, path, found, since);
}

/** State of the real file that the branch's name hides, and the time since when (ms); state null if unknown. */
function hiddenState(
  c: Comparison,
  dir: number,
  name: string,
  inherited: number,
): [LowerVersion | null, number] {
  for (const layer of c.ns.layers()) {
    if (layer === c.host) continue;
    const entry = layer.directory(dir)?.names.get(name);
    if (entry?.origin) return [entry.origin, entry.since];
  }
  return [null, inherited];
}

/** If no state was recorded, a real file that was created or touched after `since` conflicts. */
function conflictOf(known: LowerVersion | null, real: Inode, since: number): Conflict | undefined {
  if (known) return sameVersion(known, real.lower!.version) ? undefined : 'changed';
  return real.ctimeSec * 1000 + real.ctimeNsec / 1e6 >= since + 1 ? 'created' : undefined;
}

function addDeletions(
  c: Comparison,
  real: Inode,
  path: string,
  expected: LowerVersion | null,
  since: number,
  deleted: OverlayChange[],
): void {
  const type = fileType(real.mode);
  const conflict = real.table ? undefined : conflictOf(expected, real, since);
  deleted.push({ kind: 'deleted', path, type, real, version: real.lower!.version, conflict });
  if (!real.table) return;
  for (const entry of c.host.directory(real.ino)!.after(0))
    addDeletions(c, entry.node!, join(path, entry.name), null, since, deleted);
}

/** Whether the contents differ. */
function differs(c: Comparison, node: Inode, real: Inode): boolean {
  if (node.isSymlink()) return node.symlink !== real.symlink;
  if (!node.isFile()) return node.rdev !== real.rdev;
  if (node.lower && node.lower === real.lower) return false;
  c.content.sync(node);
  return node.size !== real.size || !c.content.readAll(node).equals(c.content.readAll(real));
}

/** Equal up to the precision of Node's utimes, which takes seconds as a float and keeps microseconds. */
const sameTime = (a: Inode, b: Inode): boolean =>
  Math.abs(a.mtimeSec - b.mtimeSec + (a.mtimeNsec - b.mtimeNsec) / 1e9) < 3e-6;

function attributes(
  node: Inode,
  real: Inode,
  path: string,
  found: Collected,
  entry: LayerEntry | undefined,
): void {
  // An attribute that the branch left as it was at copy-up is not its change, even if the real file's has changed.
  const before = node.ino === real.ino ? node.origin : null;
  const owner =
    (node.uid !== real.uid && node.uid !== before?.uid) ||
    (node.gid !== real.gid && node.gid !== before?.gid);
  const mode = !node.isSymlink() && node.mode !== real.mode && node.mode !== before?.mode;
  const kept = before?.mtime === BigInt(node.mtimeSec) * 1_000_000_000n + BigInt(node.mtimeNsec);
  // A directory's mtime is ignored: the commit itself changes it.
  const time = node.isFile() && !kept && !sameTime(node, real);
  if (!owner && !mode && !time) return;
  const conflict =
    node.origin &&
    node.ino === real.ino &&
    !node.table &&
    !entry?.origin &&
    !sameVersion(node.origin, real.lower!.version)
      ? 'changed'
      : undefined;
  found.changes.push({
    kind: 'attributes',
    path,
    type: fileType(node.mode),
    node,
    real,
    version: real.lower!.version,
    entry,
    conflict,
  });
}
