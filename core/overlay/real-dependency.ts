/**
 * Which real file an answer about a name depends on besides the branch: the real directory may change without notice.
 *
 * Three cases: every directory on the path is the branch's own, so the answer depends on no real file; the same path
 * leads in the real filesystem to the file that the branch shows, so the answer holds while it does; anything else.
 */
import { type BigIntStats, lstatSync, statSync } from 'node:fs';
import type { HostLayer } from '../layers/host-layer.ts';
import type { HostNode } from '../layers/host-node.ts';
import { hostPath } from '../layers/host-root.ts';
import type { Inode } from '../layers/inode.ts';
import type { Namespace } from '../layers/namespace.ts';
import type { Place } from '../walk.ts';

/** A real path to check again later, and the real inode found there. */
export interface RealDependency {
  readonly path: string;
  readonly ino: bigint;
}

export interface WalkOutcome {
  /** Inode that the walk ended at; undefined if the name does not exist. */
  readonly ino: number | undefined;
  /** Inode of the last directory searched. */
  readonly dir: number | undefined;
  readonly follow: boolean;
}

/** @returns 'free' if no real file matters, the file to check, or undefined if no check would be sufficient */
export function realDependency(
  ns: Namespace,
  host: HostLayer,
  place: Place,
  found: WalkOutcome,
): RealDependency | 'free' | undefined {
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

function missing(ns: Namespace, host: HostLayer, path: string, found: WalkOutcome): 'free' | undefined {
  const dir = found.dir === undefined ? undefined : ns.node(found.dir);
  if (!dir?.table) return undefined;
  const directory = ns.directoryPath(dir);
  // In a real directory a name may appear, or the directory itself be replaced, without notice.
  return !host.node(dir.ino) && path.startsWith(`${directory}/`) && own(host, dir) ? 'free' : undefined;
}

/** Whether every directory on the path belongs to the branch alone. */
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
