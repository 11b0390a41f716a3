/** One inode of a real directory: its record in the layer, updated from the real file's stat. */
import { type BigIntStats, readlinkSync } from 'node:fs';
import { S_IFLNK, S_IFMT } from '../constants.ts';
import { decodePath } from '../path-bytes.ts';
import { type HostRoot, hostError } from './host-root.ts';
import { Inode } from './inode.ts';
import { type LowerFile, type LowerVersion, sameVersion } from './lower-file.ts';

const NS = 1_000_000_000n;

export const versionOf = (stat: BigIntStats): LowerVersion => ({
  dev: stat.dev,
  ino: stat.ino,
  size: stat.size,
  mtime: stat.mtimeNs,
  mode: Number(stat.mode),
  uid: Number(stat.uid),
  gid: Number(stat.gid),
});

/** Seconds (rounded down) and nanoseconds. */
function split(ns: bigint): [number, number] {
  const nsec = ((ns % NS) + NS) % NS;
  return [Number((ns - nsec) / NS), Number(nsec)];
}

/** The birth time tells a file from a later file to which the filesystem gave the same inode number. */
export const identity = (stat: BigIntStats): string =>
  `${stat.dev}:${stat.ino}:${stat.birthtimeNs}:${stat.mode & BigInt(S_IFMT)}`;

export class HostNode implements LowerFile {
  readonly record: Inode;
  version: LowerVersion;
  /** The node's key (`identity`) in its layer's index. */
  key: string;
  readonly #root: HostRoot;
  /** Called before the record changes to describe other bytes. */
  readonly #changing: (record: Inode) => void;
  #isRoot: boolean;

  constructor(
    ino: number,
    root: HostRoot,
    stat: BigIntStats,
    changing: (record: Inode) => void,
    isRoot = false,
  ) {
    this.#root = root;
    this.#changing = changing;
    this.#isRoot = isRoot;
    this.record = new Inode(ino, Number(stat.mode), Number(stat.uid), Number(stat.gid));
    this.record.lower = this;
    this.version = versionOf(stat);
    this.key = identity(stat);
    this.#take(stat);
  }

  get root(): HostRoot {
    return this.#root;
  }

  /** Path below the overlay's directory, with a leading slash; empty for the directory itself. */
  get relative(): string {
    if (this.#isRoot) return '';
    const { holder, name } = this.record.entry!;
    return `${(holder!.lower as HostNode).relative}/${name}`;
  }

  get path(): string | Buffer {
    return this.#root.at(this.relative);
  }

  get realPath(): string {
    return this.#root.path + this.relative;
  }

  size(): number {
    const stat = this.#root.stat(this.relative);
    if (stat?.ino === this.version.ino && stat.dev === this.version.dev) this.update(stat);
    return this.record.size;
  }

  update(stat: BigIntStats): void {
    const version = versionOf(stat);
    if (!sameVersion(version, this.version)) {
      if (this.record.object) this.#changing(this.record);
    } else if (this.record.object) {
      this.version = version;
      // The object is authoritative for size and times, including atime, which reading the real file changes.
      this.#takeOwner(stat);
      return;
    }
    this.version = version;
    this.#take(stat);
  }

  #takeOwner(stat: BigIntStats): void {
    const { record } = this;
    record.mode = Number(stat.mode);
    record.uid = Number(stat.uid);
    record.gid = Number(stat.gid);
    record.nlink = Number(stat.nlink);
  }

  #take(stat: BigIntStats): void {
    const { record } = this;
    this.#takeOwner(stat);
    record.rdev = Number(stat.rdev);
    record.size = Number(stat.size);
    [record.atimeSec, record.atimeNsec] = split(stat.atimeNs);
    [record.mtimeSec, record.mtimeNsec] = split(stat.mtimeNs);
    [record.ctimeSec, record.ctimeNsec] = split(stat.ctimeNs);
    [record.btimeSec, record.btimeNsec] = split(stat.birthtimeNs);
  }

  /** A symbolic link's target cannot change, so it is read once. @param relative path of the link below the root */
  readTarget(relative: string): void {
    const { record } = this;
    if ((record.mode & S_IFMT) !== S_IFLNK || record.symlink !== '') return;
    try {
      record.symlink = decodePath(readlinkSync(this.#root.at(relative), { encoding: 'buffer' }));
    } catch (error) {
      throw hostError(error, 'readlink', this.#root.path + relative);
    }
  }
}
