/**
 * What each request of a gate asks of the core. One entry an op; everything that decides is in `core`.
 */
import type { Attr } from '../../core/attr.ts';
import {
  AT_EMPTY_PATH,
  AT_REMOVEDIR,
  AT_SYMLINK_FOLLOW,
  AT_SYMLINK_NOFOLLOW,
  O_ACCMODE,
  O_DIRECTORY,
  O_PATH,
  O_RDONLY,
  W_OK,
  X_OK,
} from '../../core/constants.ts';
import { FsError } from '../../core/errors.ts';
import type { FsCore } from '../../core/fs-core.ts';
import type { FsView, Place } from '../../core/fs-view.ts';
import type { RealName } from '../../core/inotify/mirrors.ts';
import type { TimeChange } from '../../core/ops/metadata.ts';
import { decodePath, encodePath } from '../../core/path-bytes.ts';
import { BY_DESCRIPTOR, DIRENT, OBJECT_NAMES, Op, ReplyFlag, WireType } from '../../core/protocol.ts';
import { type Answer, failure, putU64, type RequestFrame } from './request-frame.ts';
import { SocketNames } from './socket-names.ts';

/** What a request runs against: the asking process's own view. */
export interface RequestContext {
  readonly core: FsCore;
  readonly view: FsView;
  readonly binding: number;
  /** Name of what descriptors and working directories of an inode without an object stand on. */
  placeholder(attr: Attr): string;
  /** The process opened, or gave up, one descriptor of an object. */
  opened(oid: number, writing: boolean): void;
  closed(oid: number): void;
  /** Native writes happened to an object. */
  wrote(oid: number): void;
  rang(oid: number): void;
  /** A real file is about to be read where it is. */
  readInPlace(attr: Attr): Attr;
  repoint(q: RequestFrame): Answer;
  adopt(q: RequestFrame): Answer;
  stat(place: Place, options: { readonly follow: boolean }): Answer;
  /** @returns false when the process has no agent */
  watch(inodes: readonly number[], on: boolean): boolean;
  /** @returns false when the process has no agent */
  subtree(stream: number, roots: readonly string[], mode: SubtreeMode, since: number): boolean;
  /** inotify_add_watch. @returns the real path to watch, undefined for what has no name left */
  notify(place: Place, how: { readonly follow: boolean; readonly directory: boolean }): RealName | undefined;
  /** The name to open what was found by, where it is not the object's own. @param oid 0 for a directory */
  nameToOpen(ino: number, oid: number, dir: number, name: string): RealName | undefined;
  /** Change an inode for somebody who holds a descriptor of it. @returns whether it is to be changed by that, too */
  byDescriptor(ino: number, change: () => void): boolean;
  /** What a real name that was opened once stands for. */
  recover(path: Buffer, inode: number): { readonly ino: number; readonly oid: number } | undefined;
  /** Names what event ids are told of: another core has another one. 16 bytes. */
  readonly history: Uint8Array;
}

export const SUBTREE_MODES = ['forget', 'hear', 'replay'] as const;
export type SubtreeMode = (typeof SUBTREE_MODES)[number];

type Handler = (q: RequestFrame, c: RequestContext) => Answer | undefined;

/** With `dir` and no path: the inode itself. */
const place = (q: RequestFrame): Place => (q.dir ? { dir: q.dir, path: q.path } : { path: q.path });
const place2 = (q: RequestFrame): Place => (q.dir2 ? { dir: q.dir2, path: q.path2 } : { path: q.path2 });
const follow = (q: RequestFrame) => ({ follow: (q.flags & AT_SYMLINK_NOFOLLOW) === 0 });
const text = (s: string): Uint8Array => encodePath(s);

function open(q: RequestFrame, c: RequestContext): Answer {
  const path = place(q);
  let flags = q.flags;
  let { attr, created, dir, name } = c.view.open(path, flags, q.mode & ~q.umask);
  // A descriptor that only names a file still wants something of its own to stand on.
  if (flags & O_PATH && attr.type === 'file') {
    flags = O_RDONLY;
    ({ attr, created, dir, name } = c.core
      .view(c.view.branch, { pid: c.view.who.pid, uid: 0, gid: 0, umask: 0 })
      .open({ dir: attr.ino, path: '' }, flags));
  }
  const result = { flags: created ? ReplyFlag.Created : 0, attr };
  const mirrorable = attr.type === 'directory' || attr.oid !== 0;
  const mirrored = mirrorable ? c.nameToOpen(attr.ino, attr.oid, dir, name) : undefined;
  if (mirrored && attr.oid === 0) return byName(attr, mirrored, result.flags);
  const real = attr.type === 'directory' ? undefined : c.view.lowerPath(attr.ino);
  if (real !== undefined && !(flags & O_PATH))
    return { attr: c.readInPlace(attr), flags: ReplyFlag.Lower, data: text(real) };
  if (attr.oid === 0) return { ...result, data: text(c.placeholder(attr)) };
  c.opened(attr.oid, (flags & O_ACCMODE) !== O_RDONLY);
  if (mirrored) return byName(attr, mirrored, result.flags);
  return { ...result, data: text(`${OBJECT_NAMES.objects}/${attr.oid}`) };
}

