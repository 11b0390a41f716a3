/**
 * What a branch shows of a real directory that is not there: the state of the two is compared, so that what has been
 * carried over once is a change no more.
 *
 * A change copies up all directories above it; a directory that is still the lower layer's own record, at its own
 * place, has none below it.
 */

import { fileType } from '../constants.ts';
import type { ContentStore } from '../content/content-store.ts';
import type { FileType } from '../events/fs-event.ts';
import type { HostLayer } from '../layers/host-layer.ts';
import type { HostNode } from '../layers/host-node.ts';
import type { Entry, Inode } from '../layers/inode.ts';
import { type LowerVersion, sameVersion } from '../layers/lower-file.ts';
import { join, type Namespace } from '../layers/namespace.ts';

/** `attributes`: mode, owner or times only. */
export type ChangeKind = 'added' | 'modified' | 'attributes' | 'deleted';

/** What others did to the real file since the branch took it over, so that the two stand against each other. */
export type Conflict = 'changed' | 'created' | 'removed';

export interface OverlayChange {
  readonly kind: ChangeKind;
  /** As programs see it. */
  readonly path: string;
  readonly type: FileType;
  readonly conflict?: Conflict;
  /** The branch's record; none for what is deleted. */
  readonly node?: Inode;
  /** The real file's record; none for what is added. */
  readonly real?: Inode;
  /** The real file's state when the two were compared. */
  readonly version?: LowerVersion;
  /** The branch's name for it, where the state that it was carried over to is noted. */
  readonly entry?: Entry;
}

export interface Comparison {
  readonly ns: Namespace;
  readonly host: HostLayer;
  readonly content: ContentStore;
}

/** A directory of the branch that stands where another one is underneath: nothing tells them apart but their numbers. */
export interface Twin {
  readonly ino: number;
  readonly path: string;
}

export interface Differences {
  /** Parents before what they hold. What gives way to another type is deleted here. */
  readonly changes: readonly OverlayChange[];
  /** Deepest first. */
  readonly deletions: readonly OverlayChange[];
  readonly twins: readonly Twin[];
}

/** @param root record of an overlay's root */
export function overlayDifferences(c: Comparison, root: number): Differences {
  const found: Found = { changes: [], deletions: [], twins: [] };
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

interface Found {
  readonly changes: OverlayChange[];
  readonly deletions: OverlayChange[];
  readonly twins: Twin[];
}

function compareDirectory(
  c: Comparison,
  node: Inode,
  real: Inode | undefined,
  path: string,
  found: Found,
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
      const [expected, since] = hidden(c, node.ino, entry.name, inherited);
      gone(c, entry.node!, join(path, entry.name), expected, since, found.deletions);
    }
}

function compare(
  c: Comparison,
  dir: Inode,
  entry: Entry,
  node: Inode,
  real: Inode | undefined,
  path: string,
  found: Found,
  inherited: number,
): void {
  if (node === real) return;
  const type = fileType(node.mode);
  const [expected, since] = hidden(c, dir.ino, entry.name, inherited);
  if (real && fileType(real.mode) !== type) {
    const replaced: OverlayChange[] = [];
    gone(c, real, path, expected, since, replaced);
    found.changes.push(...replaced.reverse());
    real = undefined;
  } else if (!real && (c.host.node(node.ino)?.lower as HostNode | undefined)?.realPath === path) {
    // It was here when it was copied up.
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

/** What the branch's name for it hides of the real directory: its state then, and when that was. */
function hidden(c: Comparison, dir: number, name: string, inherited: number): [LowerVersion | null, number] {
  for (const layer of c.ns.layers()) {
    if (layer === c.host) continue;
    const entry = layer.directory(dir)?.names.get(name);
    if (entry?.origin) return [entry.origin, entry.since];
  }
  return [null, inherited];
}

/** Without a known state the real file is one that came, or was touched, after its place was taken. */
function conflictOf(known: LowerVersion | null, real: Inode, since: number): Conflict | undefined {
  if (known) return sameVersion(known, real.lower!.version) ? undefined : 'changed';
  return real.ctimeSec * 1000 + real.ctimeNsec / 1e6 >= since + 1 ? 'created' : undefined;
}

function gone(
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
    gone(c, entry.node!, join(path, entry.name), null, since, deleted);
}

/** Do the two tell of different contents? */
function differs(c: Comparison, node: Inode, real: Inode): boolean {
  if (node.isSymlink()) return node.symlink !== real.symlink;
  if (!node.isFile()) return node.rdev !== real.rdev;
  if (node.lower && node.lower === real.lower) return false;
  c.content.sync(node);
  return node.size !== real.size || !c.content.readAll(node).equals(c.content.readAll(real));
}

/** Node sets times as fractions of a second, which keep microseconds. */
const sameTime = (a: Inode, b: Inode): boolean =>
  Math.abs(a.mtimeSec - b.mtimeSec + (a.mtimeNsec - b.mtimeNsec) / 1e9) < 3e-6;

function attributes(node: Inode, real: Inode, path: string, found: Found, entry: Entry | undefined): void {
  // What the branch left as it found it is not its change, whatever others made of it.
  const before = node.ino === real.ino ? node.origin : null;
  const owner =
    (node.uid !== real.uid && node.uid !== before?.uid) ||
    (node.gid !== real.gid && node.gid !== before?.gid);
  const mode = !node.isSymlink() && node.mode !== real.mode && node.mode !== before?.mode;
  const kept = before?.mtime === BigInt(node.mtimeSec) * 1_000_000_000n + BigInt(node.mtimeNsec);
  // A directory's time changes with what is carried over into it.
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
