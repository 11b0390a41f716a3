/** Requests that open a file or directory, and requests about open ones. */
import type { Attr } from '../../../core/attr.ts';
import { O_ACCMODE, O_PATH, O_RDONLY, X_OK } from '../../../core/constants.ts';
import { FsError } from '../../../core/errors.ts';
import type { RealName } from '../../../core/inotify/mirrors.ts';
import type { ObjectId, ReaderNumber } from '../../../core/numbers.ts';
import { OBJECT_NAMES, ReplyFlag, RequestFlag } from '../../../core/protocol.ts';
import { type Answer, failure } from '../wire/request-frame.ts';
import { openInPlace } from './in-place-requests.ts';
import { placeOf, text } from './operands.ts';
import type { Handler } from './request-context.ts';

export const objectName = (oid: ObjectId): Uint8Array => text(`${OBJECT_NAMES.objects}/${oid}`);

const byMirror = (attr: Attr, { path, inode }: RealName, flags = 0): Answer => ({
  flags,
  attr: { ...attr, rdev: inode },
  data: path,
});

export const open: Handler = (q, c) => {
  const { session, view, held } = c;
  const { inotify, core, placeholders } = session;
  const path = placeOf(q);
  let flags = q.flags;
  let { attr, created, dir, name } = view.open(path, flags, q.mode & ~q.umask);
  // A descriptor that only names a file (O_PATH) still needs an object.
  if (flags & O_PATH && attr.type === 'file') {
    flags = O_RDONLY;
    ({ attr, created, dir, name } = core
      .view(view.branch, { pid: view.who.pid, uid: 0, gid: 0, umask: 0 })
      .open({ dir: attr.ino, path: '' }, flags));
  }
  const result = { flags: created ? ReplyFlag.Created : 0, attr };
  const mirrorable = attr.type === 'directory' || attr.oid !== 0;
  const mirrored = mirrorable ? inotify.nameToOpen(view, attr.ino, attr.oid, dir, name) : undefined;
  if (mirrored && attr.oid === 0) return byMirror(attr, mirrored, result.flags);
  const real = attr.type === 'directory' ? undefined : view.lowerPath(attr.ino);
  if (real !== undefined && !(flags & O_PATH))
    return { attr: openInPlace(attr, c), flags: ReplyFlag.Lower, data: text(real) };
  if (attr.oid === 0) return { ...result, data: text(placeholders.of(c.binding, attr)) };
  held.opened(attr.oid, (flags & O_ACCMODE) !== O_RDONLY);
  if (mirrored) return byMirror(attr, mirrored, result.flags);
  return { ...result, data: objectName(attr.oid) };
};

/** The real name behind an open object or directory. */
export const where: Handler = (q, { session, view, binding }) => {
  const { core, inotify, placeholders } = session;
  const attr = q.a ? core.statObject(q.oid) : view.stat({ dir: q.dir, path: '' });
  const found = inotify.nameToOpen(view, attr.ino, q.oid, 0, '');
  if (found && !found.unreachable) return byMirror(attr, found);
  if (found) return failure('ENOENT');
  return { attr, data: q.a ? objectName(q.oid) : text(placeholders.of(binding, attr)) };
};

export const chdir: Handler = (q, { session, view, binding }) => {
  const attr = view.stat(placeOf(q));
  if (attr.type !== 'directory') throw new FsError('ENOTDIR', 'chdir', q.path);
  view.access({ dir: attr.ino, path: '' }, X_OK);
  return { attr, data: text(session.placeholders.of(binding, attr)) };
};

const heldNumberAt = (data: Buffer, at: number) =>
  Number(data.readBigUInt64LE(at)) as ObjectId | ReaderNumber;

/** Registers the descriptors that a process inherited by fork or exec. */
export const inherit: Handler = (q, { session, held }) => {
  const { data } = q;
  for (let at = 0; at + 8 <= data.length; at += 8) held.opened(heldNumberAt(data, at), true);
  if (!(q.flags & RequestFlag.Reply)) return undefined;
  return { attr: session.core.statObject(heldNumberAt(data, 0) as ObjectId) };
};

/** Finds the inode of a descriptor that survived an exec, by its real name in /proc. */
export const recover: Handler = (q, { session, view, held }) => {
  const found = session.inotify.recover(q.pathBytes, q.a);
  if (!found) return failure('ENOENT');
  if (found.oid === 0) return { attr: view.stat({ dir: found.ino, path: '' }) };
  held.opened(found.oid, true);
  return { attr: session.core.statObject(found.oid) };
};
