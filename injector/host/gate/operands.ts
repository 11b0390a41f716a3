/** Parts of a request as the core's operations take them. */
import { AT_SYMLINK_NOFOLLOW } from '../../../core/constants.ts';
import type { Place } from '../../../core/fs-view.ts';
import type { TimeChange } from '../../../core/ops/metadata.ts';
import { encodePath } from '../../../core/path-bytes.ts';
import type { RequestFrame } from '../wire/request-frame.ts';

/** With `dir` and no path: the inode itself. */
export const placeOf = (q: RequestFrame): Place => (q.dir ? { dir: q.dir, path: q.path } : { path: q.path });
export const secondPlaceOf = (q: RequestFrame): Place =>
  q.dir2 ? { dir: q.dir2, path: q.path2 } : { path: q.path2 };
export const followOf = (q: RequestFrame) => ({ follow: (q.flags & AT_SYMLINK_NOFOLLOW) === 0 });
export const text = (s: string): Uint8Array => encodePath(s);

const UTIME_NOW = 0x3fffffff;
const UTIME_OMIT = 0x3ffffffe;

/** A struct timespec of utimensat(2). */
export function timeAt(data: Buffer, at: number): TimeChange {
  const nsec = Number(data.readBigInt64LE(at + 8));
  if (nsec === UTIME_NOW) return 'now';
  if (nsec === UTIME_OMIT) return 'omit';
  return { sec: Number(data.readBigInt64LE(at)), nsec };
}
