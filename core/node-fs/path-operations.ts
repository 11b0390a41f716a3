/** The synchronous operations on paths. */
import { FsError } from '../errors.ts';
import type { FsView } from '../fs-view.ts';
import { join } from '../layers/namespace.ts';
import { MountExit, type Place } from '../walk.ts';
import {
  type EncodingArgument,
  encodedPath,
  modeOf,
  type PathArgument,
  placeOf,
  timeOf,
} from './arguments.ts';
import { BigIntStats, Dirent, Stats } from './stats.ts';

interface StatArgument {
  readonly bigint?: boolean;
  /** false: return undefined if the path does not exist. */
  readonly throwIfNoEntry?: boolean;
}

interface ReaddirArgument {
  readonly encoding?: string | null;
  readonly withFileTypes?: boolean;
  readonly recursive?: boolean;
}

interface MkdirArgument {
  readonly recursive?: boolean;
  readonly mode?: string | number;
}

interface RmArgument {
  readonly recursive?: boolean;
  readonly force?: boolean;
}

const isMissing = (error: unknown): boolean =>
  error instanceof MountExit ||
  (error instanceof FsError && (error.code === 'ENOENT' || error.code === 'ENOTDIR'));

export function pathOperations(view: FsView) {
  function stat(path: PathArgument, options: StatArgument | undefined, follow: boolean) {
    try {
      const attr = view.stat(placeOf(path), { follow });
      return options?.bigint ? new BigIntStats(attr) : new Stats(attr);
    } catch (error) {
      if (options?.throwIfNoEntry === false && isMissing(error)) return undefined;
      throw error;
    }
  }

  /**
   * `mkdir -p`, in Node's order of attempts, which decides the error.
   *
   * @returns the first directory created, undefined if all existed
   */
  function makeAll(place: Place, mode: number): string | undefined {
    let first: string | undefined;
    const left = [place.path];
    for (let path = left.pop(); path !== undefined; path = left.pop()) {
      try {
        view.mkdir({ path }, mode);
        first ??= path;
      } catch (error) {
        if (!(error instanceof FsError)) throw error;
        const above = path.slice(0, path.lastIndexOf('/')) || '/';
        if (error.code === 'ENOENT' && above !== path) left.push(path, above);
        else if (error.code !== 'EEXIST') throw error;
        else if (view.stat({ path }).type !== 'directory')
          throw left.length > 0 ? new FsError('ENOTDIR', 'mkdir', place.path) : error;
      }
    }
    return first;
  }

  function removeAll(path: string): void {
    if (view.stat({ path }, { follow: false }).type !== 'directory') {
      view.unlink({ path });
      return;
    }
    for (const { name } of view.readdir({ path })) {
      if (name !== '.' && name !== '..') removeAll(join(path, name));
    }
    view.rmdir({ path });
  }

  function list(path: string, within: string, options: ReaddirArgument, found: unknown[]): unknown[] {
    for (const { name, type } of view.readdir({ path })) {
      if (name === '.' || name === '..') continue;
      if (options.withFileTypes) found.push(new Dirent(encodedPath(name, options), path, type));
      else found.push(encodedPath(within + name, options));
      if (options.recursive && type === 'directory')
        list(join(path, name), `${within}${name}/`, options, found);
    }
    return found;
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
    readdir(path: PathArgument, options?: string | ReaddirArgument | null): unknown[] {
      const place = placeOf(path);
      const wanted = typeof options === 'string' ? { encoding: options } : (options ?? {});
      return list(place.path, '', wanted, []);
    },
    mkdir(path: PathArgument, options?: string | number | MkdirArgument | null): string | undefined {
      const place = placeOf(path);
      const given = typeof options === 'object' ? options : { mode: options };
      const mode = modeOf(given?.mode, 0o777);
      if (given && 'recursive' in given && given.recursive) return makeAll(place, mode);
      view.mkdir(place, mode);
      return undefined;
    },
    mkdtemp(prefix: PathArgument, options?: EncodingArgument): string | Buffer {
      const { path } = placeOf(prefix);
      for (;;) {
        const name = path + Math.random().toString(36).slice(2, 8).padEnd(6, 'x');
        try {
          view.mkdir({ path: name }, 0o700);
          return encodedPath(name, options);
        } catch (error) {
          if (!(error instanceof FsError) || error.code !== 'EEXIST') throw error;
        }
      }
    },
    rmdir(path: PathArgument): void {
      view.rmdir(placeOf(path));
    },
    rm(path: PathArgument, options?: RmArgument): void {
      const place = placeOf(path);
      try {
        const { type } = view.stat(place, { follow: false });
        if (type === 'directory' && !options?.recursive)
          throw Object.assign(
            new Error(`Path is a directory: rm returned EISDIR (is a directory) ${place.path}`),
            {
              code: 'ERR_FS_EISDIR',
              errno: 21,
              syscall: 'rm',
              path: place.path,
            },
          );
        removeAll(place.path);
      } catch (error) {
        if (!options?.force || !(error instanceof FsError) || error.code !== 'ENOENT') throw error;
      }
    },
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
