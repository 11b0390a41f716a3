/** Predicates and merges of single changes, for `Collapser`. */
import type { Change, ChangeType } from './change.ts';
import { type CollapseList, pathsOf } from './collapse-list.ts';
import { below, related } from './paths.ts';

/** Whether a deletion and a creation may be one update; never for directories. */
export const sameKindOfFile = (a: ChangeType, b: ChangeType): boolean =>
  a !== 'directory' && b !== 'directory' && (a === b || a === 'unknown' || b === 'unknown');

/** Whether a change only says to read the file again. */
export const isTouch = (change: Change): boolean => change.kind === 'update' || change.kind === 'attrib';

/** `earlier` with the id, time and attributes of `later`. */
export const merged = (earlier: Change, later: Change): Change => ({
  ...earlier,
  type: later.type === 'unknown' ? earlier.type : later.type,
  id: later.id,
  time: later.time,
  ...(later.ino !== undefined && { ino: later.ino }),
  ...(later.links !== undefined && { links: later.links }),
});

/** Whether the order of two changes matters. It does not for a directory's own touch and changes inside it. */
export function meets(a: Change, b: Change): boolean {
  return pathsOf(a).some((one) =>
    pathsOf(b).some(
      (other) =>
        related(one, other) && !(isTouch(a) && below(one, other)) && !(isTouch(b) && below(other, one)),
    ),
  );
}

/** Merges pairs that the backward walk leaves: `delete x`, `rename y → x` and `delete x`, `create x`. */
export function foldDeleted(list: CollapseList): Change[] {
  const all: (Change | undefined)[] = list.changes();
  const deleted = new Map<string, number>();
  for (const [i, change] of all.entries()) {
    if (!change) continue;
    const at = deleted.get(change.path);
    deleted.delete(change.path);
    if (change.kind === 'delete') deleted.set(change.path, i);
    if (at === undefined || change.exchanged || (change.kind !== 'rename' && change.kind !== 'create'))
      continue;
    const deletion = all[at]!;
    if (!sameKindOfFile(deletion.type, change.type)) continue;
    if (all.slice(at + 1, i).some((one) => one && meets(one, deletion))) continue;
    all[at] = undefined;
    all[i] =
      change.kind === 'create' ? { ...change, kind: 'update' } : { ...change, replaced: deletion.type };
  }
  return all.filter((change) => change !== undefined);
}
