/**
 * Where a replica is kept.
 *
 * Paths are relative to the root, '' being the root itself. Every method may be called again after it failed, or
 * after the process died within it. What makes a file appear is `commit` alone, as a whole or not at all: until
 * then its bytes lie where no reader of the target looks.
 *
 * For an object store: `stage` uploads the parts of a multipart upload, `commit` completes it with `mode`, `mtime`
 * and extended attributes as metadata, `discard` aborts it, `prepare` aborts those of earlier lives; `makeDirectory` and
 * `setAttributes` of a directory do nothing, `list` is a listing with a delimiter, `remove` deletes the key and all
 * keys below its prefix, `symlink` stores the link as an object of its own content type, and `rename` is left out.
 */
import { promises as realFs } from 'node:fs';
import type { FsCore } from '../fs-core.ts';
import { type ReplicaNode, within } from './node.ts';
import { codeOf, isMissing, type PromisedFs, readChunks, readNode } from './promised-fs.ts';
import { branchXattrs, keepsXattrs, writeXattrs, type XattrPort } from './xattrs.ts';

/** Names bytes that are staged; what it is, the target knows. */
export type Staged = string;

export interface Target {
  /** Make the root, and clear away what earlier lives left staged. */
  prepare(): Promise<void>;
  stat(path: string): Promise<ReplicaNode | undefined>;
  /** Names, without the target's own; none where there is no directory. */
  list(path: string): Promise<string[]>;
  /** For comparing bytes. */
  read(path: string): AsyncIterable<Uint8Array>;
  stage(chunks: AsyncIterable<Uint8Array>): Promise<Staged>;
  /** Make the staged bytes the file `path`, in place of what is there unless that is a directory. */
  commit(staged: Staged, path: string, node: ReplicaNode): Promise<void>;
  discard(staged: Staged): Promise<void>;
  makeDirectory(path: string, node: ReplicaNode): Promise<void>;
  /** In place of what is there unless that is a directory. */
  symlink(path: string, node: ReplicaNode): Promise<void>;
  /** Mode, mtime and extended attributes where there can be any, and the owner where `owners` says so. */
  setAttributes(path: string, node: ReplicaNode): Promise<void>;
  /** With all that is below; nothing if there is nothing. */
  remove(path: string): Promise<void>;
  /** Can it give files away? Default: false, and owners are neither compared nor set. */
  readonly owners?: boolean;
  /**
   * Make `path` another name of the file `existing`, in place of what is there unless that is a directory.
   *
   * Absent: each name has a copy of its own. @returns false where the system does not do that
   */
  link?(existing: string, path: string): Promise<boolean>;
  /** Absent: renames are told as removal and creation. */
  rename?(from: string, to: string): Promise<void>;
}

/** Directory in the target's root for what is staged and for the replicator's state. */
export const PRIVATE = '.shimfs-replica';

class FsTarget implements Target {
  #staged = 0;
  #xattrs: XattrPort | undefined;

  constructor(
    readonly fs: PromisedFs,
    readonly root: string,
    readonly owners: boolean,
    xattrs?: XattrPort,
  ) {
    this.#xattrs = xattrs;
  }

