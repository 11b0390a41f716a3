/**
 * A change as it looks through a window: a watched path, a filter.
 *
 * A rename of which only one end is in view is a creation or a removal. A directory that comes into view brings
 * what is in it; one that leaves takes it along, which the removal of the directory says.
 */
import type { Change, ChangeType } from './change.ts';
import { isControl } from './change.ts';

export interface Entry {
  readonly path: string;
  readonly type: ChangeType;
  readonly ino?: number;
}

/** What is below a directory now, parents first; nothing if it is gone. */
export type Lister = (path: string) => Iterable<Entry>;

export type Sees = (path: string, type: ChangeType) => boolean;

/** A creation, and of a directory what is in it. */
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

/** `change` as it is told to who sees only what `sees` says. Control changes pass everything. */
export function scoped(change: Change, sees: Sees, list: Lister): Iterable<Change> {
  if (isControl(change)) return [change];
  if (change.kind === 'rename') return scopedRename(change, sees, list);
  return sees(change.path, change.type) ? [change] : [];
}
