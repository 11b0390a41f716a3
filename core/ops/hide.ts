/** Whiteouts on request: hides a name of lower layers in one branch. */
import { EventKind } from '../events/fs-event.ts';
import { Last, type Place, walk } from '../walk.ts';
import { fail, stampEntries, type ViewContext } from './view-context.ts';

/** Hides the inode at `place`, which may be a whole directory. Emits one Removed; nothing below it is changed. */
export function hide(view: ViewContext, place: Place): void {
  const { core, ns } = view;
  const at = walk(view, place, Last.Parent, 'hide');
  const node = at.node ?? fail('ENOENT', 'hide', place);
  if (at.kind !== 'name' || view.mounts.roots.has(node.ino)) fail('EBUSY', 'hide', place);
  const dir = ns.own(at.dir);
  core.now.read();
  const entry = dir.table!.names.get(at.name);
  if (entry) dir.table!.remove(entry);
  ns.whiteout(dir, at.name);
  stampEntries(dir, core.now);
  core.emit({ kind: EventKind.Removed, ns, pid: view.who.pid, node, dir, name: at.name, detail: 0 });
}
