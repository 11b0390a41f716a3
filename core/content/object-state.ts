/** Keeps size and times of inodes and of their object files in agreement. */
import { futimesSync } from 'node:fs';
import type { Inode } from '../layers/inode.ts';
import { type ObjectFds, type ObjectFile, UNREAD } from './object-file.ts';
import type { Quota } from './quota.ts';

/** How far the clock that a kernel stamps files with may lag behind the precise clock. Nanoseconds. */
const TICK = 10_000_000n;
const NS = 1_000_000_000n;
const BOTH = { access: true, modify: true };

export class ObjectState {
  readonly #fds: ObjectFds;
  readonly #quota: Quota;

  constructor(fds: ObjectFds, quota: Quota) {
    this.#fds = fds;
    this.#quota = quota;
  }

  /** Reads the object's size and times, and leaves the inode's times alone. */
  inspect(object: ObjectFile): void {
    const stat = this.#fds.stat(object);
    if (!stat) return;
    object.seenMtime = stat.mtimeNs;
    object.seenAtime = stat.atimeNs;
    object.blocks = Number(stat.blocks);
    this.#quota.resize(object.node, Number(stat.size));
  }

  /** Updates the inode from changes that native holders made to the object. */
  sync(node: Inode): void {
    const { object, lower } = node;
    if (lower && lower.record !== node && !object) node.size = lower.size();
    if (!object || object.holders.size === 0) return;
    this.syncObject(object);
  }

  syncObject(object: ObjectFile): void {
    const { node } = object;
    const mtime = object.seenMtime;
    const atime = object.seenAtime;
    this.inspect(object);
    const unread = mtime === UNREAD;
    if (unread && node.size === 0) object.reportedMtime = object.seenMtime;
    else if (object.seenMtime !== mtime) takeWriteTime(node, object.seenMtime);
    if (!unread && object.seenAtime !== atime) {
      node.atimeSec = Number(object.seenAtime / NS);
      node.atimeNsec = Number(object.seenAtime % NS);
    }
  }

  /** Records the object's current state as reported: the core's own operation has an event of its own. */
  markReported(node: Inode): void {
    const object = node.object!;
    this.inspect(object);
    object.reportedSize = node.size;
    object.reportedMtime = object.seenMtime;
  }

  /** Sets the object's times to the inode's, after a change of the inode's. Times not selected by `which` stay. */
  setTimes(node: Inode, which: { readonly access?: boolean; readonly modify?: boolean } = BOTH): void {
    const { object } = node;
    // Times of a FIFO are read from its inode alone, unless it is in a mirror and may be watched.
    if (!object || (!node.isFile() && !object.visible)) return;
    if (object.visible?.changedByCaller) return;
    const { access = false, modify = false } = which;
    if (object.visible) {
      const atime = access ? node.atimeSec + node.atimeNsec / 1e9 : undefined;
      object.visible.times(atime, modify ? node.mtimeSec + node.mtimeNsec / 1e9 : undefined);
    } else futimes(this.#fds.fd(object), node);
    this.markReported(node);
  }

  /** Sets a new object's times to the inode's, unless watchers would be notified of it. */
  alignTimes(node: Inode): void {
    if (node.object!.visible) this.markReported(node);
    else this.setTimes(node);
  }

  /** The process that opens the object is about to truncate it to zero; the event for that was emitted already. */
  truncatedByOpener(node: Inode): void {
    this.sync(node);
    this.#quota.resize(node, 0);
    node.object!.reportedSize = 0;
  }

  /** The core changed the inode's bytes and set its times: makes the object's and the inode's times equal. */
  stamp(node: Inode): void {
    const { object } = node;
    if (!object) return;
    if (object.visible?.changedByCaller) return;
    // Setting them on a visible file would cause an inotify event of its own.
    if (!object.visible) this.setTimes(node);
    else {
      this.markReported(node);
      takeWriteTime(node, object.seenMtime);
    }
  }
}

/** Sets mtime and ctime after a write. A write is never older than the core's last change, even if the kernel's clock lags. */
function takeWriteTime(node: Inode, mtime: bigint): void {
  const before = BigInt(node.mtimeSec) * NS + BigInt(node.mtimeNsec);
  const at = mtime < before && before - mtime < TICK ? before : mtime;
  node.mtimeSec = node.ctimeSec = Number(at / NS);
  node.mtimeNsec = node.ctimeNsec = Number(at % NS);
}

function futimes(fd: number, node: Inode): void {
  futimesSync(fd, node.atimeSec + node.atimeNsec / 1e9, node.mtimeSec + node.mtimeNsec / 1e9);
}
