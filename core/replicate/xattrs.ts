/**
 * Extended attributes.
 *
 * Node has no calls for those of real files, so the caller provides a port. Only names that any user may set are
 * replicated, spelled as Linux does: `user.…`. Others (ACLs, labels, capabilities) are specific to their system.
 */
import type { FsCore } from '../fs-core.ts';
import { codeOf } from './error-code.ts';

/** Acts on the path itself and never follows links. Errors have a `code`, as Node's have. */
export interface XattrPort {
  /** Names beginning with `user.`, in any order. */
  list(path: string): string[];
  /** @throws Error ENODATA if the file has no such attribute */
  get(path: string, name: string): Uint8Array;
  /** Creates or replaces an attribute. */
  set(path: string, name: string, value: Uint8Array): void;
  /** @throws Error ENODATA */
  remove(path: string, name: string): void;
}

/** Extended attributes by name, `user.` included. */
export type Xattrs = ReadonlyMap<string, Uint8Array>;

/** Errors of systems without extended attributes, or without them on this file. */
const NONE: ReadonlySet<string> = new Set(['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EPERM']);

/** @returns undefined if the file cannot have any */
export function readXattrs(port: XattrPort, path: string): Xattrs | undefined {
  try {
    const found = new Map<string, Uint8Array>();
    for (const name of port.list(path)) {
      try {
        found.set(name, port.get(path, name));
      } catch (error) {
        // Removed since it was listed.
        if (codeOf(error) !== 'ENODATA') throw error;
      }
    }
    return found;
  } catch (error) {
    if (NONE.has(codeOf(error))) return undefined;
    throw error;
  }
}

/** If either side is unknown, the two count as equal. */
export function sameXattrs(a: Xattrs | undefined, b: Xattrs | undefined): boolean {
  if (!a || !b) return true;
  if (a.size !== b.size) return false;
  for (const [name, value] of a) {
    const other = b.get(name);
    if (!other || Buffer.compare(value, other) !== 0) return false;
  }
  return true;
}

/** Makes the attributes of `path` equal to `want`. */
export function writeXattrs(port: XattrPort, path: string, want: Xattrs): void {
  const have = readXattrs(port, path) ?? new Map<string, Uint8Array>();
  // Removals first, to make room.
  for (const name of have.keys()) if (!want.has(name)) port.remove(path, name);
  for (const [name, value] of want) {
    const known = have.get(name);
    if (!known || Buffer.compare(known, value) !== 0) port.set(path, name, value);
  }
}

/** Whether `path` can have extended attributes, found out by setting one. */
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

/** The port of a branch, with root's permissions. */
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
