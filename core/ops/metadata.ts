/** Operations on an inode's attributes: mode, owner, times. */
import type { Timespec } from '../clock.ts';
import { KEEP_ID, S_IFMT, S_ISGID, S_ISUID, W_OK } from '../constants.ts';
import { Detail, EventKind } from '../events/fs-event.ts';
import type { Inode } from '../layers/inode.ts';
import { inGroup, isOwner } from '../permission.ts';
import type { Place } from '../walk.ts';
import { fail, type Located, locate, requireMay, stampChange, type ViewContext } from './view-context.ts';

function change(view: ViewContext, at: Located, detail: number, apply: (node: Inode) => void): void {
  const node = view.ns.own(at.node);
  const now = view.core.now.read();
  apply(node);
  stampChange(node, now);
  const { core, ns, who } = view;
  core.emit({ kind: EventKind.Attrib, ns, pid: who.pid, node, dir: at.dir, name: at.name, detail });
}

export function chmod(view: ViewContext, place: Place, mode: number, follow: boolean): void {
  const { who } = view;
  const at = locate(view, place, follow, 'chmod');
  const { node } = at;
  if (node.symlink !== '') fail('ENOTSUP', 'chmod', place);
  if (!isOwner(who, node)) fail('EPERM', 'chmod', place);
  const drop = who.uid !== 0 && !inGroup(who, node.gid) ? S_ISGID : 0;
  change(view, at, Detail.Mode, (own) => {
    own.mode = (own.mode & S_IFMT) | (mode & 0o7777 & ~drop);
  });
}

/** @param uid @param gid -1 or 0xffffffff leaves the id unchanged */
export function chown(view: ViewContext, place: Place, uid: number, gid: number, follow: boolean): void {
  const { who } = view;
  const at = locate(view, place, follow, 'chown');
  const { node } = at;
  const keepUid = uid < 0 || uid === KEEP_ID;
  const keepGid = gid < 0 || gid === KEEP_ID;
  if (who.uid !== 0) {
    if (!keepUid && (uid !== node.uid || who.uid !== node.uid)) fail('EPERM', 'chown', place);
    if (!keepGid && (who.uid !== node.uid || (gid !== node.gid && !inGroup(who, gid))))
      fail('EPERM', 'chown', place);
  }
  if (keepUid && keepGid) {
    // As in the kernel: ctime changes, and no event is emitted.
    stampChange(view.ns.own(node), view.core.now.read());
    return;
  }
  change(view, at, Detail.Owner, (own) => {
    if (!keepUid) own.uid = uid;
    if (!keepGid) own.gid = gid;
    if (!own.table) own.mode &= own.mode & 0o10 ? ~(S_ISUID | S_ISGID) : ~S_ISUID;
  });
}

/** A time to set; `now` is the core's clock, `omit` leaves the time unchanged. */
export type TimeChange = Timespec | 'now' | 'omit';

export function utimens(
  view: ViewContext,
  place: Place,
  atime: TimeChange,
  mtime: TimeChange,
  follow: boolean,
): void {
  const { who, core } = view;
  const at = locate(view, place, follow, 'utime');
  const { node } = at;
  if (atime === 'omit' && mtime === 'omit') return;
  if (!isOwner(who, node)) {
    if (atime !== 'now' || mtime !== 'now') fail('EPERM', 'utime', place);
    requireMay(view, node, W_OK, 'utime', place);
  }
  for (const time of [atime, mtime])
    if (typeof time === 'object' && !(time.nsec >= 0 && time.nsec < 1e9)) fail('EINVAL', 'utime', place);
  core.content.sync(node);
  const one = mtime === 'omit' ? Detail.AccessTime : atime === 'omit' ? Detail.ModifyTime : 0;
  change(view, at, Detail.Times | one, (own) => {
    const { now } = core;
    if (atime !== 'omit') {
      own.atimeSec = atime === 'now' ? now.sec : atime.sec;
      own.atimeNsec = atime === 'now' ? now.nsec : atime.nsec;
    }
    if (mtime !== 'omit') {
      own.mtimeSec = mtime === 'now' ? now.sec : mtime.sec;
      own.mtimeNsec = mtime === 'now' ? now.nsec : mtime.nsec;
    }
    core.content.setTimes(own, { access: atime !== 'omit', modify: mtime !== 'omit' });
  });
}
