/** The handler of each request of a gate. The decisions are the core's. */
import { AT_EACCESS, AT_EMPTY_PATH, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, W_OK } from '../../../core/constants.ts';
import { decodePath, encodePath } from '../../../core/path-bytes.ts';
import {
  BY_DESCRIPTOR,
  DIRENT,
  GrowFlag,
  Op,
  ReplyFlag,
  SocketUse,
  WireType,
} from '../../../core/protocol.ts';
import { SocketNames } from '../session/socket-names.ts';
import { type Answer, putU64, type RequestFrame } from '../wire/request-frame.ts';
import { cacheableStat } from './cacheable-stat.ts';
import { eventId, notify, subtree, watch } from './event-requests.ts';
import { adopt, repoint } from './in-place-requests.ts';
import { chdir, inherit, objectName, open, recover, where } from './open-requests.ts';
import { followOf, placeOf, secondPlaceOf, text, timeAt } from './operands.ts';
import { pass } from './pass-requests.ts';
import type { Handler, RequestContext } from './request-context.ts';

const MAX_PAGE_BYTES = 32 * 1024;

const none: Answer = {};
const done = (_: unknown): Answer => none;

const stat: Handler = (q, { session, view }) => {
  const { core, page, writes } = session;
  const place = placeOf(q);
  return cacheableStat({
    view,
    place,
    follow: followOf(q).follow,
    generations: page,
    isCacheable: ({ oid }) => !writes.isWritable(oid),
    // Changes of the real directories raise no generation: the gate compares the real file.
    realDependency:
      core.overlays.length === 0 ? () => 'free' : (found) => core.realDependency(view.branch, place, found),
  });
};

