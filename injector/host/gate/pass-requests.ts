/** Descriptors that the host opens for a process of another user, which may not reach the object directory. */
import { closeSync, constants, fchmodSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Attr } from '../../../core/attr.ts';
import { O_DIRECT, O_DIRECTORY, O_NOFOLLOW, O_PATH } from '../../../core/constants.ts';
import { checkLease } from '../../../core/content/object-file.ts';
import { OBJECT_NAMES, PassFlag, ReplyFlag } from '../../../core/protocol.ts';
import { libc } from '../../platform/libc.ts';
import { type Answer, failure } from '../wire/request-frame.ts';
import { objectName } from './open-requests.ts';
import type { Handler } from './request-context.ts';

/** Flags whose numbers differ between machines: the wire has Linux's generic ones. */
const MOVED = [
  [O_DIRECTORY, constants.O_DIRECTORY],
  [O_NOFOLLOW, constants.O_NOFOLLOW],
  [O_DIRECT, constants.O_DIRECT],
] as const;
/** Rights are those of the virtual FIFO; the process opens the real one by the descriptor it gets. */
const FIFO_MODE = 0o666;
/** They take effect at the first open, which was the gate's request. */
const CREATION = constants.O_CREAT | constants.O_EXCL | constants.O_TRUNC;

function nativeFlags(wire: number): number {
  let flags = wire;
  for (const [ours] of MOVED) flags &= ~ours;
  for (const [ours, native] of MOVED) if (wire & ours) flags |= native ?? 0;
  return flags & ~CREATION;
}

function passed(fd: number, attr?: Attr): Answer {
  const done = (): void => closeSync(fd);
  const failed = (): Answer => {
    done();
    return { flags: ReplyFlag.Retry };
  };
  return { attr, passed: { fd, done, failed } };
}

export const pass: Handler = (q, { session, view, binding, held }) => {
  const { inotify, placeholders, objects, core } = session;
  if (q.b === PassFlag.Objects) return passed(openSync(join(objects, OBJECT_NAMES.objects), O_PATH));
  if (q.b === PassFlag.Library) return passed(openSync(session.gate, constants.O_RDONLY));
  if (q.b === PassFlag.Page) return passed(openSync(join(objects, OBJECT_NAMES.shared), constants.O_RDWR));
  if (q.a && !held.has(q.oid)) return failure('EBADF');
  const attr = q.a ? core.statObject(q.oid) : view.stat({ dir: q.dir, path: '' });
  const mirrored =
    q.b === PassFlag.Placeholder ? undefined : inotify.nameToOpen(view, attr.ino, q.oid, 0, '');
  if (mirrored?.unreachable) return failure('ENOENT');
  const name = mirrored?.path ?? (q.a ? objectName(q.oid) : Buffer.from(placeholders.of(binding, attr)));
  const path =
    name[0] === 0x2f ? Buffer.from(name) : Buffer.from(join(objects, Buffer.from(name).toString()));
  if (attr.type === 'fifo' && !mirrored) libc().mkfifo(path.toString(), FIFO_MODE);
  const flags = attr.type === 'fifo' ? O_PATH : nativeFlags(q.flags);
  // A mirror's watchers would be notified of one open more.
  if (attr.type === 'file' && !mirrored && !(flags & O_PATH)) checkLease(path);
  const fd = openSync(path, flags);
  // It may be executed; for reading and writing the process has this descriptor alone.
  if (attr.type === 'file' && !mirrored && !(flags & O_PATH)) fchmodSync(fd, 0o755);
  return passed(fd, attr);
};
