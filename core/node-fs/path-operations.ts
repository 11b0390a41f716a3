/** The synchronous operations on paths. */
import { FsError } from '../errors.ts';
import type { FsView } from '../fs-view.ts';
import { MountExit } from '../walk.ts';
import {
  type EncodingArgument,
  encodedPath,
  modeOf,
  type PathArgument,
  placeOf,
  timeOf,
} from './arguments.ts';
import { directoryOperations } from './directory-operations.ts';
import { BigIntStats, Stats } from './stats.ts';

interface StatArgument {
  readonly bigint?: boolean;
  /** false: return undefined if the path does not exist. */
  readonly throwIfNoEntry?: boolean;
}

const isMissing = (error: unknown): boolean =>
  error instanceof MountExit ||
  (error instanceof FsError && (error.code === 'ENOENT' || error.code === 'ENOTDIR'));

export const pathOperations = (view: FsView) => ({
  ...attributeOperations(view),
  ...nameOperations(view),
  ...directoryOperations(view),
});

function attributeOperations(view: FsView) {
  function stat(path: PathArgument, options: StatArgument | undefined, follow: boolean) {
    try {
      const attr = view.stat(placeOf(path), { follow });
      return options?.bigint ? new BigIntStats(attr) : new Stats(attr);
    } catch (error) {
      if (options?.throwIfNoEntry === false && isMissing(error)) return undefined;
      throw error;
    }
  }

  return {
    stat: (path: PathArgument, options?: StatArgument) => stat(path, options, true),
    lstat: (path: PathArgument, options?: StatArgument) => stat(path, options, false),
    statfs(path: PathArgument) {
      const { blockSize, blocks, free, files, filesFree } = view.statfs(placeOf(path));
      return {
        type: 0x01021994, // TMPFS_MAGIC of linux/magic.h: the closest match
        bsize: blockSize,
        blocks,
        bfree: free,
        bavail: free,
        files: files + filesFree,
        ffree: filesFree,
      };
    },
    access(path: PathArgument, mode = 0): void {
      view.access(placeOf(path), mode);
    },
    chmod(path: PathArgument, mode: string | number): void {
      view.chmod(placeOf(path), modeOf(mode, 0));
    },
    chown(path: PathArgument, uid: number, gid: number): void {
      view.chown(placeOf(path), uid, gid);
    },
    lchown(path: PathArgument, uid: number, gid: number): void {
      view.chown(placeOf(path), uid, gid, { follow: false });
    },
    utimes(path: PathArgument, atime: string | number | Date, mtime: string | number | Date): void {
      view.utimens(placeOf(path), timeOf(atime), timeOf(mtime));
    },
    lutimes(path: PathArgument, atime: string | number | Date, mtime: string | number | Date): void {
      view.utimens(placeOf(path), timeOf(atime), timeOf(mtime), { follow: false });
    },
    truncate(path: PathArgument, length?: number | null): void {
      view.truncate(placeOf(path), Math.max(0, length ?? 0));
    },
  };
}

function nameOperations(view: FsView) {
  return {
    unlink(path: PathArgument): void {
      view.unlink(placeOf(path));
    },
    rename(from: PathArgument, to: PathArgument): void {
      view.rename(placeOf(from), placeOf(to));
    },
    link(from: PathArgument, to: PathArgument): void {
      view.link(placeOf(from), placeOf(to));
    },
    symlink(target: PathArgument, path: PathArgument, _type?: string | null): void {
      const text = typeof target === 'string' ? target : placeOf(target).path;
      view.symlink(text, placeOf(path));
    },
    readlink: (path: PathArgument, options?: EncodingArgument) =>
      encodedPath(view.readlink(placeOf(path)), options),
    realpath: (path: PathArgument, options?: EncodingArgument) =>
      encodedPath(view.realpath(placeOf(path)), options),
  };
}
