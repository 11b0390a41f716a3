/**
 * A change restricted to a scope: a watched path, a filter.
 *
 * A rename with only one end in scope is a creation or a removal. A directory that enters the scope is followed by
 * creations of its contents; for a directory that leaves, its removal implies theirs.
 */
import type { Change, ChangeType } from './change.ts';
import { isControl } from './change.ts';

/** A file found by listing a tree. */
export interface TreeEntry {
  /** Absolute path. */
  readonly path: string;
  /** Type of the file. */
  readonly type: ChangeType;
  /** Inode number; absent if the source does not know it. */
  readonly ino?: number;
}

/** The present contents of a directory, recursively, parents first; empty if it does not exist. */
export type Lister = (path: string) => Iterable<TreeEntry>;

export type Sees = (path: string, type: ChangeType) => boolean;

/** A creation; for a directory, with its contents. */
function* appearance(
  change: Change,
  path: string,
  type: ChangeType,
  sees: Sees,
  list: Lister,
): Generator<Change> {
  const { id, time, ino } = change;
  yield { kind: 'create', path, type, id, time, ...(path === change.path && { ino }) };
  if (type !== 'directory') return;
  for (const entry of list(path))
    if (sees(entry.path, entry.type)) yield { kind: 'create', ...entry, id, time };
}

function* scopedRename(change: Change, sees: Sees, list: Lister): Generator<Change> {
  const { path, from = '', type, replaced, exchanged, id, time } = change;
  const to = sees(path, type);
  const out = sees(from, type);
  const other = replaced ?? 'unknown';
  if (to && out) {
    yield change;
    return;
  }
  if (to) {
    if (replaced !== undefined) yield { kind: 'delete', path, type: other, id, time };
    yield* appearance(change, path, type, sees, list);
  } else if (out) {
    yield { kind: 'delete', path: from, type, id, time };
    if (exchanged) yield* appearance(change, from, other, sees, list);
  }
}

/** `change` restricted to the paths that `sees` accepts. Control changes pass unchanged. */
export function scoped(change: Change, sees: Sees, list: Lister): Iterable<Change> {
  if (isControl(change)) return [change];
  if (change.kind === 'rename') return scopedRename(change, sees, list);
  return sees(change.path, change.type) ? [change] : [];
}
