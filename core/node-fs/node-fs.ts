/**
 * The core with the interface of Node's `fs`.
 *
 * One table of synchronous operations; the callback and promise forms are generated from it, so that the three cannot
 * differ. Callbacks run in a later turn, as Node's do. Streams are Node's own, over this open, read, write and
 * close.
 */
import { EventEmitter } from 'node:events';
import type * as real from 'node:fs';
import { createReadStream, createWriteStream } from 'node:fs';
import * as constants from '../constants.ts';
import { FsError } from '../errors.ts';
import type { EventSink } from '../events/fs-event.ts';
import type { FsView } from '../fs-view.ts';
import { MountExit } from '../walk.ts';
import { type PathArgument, placeOf } from './arguments.ts';
import { contentOperations } from './content-operations.ts';
import { descriptorOperations } from './descriptor-operations.ts';
import { Descriptors } from './descriptors.ts';
import { Directory } from './directory.ts';
import { fileHandle } from './file-handle.ts';
import { pathOperations } from './path-operations.ts';
import { BigIntStats, Dirent, Stats } from './stats.ts';
import { transferOperations } from './transfer-operations.ts';
import { watcher } from './watcher.ts';

type Names =
  | 'access'
  | 'appendFile'
  | 'chmod'
  | 'chown'
  | 'close'
  | 'copyFile'
  | 'exists'
  | 'fchmod'
  | 'fchown'
  | 'fdatasync'
  | 'fstat'
  | 'fsync'
  | 'ftruncate'
  | 'futimes'
  | 'lchown'
  | 'link'
  | 'lstat'
  | 'lutimes'
  | 'mkdir'
  | 'mkdtemp'
  | 'open'
  | 'opendir'
  | 'read'
  | 'readFile'
  | 'readdir'
  | 'readlink'
  | 'readv'
  | 'realpath'
  | 'rename'
  | 'rm'
  | 'rmdir'
  | 'stat'
  | 'statfs'
  | 'symlink'
  | 'truncate'
  | 'unlink'
  | 'utimes'
  | 'write'
  | 'writeFile'
  | 'writev';

/** The supported part of Node's `fs`: each name as callback function, with `Sync`, and in `promises`. */
export type NodeFs = Pick<
  typeof real,
  Names | `${Names}Sync` | 'createReadStream' | 'createWriteStream' | 'watch'
> & {
  readonly promises: Pick<typeof real.promises, Extract<Names, keyof typeof real.promises>>;
  /** Canonical Linux numbers on every system, which numeric flags use here. */
  readonly constants: typeof constants;
  readonly Stats: typeof Stats;
  readonly BigIntStats: typeof BigIntStats;
  readonly Dirent: typeof Dirent;
};

export type Operation = (...args: never[]) => unknown;
export type Operations = Readonly<Record<string, Operation>>;

/** Converts MountExit to ENOENT: for in-process users only the mounts exist. */
function inside(operation: Operation, name: string): (...args: unknown[]) => unknown {
  const call = operation as (...args: unknown[]) => unknown;
  return (...args) => {
    try {
      return call(...args);
    } catch (error) {
      if (error instanceof MountExit) throw new FsError('ENOENT', name, error.path);
      throw error;
    }
  };
}

/** Operations that pass the callback the buffer, after the count. */
const TRANSFERS = new Set(['read', 'readv', 'write', 'writev']);

function callbackFace(name: string, sync: (...args: unknown[]) => unknown) {
  return (...args: unknown[]): void => {
    const callback = args.pop();
    if (typeof callback !== 'function')
      throw Object.assign(new TypeError('The "callback" argument must be of type function'), {
        code: 'ERR_INVALID_ARG_TYPE',
      });
    setImmediate(() => {
      let result: unknown;
      try {
        result = sync(...args);
      } catch (error) {
        callback(error);
        return;
      }
      if (name === 'exists') callback(result);
      else if (TRANSFERS.has(name)) callback(null, result, args[1]);
      else callback(null, result);
    });
  };
}

export function nodeFs(view: FsView, subscribe: (sink: EventSink) => () => void): NodeFs {
  const files = new Descriptors();
  const table: Operations = {
    ...pathOperations(view),
    ...descriptorOperations(view, files),
    ...transferOperations(view, files),
    ...contentOperations(view, files),
    opendir(path: PathArgument): Directory {
      const place = placeOf(path);
      view.readdir(place, 0, 1);
      return new Directory(view, place.path);
    },
  };
  const face: Record<string, unknown> = { constants, Stats, BigIntStats, Dirent };
  const promises: Record<string, unknown> = { constants };
  const sync: Record<string, (...args: unknown[]) => unknown> = {};
  for (const [name, operation] of Object.entries(table)) {
    const call = view.mounts.outside.size > 0 ? inside(operation, name) : (operation as never);
    sync[name] = call;
    face[`${name}Sync`] = call;
    face[name] = callbackFace(name, call);
    promises[name] = async (...args: unknown[]) => sync[name](...args);
  }
  const realpath = face.realpath as { native?: unknown };
  realpath.native = face.realpath;
  (face.realpathSync as { native?: unknown }).native = face.realpathSync;
  promises.open = async (...args: unknown[]) => fileHandle(sync, face, sync.open(...args) as number);
  face.promises = promises;
  face.createReadStream = (path: PathArgument, options?: object | string) =>
    createReadStream(path as string, { ...streamOptions(options), fs: face } as never);
  face.createWriteStream = (path: PathArgument, options?: object | string) =>
    createWriteStream(path as string, { ...streamOptions(options), fs: face } as never);
  face.watch = (path: PathArgument, ...rest: unknown[]) =>
    watcher(view, subscribe, placeOf(path), rest, new EventEmitter());
  return face as unknown as NodeFs;
}

const streamOptions = (options?: object | string): object =>
  typeof options === 'string' ? { encoding: options } : (options ?? {});
