/** Converts an event of a core to changes for watchers; the only place that does. */
import { Detail, EventKind, type FsEvent } from '../events/fs-event.ts';
import type { Change } from './change.ts';

const KIND: Readonly<Partial<Record<EventKind, Change['kind']>>> = {
  [EventKind.Created]: 'create',
  [EventKind.Removed]: 'delete',
  [EventKind.Modified]: 'update',
  [EventKind.Renamed]: 'rename',
  [EventKind.Attrib]: 'attrib',
};

/** The fields of an event that watchers depend on; a host sends these to commands as well. */
export type WatchedEvent = Pick<
  FsEvent,
  'kind' | 'path' | 'from' | 'replaced' | 'type' | 'id' | 'time' | 'ino' | 'nlink' | 'detail'
>;

/** No change for an inode without a name; two if a creation replaced something. */
export function changesOf(event: WatchedEvent): readonly Change[] {
  const kind = KIND[event.kind];
  if (kind === undefined || event.detail & Detail.Orphan) return [];
  const { path, type, id, time, ino, nlink: links } = event;
  const change: Change = { kind, path, type, id, time, ino, links };
  if (kind === 'rename') {
    const exchanged = (event.detail & Detail.Exchanged) !== 0;
    return [
      {
        ...change,
        from: event.from,
        ...(event.replaced && { replaced: event.replaced.type }),
        ...(exchanged && { exchanged }),
      },
    ];
  }
  if (kind === 'create' && event.replaced)
    return [{ kind: 'delete', path, type: event.replaced.type, id, time, ino: event.replaced.ino }, change];
  return [change];
}
