/** The synchronous operations on directories, and on trees of them. */
import { FsError } from '../errors.ts';
import type { FsView } from '../fs-view.ts';
import { join } from '../layers/namespace.ts';
import type { Place } from '../walk.ts';
import { type EncodingArgument, encodedPath, modeOf, type PathArgument, placeOf } from './arguments.ts';
import { Dirent } from './stats.ts';

export interface ReaddirArgument {
  readonly encoding?: string | null;
  readonly withFileTypes?: boolean;
  readonly recursive?: boolean;
}

export interface MkdirArgument {
  readonly recursive?: boolean;
  readonly mode?: string | number;
}

export interface RmArgument {
  readonly recursive?: boolean;
  readonly force?: boolean;
}

/**
 * `mkdir -p`, in Node's order of attempts, which decides the error.
 *
 * @returns the first directory created, undefined if all existed
 */
function makeAll(view: FsView, place: Place, mode: number): string | undefined {
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

function removeAll(view: FsView, path: string): void {
  if (view.stat({ path }, { follow: false }).type !== 'directory') {
    view.unlink({ path });
    return;
  }
  for (const { name } of view.readdir({ path })) {
    if (name !== '.' && name !== '..') removeAll(view, join(path, name));
  }
  view.rmdir({ path });
}

function list(
  view: FsView,
  path: string,
  within: string,
  options: ReaddirArgument,
  found: unknown[],
): unknown[] {
  for (const { name, type } of view.readdir({ path })) {
    if (name === '.' || name === '..') continue;
    if (options.withFileTypes) found.push(new Dirent(encodedPath(name, options), path, type));
    else found.push(encodedPath(within + name, options));
    if (options.recursive && type === 'directory')
      list(view, join(path, name), `${within}${name}/`, options, found);
  }
  return found;
}

export function directoryOperations(view: FsView) {
  return {
    readdir(path: PathArgument, options?: string | ReaddirArgument | null): unknown[] {
      const place = placeOf(path);
      const wanted = typeof options === 'string' ? { encoding: options } : (options ?? {});
      return list(view, place.path, '', wanted, []);
    },
    mkdir(path: PathArgument, options?: string | number | MkdirArgument | null): string | undefined {
      const place = placeOf(path);
      const given = typeof options === 'object' ? options : { mode: options };
      const mode = modeOf(given?.mode, 0o777);
      if (given && 'recursive' in given && given.recursive) return makeAll(view, place, mode);
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
        removeAll(view, place.path);
      } catch (error) {
        if (!options?.force || !(error instanceof FsError) || error.code !== 'ENOENT') throw error;
      }
    },
  };
}
