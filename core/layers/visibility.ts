/**
 * Which branches see a change made in a branch below them.
 *
 * An event caused in branch X is delivered in branch Y iff Y's resolved view changed. It is not delivered if Y's own
 * layers decide the name (an entry, a whiteout, an opaque directory) or hold a copy of the inode. It carries the path
 * that the directory has in Y. A rename of which Y sees only one end becomes a creation or a removal there. Must be
 * evaluated right after the operation is committed.
 */
import { Detail, EventKind, type FsEvent } from '../events/fs-event.ts';
import type { LowerLayer } from './lower-layer.ts';
import { join, type Namespace } from './namespace.ts';

/** `event`, caused in `source`, as `branch` sees it; null if `branch` does not see it. */
export function visibleIn(event: FsEvent, source: Namespace, branch: Namespace): FsEvent | null {
  if (source === branch) return event;
  const layers = branch.layers();
  const depth = layers.indexOf(source.upper);
  if (depth < 0) return null;
  const above = layers.slice(0, depth);
  switch (event.kind) {
    case EventKind.Created:
    case EventKind.Removed: {
      const path = visiblePath(branch, above, event.parent, nameOf(event.path), event.ino);
      return path === null ? null : at(event, path);
    }
    case EventKind.Renamed:
      return renamed(event, branch, above);
    default:
      return changed(event, branch, above);
  }
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const at = (event: FsEvent, path: string): FsEvent => (event.path === path ? event : { ...event, path });

/** Whether a layer above has placed the directory, which is then only at that place. */
const placedAbove = (above: readonly LowerLayer[], ino: number): boolean =>
  above.some((layer) => layer.directory(ino) !== undefined);

/** Path of `name` in directory `dir`; null if the layers above decide the name or the directory is unreachable. */
function namePath(branch: Namespace, above: readonly LowerLayer[], dir: number, name: string): string | null {
  for (const layer of above) {
    const table = layer.directory(dir);
    if (table && (table.opaque || table.names.get(name))) return null;
  }
  const node = branch.node(dir);
  return node?.table && branch.reachable(node) ? join(branch.directoryPath(node), name) : null;
}

function visiblePath(
  branch: Namespace,
  above: readonly LowerLayer[],
  dir: number,
  name: string,
  ino: number,
): string | null {
  return placedAbove(above, ino) ? null : namePath(branch, above, dir, name);
}

function changed(event: FsEvent, branch: Namespace, above: readonly LowerLayer[]): FsEvent | null {
  if (above.some((layer) => layer.node(event.ino))) return null;
  if (event.detail & Detail.Orphan) return event;
  const path = visiblePath(branch, above, event.parent, nameOf(event.path), event.ino);
  if (path !== null) return at(event, path);
  // This path is hidden, but the inode may have others.
  const node = branch.node(event.ino);
  if (!node) return null;
  const other = branch.pathOf(node);
  return other.orphan ? null : at(event, other.path);
}

/** Translates a rename by comparing what each of its two names led to before and leads to now in the branch. */
function renamed(event: FsEvent, branch: Namespace, above: readonly LowerLayer[]): FsEvent | null {
  const { from: _from, fromParent = 0, replaced, ...rest } = event;
  const from = namePath(branch, above, fromParent, nameOf(event.from!));
  const to = namePath(branch, above, event.parent, nameOf(event.path));
  const moved = placedAbove(above, event.ino) ? undefined : pick(event);
  const other = !replaced || placedAbove(above, replaced.ino) ? undefined : replaced;
  const back = event.detail & Detail.Exchanged ? other : undefined;

  const change = (path: string, parent: number, before?: Some, after?: Some): FsEvent | null => {
    if (after)
      return { ...rest, ...after, kind: EventKind.Created, path, parent, replaced: before, detail: 0 };
    if (!before) return null;
    const node = branch.node(before.ino);
    const lives = node !== undefined && before.nlink > 0 && !branch.pathOf(node).orphan;
    const left = lives ? { nlink: before.nlink, detail: Detail.Link } : { nlink: 0, detail: 0 };
    return { ...rest, ...before, ...left, kind: EventKind.Removed, path, parent };
  };

  if (from === null) return to === null ? null : change(to, event.parent, other, moved);
  if (to === null) return change(from, fromParent, moved, back);
  if (moved) return { ...event, path: to, from, replaced: other, detail: other ? event.detail : 0 };
  // The moved inode is elsewhere in this branch, but the inode it was exchanged with did move between the names.
  if (back)
    return {
      ...rest,
      ...back,
      path: from,
      parent: fromParent,
      from: to,
      fromParent: event.parent,
      detail: 0,
    };
  return change(to, event.parent, other);
}

type Some = NonNullable<FsEvent['replaced']>;

const pick = ({ ino, type, nlink }: FsEvent): Some => ({ ino, type, nlink });
