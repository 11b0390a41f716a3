/** The tree that a replica is taken from. Paths are relative to its root, '' being the root itself. */
import { promises as realFs, realpathSync } from 'node:fs';
import type { FsCore } from '../fs-core.ts';
import { branchSource } from '../watch/branch-source.ts';
import { directorySource } from '../watch/directory-source.ts';
import type { Source } from '../watch/source.ts';
import { type FsPromises, readChunks, readNode } from './fs-promises.ts';
import type { ReplicaNode } from './node.ts';
import { branchXattrs, type XattrPort } from './xattrs.ts';

/** A readable tree with a source of changes. */
export interface Origin {
  /** Source of the changes below `root`. */
  readonly source: Source;
  /** The path to watch. */
  readonly root: string;
  /** undefined if the path does not exist or has a type that cannot be replicated (socket, device). */
  stat(path: string): Promise<ReplicaNode | undefined>;
  /** Names in a directory; none if the path is no directory. */
  list(path: string): Promise<string[]>;
  /** The file's bytes up to the end at the time of reading. */
  read(path: string): AsyncIterable<Uint8Array>;
}

class FsOrigin implements Origin {
  constructor(
    readonly fs: FsPromises,
    readonly root: string,
    readonly source: Source,
    readonly xattrs?: XattrPort,
    readonly chunk?: number,
  ) {}

  #path(path: string): string {
    return path === '' ? this.root : `${this.root === '/' ? '' : this.root}/${path}`;
  }

  stat(path: string): Promise<ReplicaNode | undefined> {
    return readNode(this.fs, this.#path(path), this.xattrs);
  }

  async list(path: string): Promise<string[]> {
    try {
      return await this.fs.readdir(this.#path(path));
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes((error as { code?: string }).code ?? '')) return [];
      throw error;
    }
  }

  read(path: string): AsyncIterable<Uint8Array> {
    return readChunks(this.fs, this.#path(path), this.chunk);
  }
}

/** A path of a branch, read with root's permissions. @param chunk bytes read at once */
export const branchOrigin = (core: FsCore, branch = 'main', root = '/', chunk?: number): Origin =>
  new FsOrigin(
    core.fsFor(branch, { uid: 0, gid: 0 }).promises,
    root,
    branchSource(core, branch),
    branchXattrs(core, branch),
    chunk,
  );

/** A real directory. @param xattrs absent: extended attributes are ignored @throws Error ENOENT */
export const directoryOrigin = (
  root: string,
  source: Source = directorySource(),
  xattrs?: XattrPort,
): Origin => new FsOrigin(realFs, realpathSync(root), source, xattrs);
