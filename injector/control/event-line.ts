/** Events as commands receive them (names instead of numbers), and back. */
import { Detail, EventKind, type FsEvent, kindName } from '../../core/events/fs-event.ts';
import type { WatchedEvent } from '../../core/watch/event-change.ts';
import type { EventLine } from './methods.ts';

const DETAILS = Object.entries(Detail);

export function eventLine(event: FsEvent): EventLine {
  const { id, kind, path, from, replaced, ino, pid, branch, time, type, nlink, detail } = event;
  const names = DETAILS.filter(([, bit]) => detail & bit).map(([name]) => name);
  return {
    id,
    kind: kindName(kind),
    path,
    ...(from !== undefined && { from }),
    ...(replaced && { replaced }),
    ino,
    pid,
    branch,
    time,
    type,
    nlink,
    detail: names,
  };
}

/** A name that this version does not know is left out: the host may be newer. Undefined for an unknown kind. */
export function eventOfLine(line: EventLine): WatchedEvent | undefined {
  const kind: EventKind | undefined = EventKind[line.kind];
  if (kind === undefined) return undefined;
  const known: Readonly<Record<string, number>> = Detail;
  const detail = line.detail.reduce((bits, name) => bits | (known[name] ?? 0), 0);
  return { ...line, kind, detail };
}
