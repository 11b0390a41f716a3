/**
 * Extended attributes.
 *
 * Node has no calls for those of real files: whoever has them gives them. The names are those that any user may set,
 * as Linux writes them: `user.` and something. Others (ACLs, labels, capabilities) belong to the system they are on.
 */
import type { FsCore } from '../fs-core.ts';
import { codeOf } from './promised-fs.ts';

/** Of the path itself, never of what a link leads to. Errors have a `code`, as Node's have. */
export interface XattrPort {
  /** Names beginning with `user.`, in any order. */
  list(path: string): string[];
  /** @throws Error ENODATA when there is none of this name */
  get(path: string, name: string): Uint8Array;
  set(path: string, name: string, value: Uint8Array): void;
  /** @throws Error ENODATA */
  remove(path: string, name: string): void;
}

export type Xattrs = ReadonlyMap<string, Uint8Array>;

/** What systems say that have none, or none on this file. */
const NONE: ReadonlySet<string> = new Set(['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EPERM']);

/** @returns undefined where there can be none */
export function readXattrs(port: XattrPort, path: string): Xattrs | undefined {
  try {
    const found = new Map<string, Uint8Array>();
    for (const name of port.list(path)) {
      try {
        found.set(name, port.get(path, name));
      } catch (error) {
        // Removed since.
        if (codeOf(error) !== 'ENODATA') throw error;
      }
    }
    return found;
  } catch (error) {
    if (NONE.has(codeOf(error))) return undefined;
    throw error;
  }
}

/** Where one side cannot tell, there is nothing to make alike. */
export function sameXattrs(a: Xattrs | undefined, b: Xattrs | undefined): boolean {
  if (!a || !b) return true;
  if (a.size !== b.size) return false;
  for (const [name, value] of a) {
    const other = b.get(name);
    if (!other || Buffer.compare(value, other) !== 0) return false;
  }
  return true;
}

/** Make those of `path` what `want` is. */
export function writeXattrs(port: XattrPort, path: string, want: Xattrs): void {
  const have = readXattrs(port, path) ?? new Map<string, Uint8Array>();
  // First, so that there is room for the others.
  for (const name of have.keys()) if (!want.has(name)) port.remove(path, name);
  for (const [name, value] of want) {
    const known = have.get(name);
    if (!known || Buffer.compare(known, value) !== 0) port.set(path, name, value);
  }
}

/** Can `path` have any? Only an attempt tells. */
export function keepsXattrs(port: XattrPort, path: string): boolean {
  const probe = 'user.shimfs-probe';
  try {
    port.set(path, probe, new Uint8Array());
    port.remove(path, probe);
    return true;
  } catch (error) {
    if (NONE.has(codeOf(error))) return false;
    throw error;
  }
}

/** Those of a branch, with all rights. */
export function branchXattrs(core: FsCore, branch: string): XattrPort {
  const view = () => core.view(branch, { pid: 0, uid: 0, gid: 0, umask: 0 });
  const itself = { follow: false };
  return {
    list: (path) =>
      view()
        .listxattr({ path }, itself)
        .filter((name) => name.startsWith('user.')),
    get: (path, name) => view().getxattr({ path }, name, itself),
    set: (path, name, value) => view().setxattr({ path }, name, value, 0, itself),
    remove: (path, name) => view().removexattr({ path }, name, itself),
  };
}
