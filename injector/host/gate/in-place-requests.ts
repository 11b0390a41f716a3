/** Requests about real files that a process reads where they are, and their copies. */
import { statSync } from 'node:fs';
import type { Attr } from '../../../core/attr.ts';
import { generationIndex, LIMITS, ReplyFlag, RepointFlag } from '../../../core/protocol.ts';
import { type Answer, failure, type ReplyAttr } from '../wire/request-frame.ts';
import type { Handler, RequestContext } from './request-context.ts';

/** A real file's attributes, with the reader's number as object id and the generation at which to ask for a copy. */
export function openInPlace(attr: Attr, { session, view, holder }: RequestContext): ReplyAttr {
  if (attr.type !== 'file') return attr;
  const oid = session.inPlace.opened(attr.ino, view.branch, holder);
  return { ...attr, oid, slot: session.page.generation(generationIndex(attr.ino)) };
}

/** The copy that a reader continues with. */
export const repoint: Handler = (q, { session, view, holder, held }) => {
  const { inPlace, log } = session;
  if (q.mode > LIMITS.MAX_FDS) return failure('EINVAL');
  const ino = q.dir;
  const id = q.heldNumber;
  const [locked, mapped] = [(q.flags & RepointFlag.Locked) !== 0, (q.flags & RepointFlag.Mapped) !== 0];
  const facts = { pid: holder.peer.pid, ino, locked, mapped };
  // A fork child whose parent ended before the child was known becomes a reader of its own.
  const reader = inPlace.has(id) ? id : inPlace.opened(ino, view.branch, holder);
  const copy = locked ? undefined : inPlace.repoint(reader, q.b);
  if (!copy) {
    if (locked) log.warn(facts, 'a reader keeps the real file because of its lock: it does not see the copy');
    if (reader !== id) inPlace.closed(reader, holder);
    return { flags: ReplyFlag.Lower };
  }
  if (mapped) log.warn(facts, 'a map of the real file keeps its bytes: the copy is read by descriptor only');
  const descriptors = q.mode;
  const done = (): void => {
    for (let i = 0; i < descriptors; i++) held.opened(copy.attr.oid, false);
    inPlace.closed(reader, holder, reader === id ? descriptors : 1);
  };
  const failed = (): Answer => ({ flags: ReplyFlag.Lower | ReplyFlag.Retry });
  return { attr: copy.attr, passed: { fd: copy.fd, done, failed } };
};

/** An inherited descriptor of a real file becomes a reader. */
export const adopt: Handler = (q, { session, view, holder }) => {
  const { inPlace, page, core } = session;
  const { pid } = holder.peer;
  const ino = core.realInode(q.path, statSync(`/proc/${pid}/fd/${q.a}`, { bigint: true }));
  if (ino === undefined) return failure('ESTALE');
  const attr = view.stat({ dir: ino, path: '' });
  if (attr.type !== 'file') return failure('ESTALE');
  const known = inPlace.shared(attr.ino, pid, q.a);
  if (known !== undefined) inPlace.held(known, holder);
  const oid = known ?? inPlace.opened(attr.ino, view.branch, holder);
  // It may have been copied up before: an outdated generation makes its first read ask.
  return { attr: { ...attr, oid, slot: (page.generation(generationIndex(attr.ino)) - 1) >>> 0 } };
};
