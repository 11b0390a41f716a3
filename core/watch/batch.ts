/** The unit that streams deliver: events to be handled together. */
import type { Change } from './change.ts';
import { isControl } from './change.ts';
import { type WatchEvent, watchEvent } from './event-flag.ts';
import { covers, parentOf } from './paths.ts';

/**
 * Events of one delivery, to be handled as a whole: ids within a batch need not ascend.
 *
 * `lastId`: pass as `since` to resume after this batch.
 */
export interface WatchBatch extends ReadonlyArray<WatchEvent> {
  /** Highest event id up to this batch. */
  readonly lastId: number;
}

export function batchOf(changes: readonly Change[], since: number): WatchBatch {
  let lastId = since;
  for (const { id } of changes) if (id > lastId) lastId = id;
  return Object.assign(changes.map(watchEvent), { lastId });
}

/** Converts a batch for streams without file events: one event for each directory with changes, without flags. */
export function byDirectory(batch: WatchBatch, roots: readonly string[]): WatchBatch {
  const events = new Map<string, WatchEvent>();
  const note = (event: WatchEvent, child: string): void => {
    const parent = parentOf(child);
    const path = roots.some((root) => covers(root, parent)) ? parent : child;
    const known = events.get(path);
    if (known && known.id >= event.id) return;
    events.set(path, { kind: 'update', path, type: 'directory', id: event.id, time: event.time, flag: 0 });
  };
  const controls: WatchEvent[] = [];
  for (const event of batch) {
    if (isControl(event)) controls.push(event);
    else {
      note(event, event.path);
      if (event.from !== undefined) note(event, event.from);
    }
  }
  // history-done goes last: the directory events before it then also cover live changes, which is harmless.
  const first = controls.filter((event) => event.kind !== 'history-done');
  const last = controls.filter((event) => event.kind === 'history-done');
  return Object.assign([...first, ...events.values(), ...last], { lastId: batch.lastId });
}
