/** A tree rebuilt from events alone: the state of a listener that missed none. */
import { Detail, EventKind, type FsEvent } from '../../core/events/fs-event.ts';

export interface Known {
  readonly ino: number;
  readonly type: string;
}

/** Paths to inodes. The root itself has no events. */
export type KnownTree = Map<string, Known>;

type Told = Pick<FsEvent, 'kind' | 'path' | 'from' | 'ino' | 'type' | 'detail' | 'replaced'>;

/** Removes and returns the entries at or below `path`, with the rest of their paths. */
function cut(tree: KnownTree, path: string): [rest: string, known: Known][] {
  const found: [string, Known][] = [];
  for (const [at, known] of [...tree]) {
    if (at !== path && !at.startsWith(`${path}/`)) continue;
    tree.delete(at);
    found.push([at.slice(path.length), known]);
  }
  return found;
}

const top = (entries: [string, Known][]): number => entries.find(([rest]) => rest === '')?.[1].ino ?? 0;

/**
 * Applies an event to the tree. @throws Error if the tree does not permit it
 *
 * @param scan lists the contents of a directory that came into view
 */
export function apply(tree: KnownTree, event: Told, scan?: (path: string) => KnownTree): void {
  const { kind, path, from, ino, type } = event;
  const paste = (at: string, entries: [string, Known][]): void => {
    for (const [rest, known] of entries) tree.set(at + rest, known);
  };
  const replace = (): [string, Known][] => {
    const before = cut(tree, path);
    if (top(before) !== (event.replaced?.ino ?? 0)) throw new Error(`replaced something else: ${path}`);
    return before;
  };
  if (kind === EventKind.Created) {
    // Found already by a scan of its directory.
    if (scan && tree.get(path)?.ino === ino) return;
    replace();
    tree.set(path, { ino, type });
    if (type === 'directory' && scan) for (const [at, known] of scan(path)) tree.set(at, known);
  } else if (kind === EventKind.Removed) {
    if (top(cut(tree, path)) !== ino) throw new Error(`removed, but not there: ${path}`);
  } else if (kind === EventKind.Renamed) {
    const moved = cut(tree, from!);
    if (top(moved) !== ino) throw new Error(`renamed, but not there: ${from}`);
    const before = replace();
    paste(path, moved);
    if (event.detail & Detail.Exchanged) paste(from!, before);
  } else if (!(event.detail & Detail.Orphan) && path !== '/' && tree.get(path)?.ino !== ino)
    throw new Error(`changed, but not there: ${path}`);
}

export function replay(events: Iterable<FsEvent>): KnownTree {
  const tree: KnownTree = new Map();
  for (const event of events) apply(tree, event);
  return tree;
}