const byName = (attr: Attr, { path, inode }: RealName, flags = 0): Answer => ({
  flags,
  attr: { ...attr, rdev: inode },
  data: path,
});

function where(q: RequestFrame, c: RequestContext): Answer {
  const attr = q.a ? c.core.statObject(q.a) : c.view.stat({ dir: q.dir, path: '' });
  const found = c.nameToOpen(attr.ino, q.a, 0, '');
  if (found && !found.unreachable) return byName(attr, found);
  if (found) return failure('ENOENT');
  return { attr, data: text(q.a ? `${OBJECT_NAMES.objects}/${q.a}` : c.placeholder(attr)) };
}

function readdir(q: RequestFrame, c: RequestContext): Answer {
  const room = Math.min(q.b, 32 * 1024);
  const entries = c.view.readdir({ dir: q.dir, path: '' }, q.a, { bytes: room });
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
  return { data };
}

function socket(q: RequestFrame, c: RequestContext): Answer {
  const names = SocketNames.of(c.core);
  if (q.flags === 2) return { data: names.get(q.a) };
  if (q.flags === 1) {
    const attr = c.view.bindSocket(place(q), q.mode & ~q.umask);
    names.keep(attr.oid, q.data);
    return { attr, data: text(`${OBJECT_NAMES.objects}/${attr.oid}`) };
  }
  const attr = c.view.stat(place(q));
  c.view.access(place(q), W_OK);
  if (attr.type !== 'socket') return { attr };
  const real = c.view.lowerPath(attr.ino);
  if (real !== undefined) return { attr, flags: ReplyFlag.Lower, data: text(real) };
  return attr.oid === 0 ? { attr } : { attr, data: text(`${OBJECT_NAMES.objects}/${attr.oid}`) };
}

const UTIME_NOW = 0x3fffffff;
const UTIME_OMIT = 0x3ffffffe;
function timeAt(data: Buffer, at: number): TimeChange {
  const nsec = Number(data.readBigInt64LE(at + 8));
  if (nsec === UTIME_NOW) return 'now';
  if (nsec === UTIME_OMIT) return 'omit';
  return { sec: Number(data.readBigInt64LE(at)), nsec };
}

/** The highest that is told: it is doubled twice on its way (agent/fsevents/event-id.ts). */
const MAX_EVENT_ID = 2 ** 51 - 1;
const idAnswer = (ino: number, data?: Uint8Array): Answer => ({ counts: { ino, size: 0, blocks: 0 }, data });

function subtree(q: RequestFrame, c: RequestContext): Answer | undefined {
  const roots = decodePath(q.data)
    .split('\0')
    .filter((root) => root.startsWith('/'));
  const mode = SUBTREE_MODES[q.flags];
  if (!mode) return failure('EINVAL');
  const known = c.subtree(q.a, roots, mode, q.b);
  if (mode === 'forget') return undefined;
  return known ? idAnswer(c.core.lastEventId) : failure('ENOTSUP');
}

function eventId(q: RequestFrame, c: RequestContext): Answer | undefined {
  const { core } = c;
  if (q.flags === 1) return idAnswer(core.journal.before(q.a), c.history);
  if (q.a <= MAX_EVENT_ID) core.raiseEventId(q.a);
  return q.flags === 2 ? undefined : idAnswer(core.lastEventId, c.history);
}

const none: Answer = {};
const done = (_: unknown): Answer => none;

/** A change of attributes or length. */
function change(q: RequestFrame, c: RequestContext, apply: () => void): Answer {
  if (q.flags & BY_DESCRIPTOR) return c.byDescriptor(q.dir, apply) ? { flags: ReplyFlag.Tell } : none;
  apply();
  return none;
}

