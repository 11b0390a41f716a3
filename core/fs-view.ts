/**
 * A branch as one caller sees it.
 *
 * Every method is synchronous, checks the permissions that POSIX checks for the caller, and throws FsError (POSIX code,
 * operation, path) or, if the walk leaves the mounts, MountExit. Linux is the reference for the choice of error.
 * Creating a view is cheap: one for each request is fine.
 */
import { type Attr, attrOf } from './attr.ts';
import { fileType, R_OK, S_IFSOCK } from './constants.ts';
import { FsError } from './errors.ts';
import type { FileType } from './events/fs-event.ts';
import type { Inode } from './layers/inode.ts';
import { join, type Namespace } from './layers/namespace.ts';
import * as create from './ops/create.ts';
import * as data from './ops/data.ts';
import { type DirectoryEntry, listingEnd, type PageLimit, readdir } from './ops/directory.ts';
import * as metadata from './ops/metadata.ts';
import { openInode } from './ops/open.ts';
import * as removal from './ops/remove.ts';
import { rename } from './ops/rename.ts';
import { type Engine, fail, locate, resolve, type StatFs } from './ops/view-context.ts';
import * as xattr from './ops/xattr.ts';
import { type Caller, may } from './permission.ts';
import type { Mounts, Place } from './walk.ts';

/** Option of operations that may follow symbolic links. */
export interface Follow {
  /** Follow a symbolic link in the last component. */
  readonly follow?: boolean;
}

/** Result of `FsView.open`. */
export interface OpenResult {
  /** `oid` is the object to open natively, 0 if there is none (memory backstore, not a regular file). */
  readonly attr: Attr;
  /** Whether the call created the file. */
  readonly created: boolean;
  /** Inode of the directory in which the walk found the name; 0 if the place was an inode number. */
  readonly dir: number;
  /** Name in `dir`, after symbolic links; empty if the place was an inode number. */
  readonly name: string;
}

const BLOCK = 4096;

/** All operations on one branch, with the permissions of one caller. */
export class FsView {
  /** @internal */
  readonly core: Engine;
  /** @internal */
  readonly ns: Namespace;
  /** The caller whose permissions apply. */
  readonly who: Caller;
  /** If set, walks append the directories that their results depend on. @internal */
  trail: number[] | undefined;

  /** @internal */
  constructor(core: Engine, ns: Namespace, who: Caller) {
    this.core = core;
    this.ns = ns;
    this.who = who;
  }

  /** @internal */
  get mounts(): Mounts {
    return this.core.mounts;
  }

  /** Name of the branch. */
  get branch(): string {
    return this.ns.name;
  }

