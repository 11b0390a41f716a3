/**
 * What an answer about a name depends on besides the branch: others change the real directory without a word.
 *
 * Three cases are told apart. All on the way is the branch's own: on nothing. The same path leads the system to the
 * real file that the branch shows: on that staying so. Anything else.
 */
import { type BigIntStats, lstatSync, statSync } from 'node:fs';
import type { HostLayer } from '../layers/host-layer.ts';
import type { HostNode } from '../layers/host-node.ts';
import { hostPath } from '../layers/host-root.ts';
import type { Inode } from '../layers/inode.ts';
import type { Namespace } from '../layers/namespace.ts';
import type { Place } from '../walk.ts';

/** A path to look at again, and the real inode that was there. */
export interface Beneath {
  readonly path: string;
  readonly ino: bigint;
}

export interface Found {
  /** Inode that it ended at; undefined: nothing is there. */
  readonly ino: number | undefined;
  /** Inode of the directory that was searched last. */
  readonly dir: number | undefined;
  readonly follow: boolean;
}

/** @returns 'free' of the real directory, what to look at, or undefined where no look would tell */
export function beneath(
  ns: Namespace,
  host: HostLayer,
  place: Place,
  found: Found,
): Beneath | 'free' | undefined {
  const path = textOf(ns, place);
  if (path === undefined) return undefined;
  if (found.ino === undefined) return missing(ns, host, path, found);
  const node = ns.node(found.ino);
  const real = host.node(found.ino);
  if (!node) return undefined;
  if (node !== real) {
    const mixed = node.lower !== null || node.others !== null || (node.table !== null && real !== undefined);
    return !mixed && own(host, node) && ns.pathOf(node).path === path ? 'free' : undefined;
  }
  const { version } = real.lower as HostNode;
  const there = look(path, found.follow);
  return there?.ino === version.ino && there.dev === version.dev ? { path, ino: there.ino } : undefined;
}

function missing(ns: Namespace, host: HostLayer, path: string, found: Found): 'free' | undefined {
  const dir = found.dir === undefined ? undefined : ns.node(found.dir);
  if (!dir?.table) return undefined;
  const directory = ns.directoryPath(dir);
  // In a real directory a name may come, and the directory itself be another one, without a word.
  return !host.node(dir.ino) && path.startsWith(`${directory}/`) && own(host, dir) ? 'free' : undefined;
}

/** Does every name on the way to it belong to the branch's own directories? */
function own(host: HostLayer, node: Inode): boolean {
  for (let entry = node.entry; entry?.holder; entry = entry.holder.entry)
    if (!entry.alive || host.node(entry.holder.ino) === entry.holder) return false;
  return true;
}

function textOf(ns: Namespace, { dir, path }: Place): string | undefined {
  if (path.startsWith('/')) return path;
  const from = dir === undefined ? undefined : ns.node(dir);
  if (!from) return undefined;
  const at = ns.pathOf(from);
  if (at.orphan) return undefined;
  return path === '' ? at.path : `${at.path}/${path}`;
}

function look(path: string, follow: boolean): BigIntStats | undefined {
  try {
    return (follow ? statSync : lstatSync)(hostPath(path), { bigint: true });
  } catch {
    return undefined;
  }
}
