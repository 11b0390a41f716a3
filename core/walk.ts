/**
 * From a place to an inode: Linux's path walk.
 *
 * `..` is physical, 40 symbolic links are too many, a trailing slash asks for a directory and follows a link in
 * the last component. A walk that ends or goes on outside every mount throws MountExit.
 */
import { NAME_MAX, PATH_MAX, SYMLINK_HOPS, X_OK } from './constants.ts';
import { type ErrnoCode, FsError } from './errors.ts';
import type { Inode } from './layers/inode.ts';
import { join, type Namespace } from './layers/namespace.ts';
import { pathLength } from './path-bytes.ts';
import { type Caller, may } from './permission.ts';

/** A path: absolute, or relative to the directory inode `dir`. An empty path means the inode `dir` itself. */
export interface Place {
  /** Inode number of the directory that a relative path begins at. */
  readonly dir?: number;
  /** Path; see above. */
  readonly path: string;
}

/** The walk left every mount: `path` is the absolute path at which to continue on the real filesystem. */
export class MountExit extends Error {
  /** Absolute path at which to continue on the real filesystem. */
  readonly path: string;
  constructor(path: string) {
    super(`'${path}' is outside every mount`);
    this.name = 'MountExit';
    this.path = path;
  }
}

/** Kind of the last component. `self`: an empty path. */
export type LastKind = 'name' | 'dot' | 'dotdot' | 'root' | 'self';

export interface Walk {
  readonly kind: LastKind;
  /** For kind 'name' the directory that `name` is looked up in; for other kinds the directory reached. */
  readonly dir: Inode;
  readonly name: string;
  /** The inode found; null if the name does not exist. */
  readonly node: Inode | null;
  /** Slashes followed the last component. */
  readonly trailing: boolean;
}

/** Inode numbers of directories that exist only to hold mounts, and of the mounts' roots. */
export interface Mounts {
  readonly outside: ReadonlySet<number>;
  readonly roots: ReadonlySet<number>;
}

export interface Walker {
  readonly ns: Namespace;
  readonly who: Caller;
  readonly mounts: Mounts;
  /** If set, a walk appends the directories that its result depends on. */
  readonly trail?: number[];
}

/** How a walk treats its last component. */
export const Last = {
  /** Resolve it; a symbolic link is followed. */
  Follow: 0,
  /** Resolve it; a symbolic link is followed only before a trailing slash. */
  NoFollow: 1,
  /** Look it up without following it, whatever slashes come after it: for operations on names. */
  Parent: 2,
  /** Follow, or NoFollow, for a file to be created if missing: a trailing slash is an error. */
  Create: 3,
  CreateNoFollow: 4,
} as const;
export type Last = (typeof Last)[keyof typeof Last];

/**
 * Walks from `place` to its last component.
 *
 * @throws FsError ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG, EISDIR; MountExit
 */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: all steps share the position, and the loop is hot.
export function walk(walker: Walker, place: Place, last: Last, op: string): Walk {
  const { ns, who, mounts, trail } = walker;
  let { path } = place;
  const fail = (code: ErrnoCode): never => {
    throw new FsError(code, op, place.path);
  };
  if (path.length === 0) {
    const node = place.dir === undefined ? undefined : ns.node(place.dir);
    if (!node) throw new FsError('ENOENT', op, path);
    return { kind: 'self', dir: node, name: '', node, trailing: false };
  }
  if (path.length > PATH_MAX / 3 && pathLength(path) > PATH_MAX) fail('ENAMETOOLONG');

  const partial = mounts.outside.size > 0;
  let at: Inode;
  if (path.charCodeAt(0) === 47) at = ns.root;
  else at = (place.dir === undefined ? undefined : ns.node(place.dir)) ?? fail('ENOENT');
  let kind: LastKind = 'root';
  let hops = 0;
  let i = 0;

  for (;;) {
    while (path.charCodeAt(i) === 47) i++;
    if (i >= path.length) {
      if (partial && mounts.outside.has(at.ino)) throw new MountExit(ns.directoryPath(at));
      return { kind, dir: at, name: '', node: at, trailing: true };
    }
    let end = path.indexOf('/', i);
    if (end < 0) end = path.length;
    let next = end;
    while (path.charCodeAt(next) === 47) next++;
    const isLast = next >= path.length;
    const trailing = isLast && end < path.length;
    const name = path.slice(i, end);

    if (at.table === null) fail('ENOTDIR');
    trail?.push(at.ino);
    if (who.uid !== 0 && !may(who, at, X_OK) && !(partial && mounts.outside.has(at.ino))) fail('EACCES');
    if (name === '.' || name === '..') {
      if (name === '..') at = ns.parentOf(at);
      kind = name === '.' ? 'dot' : 'dotdot';
      i = next;
      continue;
    }
    if (trailing && last >= Last.Create) fail('EISDIR');
    if (name.length > NAME_MAX / 3 && pathLength(name) > NAME_MAX) fail('ENAMETOOLONG');

    const found = ns.lookup(at, name);
    if (partial && mounts.outside.has(at.ino)) {
      const inside = found && (mounts.outside.has(found.ino) || mounts.roots.has(found.ino));
      if (!inside) throw new MountExit(join(ns.directoryPath(at), path.slice(i)));
    }
    if (isLast && (last === Last.Parent || !found)) {
      return { kind: 'name', dir: at, name, node: found, trailing };
    }
    if (!found) return fail('ENOENT');
    if (found.symlink !== '' && (!isLast || trailing || last === Last.Follow || last === Last.Create)) {
      if (++hops > SYMLINK_HOPS) fail('ELOOP');
      path = found.symlink + path.slice(end);
      if (path.charCodeAt(0) === 47) at = ns.root;
      kind = 'root';
      i = 0;
      continue;
    }
    if (isLast) {
      if (trailing && found.table === null) fail('ENOTDIR');
      if (partial && mounts.outside.has(found.ino)) throw new MountExit(ns.directoryPath(found));
      return { kind: 'name', dir: at, name, node: found, trailing };
    }
    at = found;
    i = next;
  }
}
