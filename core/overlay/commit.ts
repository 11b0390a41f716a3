/**
 * Applies a branch's changes to the real directory.
 *
 * All new contents are first staged in a subdirectory, so that files which exchanged places find each other's bytes;
 * then each file is renamed into place. A change that fails is reported and left undone, and the rest go on: because
 * changes are found by comparison, a second run applies those that the first left.
 */
import {
  type BigIntStats,
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import type { ContentStore } from '../content/content-store.ts';
import type { HostLayer } from '../layers/host-layer.ts';
import { versionOf } from '../layers/host-node.ts';
import { hostPath } from '../layers/host-root.ts';
import type { Inode } from '../layers/inode.ts';
import { sameVersion } from '../layers/lower-file.ts';
import type { Differences, OverlayChange } from './changes.ts';

/** A change that could not be applied to the real directory. */
export interface CommitFailure {
  /** Path of the change. */
  readonly path: string;
  /** Message of the system's error. */
  readonly reason: string;
}

/** The changes of a commit, applied or failed. */
export interface CommitResult {
  /** Changes applied, in order. */
  readonly applied: readonly OverlayChange[];
  /** Changes not applied. */
  readonly failed: readonly CommitFailure[];
}

const STAGING = '.shimfs-commit';
const at = hostPath;
const within = (path: string, root: string): boolean => path === root || path.startsWith(`${root}/`);

export class Commit {
  readonly #content: ContentStore;
  readonly #host: HostLayer;
  readonly #force: boolean;
  readonly #roots: readonly string[];
  readonly #applied: OverlayChange[] = [];
  readonly #failed: CommitFailure[] = [];
  readonly #staged = new Map<OverlayChange, string>();
  /** Attributes to set, copied before the commit: a record of a real directory is updated as the real file changes. */
  readonly #wanted = new Map<OverlayChange, Attributes>();
  /** For files with several names: path of the first. */
  readonly #placed = new Map<number, string>();

  /** @param roots the real directories @param force apply changes that conflict with changes of the real files, too */
  constructor(content: ContentStore, host: HostLayer, roots: readonly string[], force: boolean) {
    this.#content = content;
    this.#host = host;
    this.#roots = roots;
    this.#force = force;
  }

  /** @throws the system's error if the staging directory cannot be created */
  run({ changes, deletions, twins }: Differences): CommitResult {
    const all = [...changes, ...deletions];
    const roots = this.#roots.filter((root) => changes.some(({ path }) => within(path, root)));
    for (const change of changes) if (change.node) this.#wanted.set(change, attributesOf(change.node));
    try {
      for (const root of roots) {
        rmSync(at(`${root}/${STAGING}`), { recursive: true, force: true });
        mkdirSync(at(`${root}/${STAGING}`), 0o700);
      }
      for (const [i, change] of changes.entries()) this.#try(change, () => this.#stage(change, i));
      for (const change of all) this.#applyOne(change);
      // Directory attributes are set last: adding entries changes times, and a read-only mode would prevent it.
      const made = this.#applied.filter(({ kind, node }) => kind === 'added' && node!.table);
      for (const change of [...made].reverse()) this.#try(change, () => this.#attributes(change));
    } finally {
      for (const root of roots) rmSync(at(`${root}/${STAGING}`), { recursive: true, force: true });
    }
    // Before everything is applied, a moved directory still reads its contents from its old place.
    if (this.#failed.length === 0) {
      for (const { ino, path } of twins) this.#host.adopt(ino, path);
      for (const { node, path } of this.#applied) if (node?.table) this.#host.adopt(node.ino, path);
    }
    return { applied: this.#applied, failed: this.#failed };
  }

  #applyOne(change: OverlayChange): void {
    if (this.#failed.some(({ path }) => path === change.path)) return;
    this.#try(change, () => {
      // The deleted file may hold the only bytes of a change that failed.
      if (change.kind === 'deleted' && this.#failed.length > 0)
        throw new Error('it is kept until every other change is applied');
      this.#apply(change);
      this.#applied.push(change);
    });
  }

  #try(change: OverlayChange, action: () => void): void {
    try {
      action();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      this.#failed.push({ path: change.path, reason: reasonOf(code) ?? message });
    }
  }

  #stage(change: OverlayChange, number: number): void {
    const { node, kind } = change;
    if (!node || node.table || kind === 'attributes') return;
    const root = this.#roots.find((one) => within(change.path, one));
    const path = `${root}/${STAGING}/${number}`;
    if (node.isSymlink()) symlinkSync(at(node.symlink), at(path));
    else if (node.isFile()) this.#content.exportTo(node, path);
    else throw new Error('only files, directories and symbolic links can be committed');
    this.#staged.set(change, path);
    setAttributes(path, attributesOf(node));
  }

  #apply(change: OverlayChange): void {
    const { kind, path, node } = change;
    if (!this.#force) this.#refuseNewer(change);
    if (kind === 'deleted') remove(change, this.#force);
    else if (kind === 'attributes') this.#attributes(change);
    else if (node!.table) {
      mkdirSync(at(path), 0o700);
      this.#recordState(change);
    } else this.#place(change, this.#staged.get(change)!);
  }

  #place(change: OverlayChange, staged: string): void {
    const { path, node } = change;
    const first = node!.nlink > 1 ? this.#placed.get(node!.ino) : undefined;
    if (first !== undefined) {
      unlinkSync(at(staged));
      linkSync(at(first), at(staged));
    }
    if (this.#force && look(path)?.isDirectory()) rmSync(at(path), { recursive: true });
    renameSync(at(staged), at(path));
    this.#placed.set(node!.ino, path);
    this.#recordState(change);
  }

  #attributes(change: OverlayChange): void {
    setAttributes(change.path, this.#wanted.get(change)!);
    this.#recordState(change);
  }

  /** Records the real file's new state as the base for later comparisons, and keeps its inode number. */
  #recordState({ path, entry, node }: OverlayChange): void {
    const version = versionOf(lstatSync(at(path), { bigint: true }));
    if (entry) entry.origin = version;
    else node!.origin = version;
    if (node!.table) return;
    const lower = this.#host.adopt(node!.ino, path);
    if (lower && node!.lower && node !== lower.record) node!.lower = lower;
  }

  /** Refuses to overwrite a real file that changed since the comparison. */
  #refuseNewer({ path, real, version, kind }: OverlayChange): void {
    const there = look(path);
    if (!real && there) throw new Error('another program created a file there since the comparison');
    if (real && !there && kind !== 'deleted')
      throw new Error('another program removed it since the comparison');
    if (real && there && !real.table && !sameVersion(versionOf(there), version!))
      throw new Error('another program changed it since the comparison');
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENOENT: 'its parent directory does not exist',
  ENOTDIR: 'a component of its path is not a directory',
  ENOTEMPTY: 'the real directory is not empty',
  ENOSPC: 'no space left on device',
  EROFS: 'read-only file system',
  EXDEV: 'another file system is mounted there',
};
const reasonOf = (code: string | undefined): string | undefined => (code ? REASONS[code] : undefined);

const look = (path: string): BigIntStats | undefined =>
  lstatSync(at(path), { bigint: true, throwIfNoEntry: false });

function remove({ path, real }: OverlayChange, force: boolean): void {
  if (!look(path)) return;
  if (!real!.table) unlinkSync(at(path));
  else if (force) rmSync(at(path), { recursive: true });
  else rmdirSync(at(path));
}

interface Attributes {
  readonly link: boolean;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds. */
  readonly atime: number;
  readonly mtime: number;
}

const attributesOf = (node: Inode): Attributes => ({
  link: node.isSymlink(),
  mode: node.mode & 0o7777,
  uid: node.uid,
  gid: node.gid,
  atime: node.atimeSec + node.atimeNsec / 1e9,
  mtime: node.mtimeSec + node.mtimeNsec / 1e9,
});

function setAttributes(path: string, { link, mode, uid, gid, atime, mtime }: Attributes): void {
  const there = lstatSync(at(path));
  if (there.uid !== uid || there.gid !== gid) lchownSync(at(path), uid, gid);
  if (link) {
    lutimesSync(at(path), atime, mtime);
    return;
  }
  chmodSync(at(path), mode);
  utimesSync(at(path), atime, mtime);
}