export const HANDLERS: Partial<Record<number, Handler>> = {
  [Op.Stat]: (q, c) => c.stat(place(q), follow(q)),
  [Op.Open]: open,
  [Op.Access]: (q, c) => done(c.view.access(place(q), q.mode, follow(q))),
  [Op.Mkdir]: (q, c) => done(c.view.mkdir(place(q), q.mode & ~q.umask)),
  [Op.Unlink]: (q, c) => done(q.flags & AT_REMOVEDIR ? c.view.rmdir(place(q)) : c.view.unlink(place(q))),
  [Op.Rename]: (q, c) => done(c.view.rename(place(q), place2(q), q.flags)),
  [Op.Link]: (q, c) =>
    done(c.view.link(place(q), place2(q), { follow: (q.flags & (AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) !== 0 })),
  [Op.Symlink]: (q, c) => done(c.view.symlink(decodePath(q.data), place(q))),
  [Op.Readlink]: (q, c) => ({ data: text(c.view.readlink(place(q))) }),
  [Op.Chmod]: (q, c) => change(q, c, () => c.view.chmod(place(q), q.mode, follow(q))),
  [Op.Chown]: (q, c) => change(q, c, () => c.view.chown(place(q), q.a, q.b, follow(q))),
  [Op.Utimens]: (q, c) =>
    change(q, c, () => c.view.utimens(place(q), timeAt(q.data, 0), timeAt(q.data, 16), follow(q))),
  [Op.Truncate]: (q, c) => change(q, c, () => c.view.truncate(place(q), q.signedA)),
  [Op.Readdir]: readdir,
  [Op.Getpath]: (q, c) => ({
    attr: c.view.stat({ dir: q.dir, path: '' }),
    data: text(c.view.pathOf(q.dir).path),
  }),
  [Op.Getxattr]: (q, c) => ({ data: c.view.getxattr(place(q), q.data.toString(), follow(q)) }),
  [Op.Setxattr]: (q, c) =>
    change(q, c, () => c.view.setxattr(place(q), q.path2, Buffer.from(q.data), q.mode, follow(q))),
  [Op.Listxattr]: (q, c) => ({
    data: Buffer.from(
      c.view
        .listxattr(place(q), follow(q))
        .map((name) => `${name}\0`)
        .join(''),
    ),
  }),
  [Op.Removexattr]: (q, c) => change(q, c, () => c.view.removexattr(place(q), q.data.toString(), follow(q))),
  [Op.Mknod]: (q, c) => done(c.view.mknod(place(q), q.mode & ~q.umask)),
  [Op.Socket]: socket,
  [Op.Statfs]: (q, c) => {
    const { blocks, free, files } = c.view.statfs(place(q));
    return { counts: { size: free * 4096, blocks, ino: files } };
  },
  [Op.Chdir]: (q, c) => {
    const attr = c.view.stat(place(q));
    if (attr.type !== 'directory') throw new FsError('ENOTDIR', 'chdir', q.path);
    c.view.access({ dir: attr.ino, path: '' }, X_OK);
    return { attr, data: text(c.placeholder(attr)) };
  },
  [Op.Inherit]: (q, c) => {
    const data = q.data;
    for (let at = 0; at + 8 <= data.length; at += 8) c.opened(Number(data.readBigUInt64LE(at)), true);
    if (!(q.flags & 1)) return undefined;
    return { attr: c.core.statObject(Number(data.readBigUInt64LE(0))) };
  },
  [Op.Repoint]: (q, c) => c.repoint(q),
  [Op.Adopt]: (q, c) => c.adopt(q),
  [Op.Binding]: (_, c) => ({ counts: { size: 0, blocks: 0, ino: c.binding } }),
  [Op.Close]: (q, c) => {
    c.closed(q.a);
    return undefined;
  },
  [Op.Wrote]: (q, c) => {
    c.wrote(q.a);
    return none;
  },
  [Op.Grow]: (q, c) => ({
    counts: { size: 0, blocks: 0, ino: c.core.content.grow(q.a, q.b, q.flags & 1 ? q.dir2 : undefined) },
  }),
  [Op.Watch]: (q, c) => {
    const data = q.data;
    const inodes = Array.from({ length: data.length / 8 }, (_, i) => Number(data.readBigUInt64LE(i * 8)));
    const known = c.watch(inodes, q.b !== 0);
    if (!(q.flags & 1)) return undefined;
    return known ? none : failure('ENOTSUP');
  },
  [Op.Subtree]: subtree,
  [Op.EventId]: eventId,
  [Op.Notify]: (q, c) => {
    const found = c.notify(place(q), { ...follow(q), directory: (q.flags & O_DIRECTORY) !== 0 });
    return found ? { data: found.path, counts: { size: 0, blocks: 0, ino: found.inode } } : failure('ENOENT');
  },
  [Op.Recover]: (q, c) => {
    const found = c.recover(q.pathBytes, q.a);
    if (!found) return failure('ENOENT');
    if (found.oid === 0) return { attr: c.view.stat({ dir: found.ino, path: '' }) };
    c.opened(found.oid, true);
    return { attr: c.core.statObject(found.oid) };
  },
  [Op.Where]: where,
  [Op.Ring]: (q, c) => {
    c.rang(q.a);
    return undefined;
  },
};