  #path(path: string): string {
    return path === '' ? this.root : `${this.root === '/' ? '' : this.root}/${path}`;
  }

  get #stage(): string {
    return this.#path(`${PRIVATE}/stage`);
  }

  async prepare(): Promise<void> {
    await this.fs.mkdir(this.root, { recursive: true });
    await this.fs.rm(this.#stage, { recursive: true, force: true });
    await this.fs.mkdir(this.#stage, { recursive: true });
    if (this.#xattrs && !keepsXattrs(this.#xattrs, this.#stage)) this.#xattrs = undefined;
  }

  stat(path: string): Promise<ReplicaNode | undefined> {
    return readNode(this.fs, this.#path(path), this.#xattrs);
  }

  async list(path: string): Promise<string[]> {
    try {
      const names = await this.fs.readdir(this.#path(path));
      return path === '' ? names.filter((name) => name !== PRIVATE) : names;
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  read(path: string): AsyncIterable<Uint8Array> {
    return readChunks(this.fs, this.#path(path));
  }

  async stage(chunks: AsyncIterable<Uint8Array>): Promise<Staged> {
    const staged = `${this.#stage}/${++this.#staged}`;
    const file = await this.fs.open(staged, 'w', 0o600);
    try {
      let at = 0;
      for await (const chunk of chunks) {
        for (let done = 0; done < chunk.length; ) {
          const { bytesWritten } = await file.write(chunk, done, chunk.length - done, at);
          done += bytesWritten;
          at += bytesWritten;
        }
      }
      // Before the name: after a crash of the machine the name must not lead to missing bytes.
      await file.sync();
    } catch (error) {
      await file.close();
      await this.discard(staged);
      throw error;
    }
    await file.close();
    return staged;
  }

  async commit(staged: Staged, path: string, node: ReplicaNode): Promise<void> {
    const refused = await this.#attributes(staged, node);
    await this.#inWritable(path, () => this.fs.rename(staged, this.#path(path)));
    if (refused) throw refused.error;
  }

  async discard(staged: Staged): Promise<void> {
    await this.fs.rm(staged, { force: true });
  }

  async makeDirectory(path: string, node: ReplicaNode): Promise<void> {
    // What comes into it must be allowed to: its own mode comes last.
    await this.#inWritable(path, () => this.fs.mkdir(this.#path(path), { mode: node.mode | 0o700 })).catch(
      (error) => {
        if (codeOf(error) !== 'EEXIST') throw error;
      },
    );
  }

  async symlink(path: string, node: ReplicaNode): Promise<void> {
    const staged = `${this.#stage}/${++this.#staged}`;
    await this.fs.symlink(node.link ?? '', staged);
    await this.#attributes(staged, node);
    await this.#inWritable(path, () => this.fs.rename(staged, this.#path(path)));
  }

  async link(existing: string, path: string): Promise<boolean> {
    const staged = `${this.#stage}/${++this.#staged}`;
    try {
      await this.fs.link(this.#path(existing), staged);
    } catch (error) {
      if (NO_LINKS.has(codeOf(error))) return false;
      throw error;
    }
    await this.#inWritable(path, () => this.fs.rename(staged, this.#path(path)));
    // A rename onto another name of the same file does nothing at all.
    await this.discard(staged);
    return true;
  }

  async setAttributes(path: string, node: ReplicaNode): Promise<void> {
    const refused = await this.#attributes(this.#path(path), node);
    if (refused) throw refused.error;
  }

  /** @returns why extended attributes are not all there: too many for this system, and no reason to lack the bytes */
  async #attributes(at: string, node: ReplicaNode): Promise<{ readonly error: unknown } | undefined> {
    // First: giving a file away takes some of its mode.
    if (this.owners && node.uid !== undefined && node.gid !== undefined)
      await this.fs.lchown(at, node.uid, node.gid);
    const refused = await this.#extended(at, node).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    if (node.type !== 'symlink') await this.fs.chmod(at, node.mode);
    const seconds = Number(node.mtime) / 1e9;
    await this.fs.lutimes(at, seconds, seconds);
    return refused;
  }

  async #extended(at: string, { xattrs, mode }: ReplicaNode): Promise<void> {
    if (!this.#xattrs || !xattrs) return;
    try {
      writeXattrs(this.#xattrs, at, xattrs);
    } catch (error) {
      if (codeOf(error) !== 'EACCES') throw error;
      // Its owner may write it for a moment: the mode follows.
      await this.fs.chmod(at, mode | 0o600);
      writeXattrs(this.#xattrs, at, xattrs);
    }
  }

  async remove(path: string): Promise<void> {
    const at = this.#path(path);
    await this.#inWritable(path, () => this.fs.unlink(at)).catch(async (error) => {
      if (isMissing(error)) return;
      const directory = (await readNode(this.fs, at))?.type === 'directory';
      if (!directory) throw error;
      for (const name of await this.list(path)) await this.remove(within(path, name));
      await this.#inWritable(path, () => this.fs.rmdir(at));
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#inWritable(from, () =>
      this.#inWritable(to, () => this.fs.rename(this.#path(from), this.#path(to))),
    );
  }

  /** A replica of a read-only directory is one, too: its mode is set again after each batch. */
  async #inWritable(path: string, action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (codeOf(error) !== 'EACCES') throw error;
      const dir = this.#path(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
      await this.fs.chmod(dir, 0o700);
      await action();
    }
  }
}

/** What filesystems say that have no links, or no more of them. */
const NO_LINKS: ReadonlySet<string> = new Set([
  'EPERM',
  'EMLINK',
  'EXDEV',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
]);

/**
 * A real directory, made if it is not there. Owners are kept if we are root.
 *
 * @param root absolute @param xattrs absent: extended attributes are not kept
 */
export const directoryTarget = (root: string, xattrs?: XattrPort): Target =>
  new FsTarget(realFs, root, process.geteuid?.() === 0, xattrs);

/** A path of a branch, written with all rights. */
export const branchTarget = (core: FsCore, branch = 'main', root = '/'): Target =>
  new FsTarget(core.fsFor(branch, { uid: 0, gid: 0 }).promises, root, true, branchXattrs(core, branch));
