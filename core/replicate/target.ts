/**
 * The tree that a replica is written to.
 *
 * Paths are relative to its root, '' being the root itself. Every method may be called again after it failed, or
 * after the process died during it. Only `commit` makes a file appear, atomically: until then its bytes are where no
 * reader of the target looks.
 *
 * For an object store: `stage` uploads the parts of a multipart upload, `commit` completes it with `mode`, `mtime`
 * and extended attributes as metadata, `discard` aborts it, `prepare` aborts the uploads of earlier processes;
 * `makeDirectory` and `setAttributes` of a directory do nothing, `list` is a listing with a delimiter, `remove` deletes
 * the key and all keys below its prefix, `symlink` stores the link as an object of its own content type, and `rename`
 * is left out.
 */
import { promises as realFs } from 'node:fs';
import type { FsCore } from '../fs-core.ts';
import { codeOf, isMissing } from './error-code.ts';
import { type FsPromises, readChunks, readNode } from './fs-promises.ts';
import { type ReplicaNode, within } from './node.ts';
import { branchXattrs, keepsXattrs, writeXattrs, type XattrPort } from './xattrs.ts';

/** Handle of staged bytes; its format is the target's own. */
export type Staged = string;

/** A writable tree; rejects with the system's errors, or with FsError if it is a branch. */
export interface Target {
  /** Creates the root and removes bytes that earlier processes left staged. */
  prepare(): Promise<void>;
  /** undefined if the path does not exist. */
  stat(path: string): Promise<ReplicaNode | undefined>;
  /** Names, without the target's own directory; none if the path is no directory. */
  list(path: string): Promise<string[]>;
  /** Used to compare bytes. */
  read(path: string): AsyncIterable<Uint8Array>;
  /** Stores bytes out of sight of the target's readers, until `commit` or `discard`. */
  stage(chunks: AsyncIterable<Uint8Array>): Promise<Staged>;
  /** Makes the staged bytes the file `path`, replacing anything but a directory. */
  commit(staged: Staged, path: string, node: ReplicaNode): Promise<void>;
  /** Frees staged bytes. */
  discard(staged: Staged): Promise<void>;
  /** Creates a directory; does nothing if it exists. */
  makeDirectory(path: string, node: ReplicaNode): Promise<void>;
  /** Replaces anything but a directory. */
  symlink(path: string, node: ReplicaNode): Promise<void>;
  /** Sets mode, mtime, extended attributes if supported, and the owner if `owners`. */
  setAttributes(path: string, node: ReplicaNode): Promise<void>;
  /** Removes `path` and everything below it; does nothing if it does not exist. */
  remove(path: string): Promise<void>;
  /** Whether owners can be set. Default: false, and owners are neither compared nor set. */
  readonly owners?: boolean;
  /**
   * Makes `path` another name of the file `existing`, replacing anything but a directory.
   *
   * Absent: each name gets a copy of its own. @returns false if the system does not support links here
   */
  link?(existing: string, path: string): Promise<boolean>;
  /** Absent: a rename is applied as a removal and a creation. */
  rename?(from: string, to: string): Promise<void>;
}

/** Directory in the target's root for staged bytes and the replicator's state. */
export const PRIVATE = '.shimfs-replica';

class FsTarget implements Target {
  #staged = 0;
  #xattrs: XattrPort | undefined;

  constructor(
    readonly fs: FsPromises,
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
      // Synced before it gets its name: after a crash of the machine the name must not lead to missing bytes.
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
    // Entries must be creatable inside it: the directory's own mode is set at the end.
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
    // rename(2) onto another name of the same file does nothing, so the staged name may remain.
    await this.discard(staged);
    return true;
  }

  async setAttributes(path: string, node: ReplicaNode): Promise<void> {
    const refused = await this.#attributes(this.#path(path), node);
    if (refused) throw refused.error;
  }

  /** @returns the error if extended attributes could not all be set, which must not prevent copying the bytes */
  async #attributes(at: string, node: ReplicaNode): Promise<{ readonly error: unknown } | undefined> {
    // The owner first: chown clears setuid and setgid.
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
      // Make it writable for its owner for a moment; the mode is set afterwards.
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

  /** Makes a read-only directory writable for the action; its mode is set again after each batch. */
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

/** Errors of filesystems that support no links, or no more links to this file. */
const NO_LINKS: ReadonlySet<string> = new Set([
  'EPERM',
  'EMLINK',
  'EXDEV',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
]);

/**
 * A real directory, created if missing. Owners are kept if this process is root.
 *
 * @param root absolute @param xattrs absent: extended attributes are not kept
 */
export const directoryTarget = (root: string, xattrs?: XattrPort): Target =>
  new FsTarget(realFs, root, process.geteuid?.() === 0, xattrs);

/** A path of a branch, written with root's permissions. */
export const branchTarget = (core: FsCore, branch = 'main', root = '/'): Target =>
  new FsTarget(core.fsFor(branch, { uid: 0, gid: 0 }).promises, root, true, branchXattrs(core, branch));