const readdir: Handler = (q, { view }) => {
  const room = Math.min(q.b, MAX_PAGE_BYTES);
  const entries = view.readdir({ dir: q.dir, path: '' }, q.a, { bytes: room, until: q.dir2 || undefined });
  const names = entries.map((entry) => encodePath(entry.name));
  const sizes = names.map((name) => DIRENT.size + Math.ceil(name.length / 8) * 8);
  const data = Buffer.alloc(sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  entries.forEach((entry, i) => {
    putU64(data, entry.ino, at + DIRENT.at.ino);
    putU64(data, entry.cookie, at + DIRENT.at.next);
    data.writeUInt16LE(sizes[i]!, at + DIRENT.at.length);
    data[at + DIRENT.at.type] = WireType[entry.type];
    data.writeUInt32LE(names[i]!.length, at + DIRENT.at.name_length);
    data.set(names[i]!, at + DIRENT.size);
    at += sizes[i]!;
  });
  return { data, counts: { size: 0, blocks: 0, ino: view.listingEnd() } };
};

const socket: Handler = (q, { session, view }) => {
  const names = SocketNames.of(session.core);
  if (q.flags === SocketUse.Bound) return { data: names.get(q.oid) };
  if (q.flags === SocketUse.Make) {
    const attr = view.bindSocket(placeOf(q), q.mode & ~q.umask);
    names.keep(attr.oid, q.data);
    return { attr, data: objectName(attr.oid) };
  }
  const attr = view.stat(placeOf(q));
  view.access(placeOf(q), W_OK);
  if (attr.type !== 'socket') return { attr };
  const real = view.lowerPath(attr.ino);
  if (real !== undefined) return { attr, flags: ReplyFlag.Lower, data: text(real) };
  return attr.oid === 0 ? { attr } : { attr, data: objectName(attr.oid) };
};

/** A change of attributes or length. */
function change(q: RequestFrame, { session, view }: RequestContext, apply: () => void): Answer {
  if (q.flags & BY_DESCRIPTOR)
    return session.inotify.byDescriptor(view, q.dir, apply) ? { flags: ReplyFlag.Tell } : none;
  apply();
  return none;
}

const listxattr: Handler = (q, { view }) => {
  const names = view.listxattr(placeOf(q), followOf(q)).map((name) => `${name}\0`);
  return { data: Buffer.from(names.join('')) };
};

const link: Handler = (q, { view }) => {
  const follow = (q.flags & (AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) !== 0;
  return done(view.link(placeOf(q), secondPlaceOf(q), { follow }));
};

const statfs: Handler = (q, { view }) => {
  const { blocks, free, files } = view.statfs(placeOf(q));
  return { counts: { size: free * 4096, blocks, ino: files } };
};

const count = (ino: number): Answer => ({ counts: { size: 0, blocks: 0, ino } });

export const HANDLERS: Partial<Record<number, Handler>> = {
  [Op.Stat]: stat,
  [Op.Open]: open,
  [Op.Access]: (q, { view, realView }) =>
    done((q.flags & AT_EACCESS ? view : realView).access(placeOf(q), q.mode, followOf(q))),
  [Op.Credentials]: (q, c) => done(c.credentialsChanged(q.a)),
  [Op.Pass]: pass,
  [Op.Mkdir]: (q, { view }) => done(view.mkdir(placeOf(q), q.mode & ~q.umask)),
  [Op.Unlink]: (q, { view }) =>
    done(q.flags & AT_REMOVEDIR ? view.rmdir(placeOf(q)) : view.unlink(placeOf(q))),
  [Op.Rename]: (q, { view }) => done(view.rename(placeOf(q), secondPlaceOf(q), q.flags)),
  [Op.Link]: link,
  [Op.Symlink]: (q, { view }) => done(view.symlink(decodePath(q.data), placeOf(q))),
  [Op.Readlink]: (q, { view }) => ({ data: text(view.readlink(placeOf(q))) }),
  [Op.Chmod]: (q, c) => change(q, c, () => c.view.chmod(placeOf(q), q.mode, followOf(q))),
  [Op.Chown]: (q, c) => change(q, c, () => c.view.chown(placeOf(q), q.a, q.b, followOf(q))),
  [Op.Utimens]: (q, c) =>
    change(q, c, () => c.view.utimens(placeOf(q), timeAt(q.data, 0), timeAt(q.data, 16), followOf(q))),
  [Op.Truncate]: (q, c) => change(q, c, () => c.view.truncate(placeOf(q), q.signedA)),
  [Op.Readdir]: readdir,
  [Op.Getpath]: (q, { view }) => ({
    attr: view.stat({ dir: q.dir, path: '' }),
    data: text(view.pathOf(q.dir).path),
  }),
  [Op.Getxattr]: (q, { view }) => ({ data: view.getxattr(placeOf(q), q.data.toString(), followOf(q)) }),
  [Op.Setxattr]: (q, c) =>
    change(q, c, () => c.view.setxattr(placeOf(q), q.path2, Buffer.from(q.data), q.mode, followOf(q))),
  [Op.Listxattr]: listxattr,
  [Op.Removexattr]: (q, c) =>
    change(q, c, () => c.view.removexattr(placeOf(q), q.data.toString(), followOf(q))),
  [Op.Mknod]: (q, { view }) => done(view.mknod(placeOf(q), q.mode & ~q.umask, q.a)),
  [Op.Socket]: socket,
  [Op.Statfs]: statfs,
  [Op.Chdir]: chdir,
  [Op.Inherit]: inherit,
  [Op.Repoint]: repoint,
  [Op.Adopt]: adopt,
  [Op.Binding]: (_, { binding }) => count(binding),
  [Op.Close]: (q, { held }) => void held.closed(q.heldNumber),
  [Op.Wrote]: (q, { session, holder }) => done(session.writes.take(q.oid, holder.peer.pid)),
  [Op.Grow]: (q, { session }) =>
    count(session.core.content.grow(q.oid, q.b, q.flags & GrowFlag.Partial ? q.dir2 : undefined)),
  [Op.Watch]: watch,
  [Op.Subtree]: subtree,
  [Op.EventId]: eventId,
  [Op.Notify]: notify,
  [Op.Recover]: recover,
  [Op.Where]: where,
  [Op.Ring]: (q, { session }) => void session.writes.ring(q.oid),
};
