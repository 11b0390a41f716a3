/** Requests about watches, and the ids of events. */
import { O_DIRECTORY } from '../../../core/constants.ts';
import { decodePath } from '../../../core/path-bytes.ts';
import { EventIdKind, RequestFlag, SubtreeMode } from '../../../core/protocol.ts';
import { type Answer, failure } from '../wire/request-frame.ts';
import { followOf, placeOf } from './operands.ts';
import type { Handler } from './request-context.ts';

/** The highest reported id: it is doubled twice on its way (agent/fsevents/event-id.ts). */
const MAX_EVENT_ID = 2 ** 51 - 1;

const idAnswer = (ino: number, data?: Uint8Array): Answer => ({ counts: { ino, size: 0, blocks: 0 }, data });

export const watch: Handler = (q, { agent }) => {
  const { data } = q;
  const inodes = Array.from({ length: data.length / 8 }, (_, i) => Number(data.readBigUInt64LE(i * 8)));
  const known = agent.watch(inodes, q.b !== 0);
  if (!(q.flags & RequestFlag.Reply)) return undefined;
  return known ? {} : failure('ENOTSUP');
};

export const subtree: Handler = (q, { session, agent }) => {
  const roots = decodePath(q.data)
    .split('\0')
    .filter((root) => root.startsWith('/'));
  if (q.flags > SubtreeMode.Replay) return failure('EINVAL');
  const known = agent.subtree(q.a, roots, q.flags, q.b);
  if (q.flags === SubtreeMode.Remove) return undefined;
  return known ? idAnswer(session.core.lastEventId) : failure('ENOTSUP');
};

export const eventId: Handler = (q, { session: { core, history } }) => {
  if (q.flags === EventIdKind.Before) return idAnswer(core.journal.before(q.a), history);
  if (q.a <= MAX_EVENT_ID) core.raiseEventId(q.a);
  return q.flags === EventIdKind.Raise ? undefined : idAnswer(core.lastEventId, history);
};

/** inotify_add_watch. */
export const notify: Handler = (q, { session, view }) => {
  const how = { ...followOf(q), directory: (q.flags & O_DIRECTORY) !== 0 };
  const found = session.inotify.watch(view, placeOf(q), how);
  return found ? { data: found.path, counts: { size: 0, blocks: 0, ino: found.inode } } : failure('ENOENT');
};