  #attr(node: Inode): Attr {
    return attrOf(this.ns, this.core.content, node);
  }

  /** Follows symbolic links by default. */
  stat(place: Place, options?: Follow): Attr {
    const follow = options?.follow ?? true;
    return this.#attr(resolve(this, place, follow, follow ? 'stat' : 'lstat'));
  }

  /** @param mode a set of R_OK, W_OK, X_OK; `effective` has no effect, because a caller has a single identity here */
  access(place: Place, mode: number, options?: Follow & { readonly effective?: boolean }): void {
    const node = resolve(this, place, options?.follow ?? true, 'access');
    if (!may(this.who, node, mode & 7)) fail('EACCES', 'access', place);
  }

  /**
   * @param flags O_* of core/constants.ts @param mode permission bits of a file that it creates
   *
   * With a shared backstore a regular file is promoted to an object file, unless O_PATH. An inode opened for
   * writing is copied up first.
   */
  open(place: Place, flags: number, mode = 0o666): OpenResult {
    const { node, created, found } = openInode(this, place, flags, mode, true);
    this.core.promote(this.ns, node, flags);
    const named = found?.kind === 'name';
    return {
      attr: this.#attr(node),
      created,
      dir: named ? found.dir.ino : 0,
      name: named ? found.name : '',
    };
  }

  /** Opens for use inside this process: never promotes. */
  openLocal(place: Place, flags: number, mode = 0o666): { ino: number; type: FileType; created: boolean } {
    const { node, created } = openInode(this, place, flags, mode);
    return { ino: node.ino, type: fileType(node.mode), created };
  }

  /** Creates a directory. @throws FsError EEXIST */
  mkdir(place: Place, mode = 0o777): Attr {
    return this.#attr(create.mkdir(this, place, mode));
  }
  /** @param mode with the type in S_IFMT: fifo, socket or regular (the default) */
  mknod(place: Place, mode: number, device = 0): Attr {
    return this.#attr(create.mknod(this, place, mode, device));
  }
  /** Creates the name of a socket that is about to be bound; `oid` is the object to bind it at. @internal */
  bindSocket(place: Place, mode: number): Attr {
    const node = create.mknod(this, place, S_IFSOCK | (mode & 0o777), 0);
    this.core.promote(this.ns, node, 0);
    return this.#attr(node);
  }
  /** Creates a symbolic link at `place` to `target`, which need not exist. @throws FsError EEXIST */
  symlink(target: string, place: Place): Attr {
    return this.#attr(create.symlink(this, target, place));
  }
  /** Does not follow symbolic links by default. */
  link(from: Place, to: Place, options?: Follow): Attr {
    return this.#attr(create.link(this, from, to, options?.follow ?? false));
  }
  /** Removes a name that is no directory. @throws FsError ENOENT, EISDIR */
  unlink(place: Place): void {
    removal.unlink(this, place);
  }
  /** Removes an empty directory. @throws FsError ENOTEMPTY, ENOTDIR, EBUSY for a mount's root */
  rmdir(place: Place): void {
    removal.rmdir(this, place);
  }
  /** @param flags RENAME_NOREPLACE or RENAME_EXCHANGE */
  rename(from: Place, to: Place, flags = 0): void {
    rename(this, from, to, flags);
  }

  /** Target of a symbolic link. @throws FsError EINVAL if it is none */
  readlink(place: Place): string {
    const node = resolve(this, place, false, 'readlink');
    return node.isSymlink() ? node.symlink : fail(place.path === '' ? 'ENOENT' : 'EINVAL', 'readlink', place);
  }

  /**
   * One page of entries, '.' and '..' first.
   *
   * @param cookie of the last entry of the page before, 0 to begin
   * @param limit a number of entries, or `{bytes}` that a wire page may hold; an empty page is the end
   */
  readdir(place: Place, cookie = 0, limit: PageLimit = Number.POSITIVE_INFINITY): DirectoryEntry[] {
    return readdir(this, place, cookie, limit);
  }

  /** Cookie of the newest entry: where a listing that begins now ends. @internal */
  listingEnd(): number {
    return listingEnd(this);
  }

  /** Sets the permission bits. @throws FsError EPERM, ENOTSUP for a symbolic link */
  chmod(place: Place, mode: number, options?: Follow): void {
    metadata.chmod(this, place, mode, options?.follow ?? true);
  }
  /** @param uid @param gid -1 or 0xffffffff leaves the id unchanged */
  chown(place: Place, uid: number, gid: number, options?: Follow): void {
    metadata.chown(this, place, uid, gid, options?.follow ?? true);
  }
  /** Sets the times of access and modification. @throws FsError EPERM, EACCES */
  utimens(place: Place, atime: metadata.TimeChange, mtime: metadata.TimeChange, options?: Follow): void {
    metadata.utimens(this, place, atime, mtime, options?.follow ?? true);
  }
  /** Sets the length in bytes of a regular file. @throws FsError EISDIR, EFBIG, ENOSPC */
  truncate(place: Place, length: number): void {
    data.truncate(this, place, length);
  }

  /** Value of an extended attribute. @throws FsError ENODATA */
  getxattr(place: Place, name: string, options?: Follow): Buffer {
    return xattr.getxattr(this, place, name, options?.follow ?? true);
  }
  /** Names of the extended attributes. */
  listxattr(place: Place, options?: Follow): string[] {
    return xattr.listxattr(this, place, options?.follow ?? true);
  }
  /** @param flags XATTR_CREATE or XATTR_REPLACE */
  setxattr(place: Place, name: string, value: Uint8Array, flags = 0, options?: Follow): void {
    xattr.setxattr(this, place, name, value, flags, options?.follow ?? true);
  }
  /** Removes an extended attribute. @throws FsError ENODATA */
  removexattr(place: Place, name: string, options?: Follow): void {
    xattr.removexattr(this, place, name, options?.follow ?? true);
  }

  /**
   * The inode that a watch of `place` applies to. Requires permission to read, as Linux does.
   *
   * @throws FsError ENOENT, EACCES, ENOTDIR with `directory`
   * @internal
   */
  watchable(
    place: Place,
    { follow, directory }: { readonly follow: boolean; readonly directory: boolean },
  ): { node: Inode; dir: Inode | null; name: string } {
    const op = 'inotify_add_watch';
    const found = locate(this, place, follow, op);
    if (directory && !found.node.table) fail('ENOTDIR', op, place);
    if (!may(this.who, found.node, R_OK)) fail('EACCES', op, place);
    return found;
  }

  /** Size and usage of the filesystem. */
  statfs(place: Place): StatFs {
    resolve(this, place, true, 'statfs');
    return this.core.statfs(BLOCK);
  }

  /** Absolute path without symbolic links. */
  realpath(place: Place): string {
    const { node, dir, name } = locate(this, place, true, 'realpath');
    return dir ? join(this.ns.directoryPath(dir), name) : this.ns.pathOf(node).path;
  }

  /** A current path of an inode; its last path, with `orphan`, if it has lost all names. @throws FsError ENOENT */
  pathOf(ino: number): { path: string; orphan: boolean } {
    const node = this.ns.node(ino);
    if (!node) throw new FsError('ENOENT', 'getpath');
    return this.ns.pathOf(node);
  }

  /** Every current path of a file, computed lazily. None if it has no names or does not exist. */
  *pathsOf(ino: number): Generator<string> {
    const node = this.ns.node(ino);
    const seen = new Set<string>();
    if (node)
      for (const path of this.ns.pathsOf(node)) {
        if (!seen.has(path)) yield path;
        seen.add(path);
      }
  }

  /** Path in the real filesystem of the file whose bytes are read in place; undefined for all others. @internal */
  lowerPath(ino: number): string | undefined {
    const node = this.ns.node(ino);
    return node?.lower && !node.object ? node.lower.realPath : undefined;
  }

  // Bytes, inside this process. Permissions were checked by open.

  /** All bytes of a regular file. */
  readFile(ino: number): Buffer {
    return data.readFile(this, ino);
  }
  /** Replaces all bytes in one operation. */
  writeFile(ino: number, bytes: Uint8Array): void {
    data.writeFile(this, ino, bytes);
  }
  /** @returns bytes read, 0 at the end */
  read(ino: number, into: Uint8Array, offset: number, length: number, position: number): number {
    return data.read(this, ino, into, offset, length, position);
  }
  /** @returns bytes written */
  write(ino: number, from: Uint8Array, offset: number, length: number, position: number | 'append'): number {
    return data.write(this, ino, from, offset, length, position);
  }
  /** Keeps an inode after it loses its last name, until `release`. */
  hold(ino: number): void {
    if (!this.ns.node(ino)) throw new FsError('ENOENT', 'open');
    this.core.hold(ino);
  }
  /** Ends a `hold`: an inode without a name is freed with its last holder. */
  release(ino: number): void {
    this.core.release(ino);
  }
}

export type { DirectoryEntry, Place, StatFs };
