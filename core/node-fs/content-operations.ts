/** The synchronous operations on whole files, by path or descriptor. */
import { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_TRUNC, O_WRONLY } from '../constants.ts';
import { FsError } from '../errors.ts';
import type { FsView } from '../fs-view.ts';
import {
  bytesOf,
  type DataArgument,
  encoded,
  encodingOf,
  flagsOf,
  modeOf,
  type PathArgument,
  placeOf,
} from './arguments.ts';
import type { Descriptors } from './descriptors.ts';

interface WriteFileOptions {
  readonly encoding?: string | null;
  readonly mode?: string | number;
  readonly flag?: string | number;
}
type ReadFileArgument = string | { encoding?: string | null; flag?: string | number } | null | undefined;
type WriteFileArgument = string | WriteFileOptions | null | undefined;

const COPYFILE_EXCL = 1;

function put(
  view: FsView,
  files: Descriptors,
  file: PathArgument | number,
  data: DataArgument,
  options: WriteFileArgument,
  flag: string,
): void {
  const bytes = bytesOf(data, encodingOf(options));
  const given: WriteFileOptions = typeof options === 'object' && options ? options : {};
  if (typeof file === 'number') {
    const open = files.writable(file, 'write');
    const at = open.flags & O_APPEND ? 'append' : open.position;
    open.position += view.write(open.ino, bytes, 0, bytes.length, at);
    return;
  }
  const flags = flagsOf(given.flag, flag);
  const place = placeOf(file);
  const mode = modeOf(given.mode, 0o666);
  const replaces = (flags & O_TRUNC) !== 0;
  // Truncation and write are one change, so one event.
  const { ino, created } = view.openLocal(place, flags & ~O_TRUNC, mode);
  if (replaces && !created) view.writeFile(ino, bytes);
  else view.write(ino, bytes, 0, bytes.length, flags & O_APPEND ? 'append' : 0);
}

/** From its beginning, or from a descriptor's position. */
function readAll(
  view: FsView,
  files: Descriptors,
  file: PathArgument | number,
  options: ReadFileArgument,
): string | Buffer {
  if (typeof file === 'number') {
    const open = files.readable(file);
    const bytes = view.readFile(open.ino).subarray(open.position);
    open.position += bytes.length;
    return encoded(bytes, options);
  }
  const flags = flagsOf(typeof options === 'object' ? options?.flag : undefined, 'r');
  const { ino } = view.openLocal(placeOf(file), flags);
  return encoded(view.readFile(ino), options);
}

export function contentOperations(view: FsView, files: Descriptors) {
  return {
    readFile: (file: PathArgument | number, options?: ReadFileArgument) =>
      readAll(view, files, file, options),
    writeFile(file: PathArgument | number, data: DataArgument, options?: WriteFileArgument): void {
      put(view, files, file, data, options, 'w');
    },
    appendFile(file: PathArgument | number, data: DataArgument, options?: WriteFileArgument): void {
      put(view, files, file, data, options, 'a');
    },
    copyFile(from: PathArgument, to: PathArgument, mode = 0): void {
      const source = view.openLocal(placeOf(from), O_RDONLY);
      if (source.type === 'directory') throw new FsError('EISDIR', 'copyfile', placeOf(from).path);
      const { mode: bits } = view.stat({ dir: source.ino, path: '' });
      const flags = O_WRONLY | O_CREAT | (mode & COPYFILE_EXCL ? O_EXCL : 0);
      const target = view.openLocal(placeOf(to), flags, bits & 0o777);
      if (target.ino === source.ino) return;
      view.writeFile(target.ino, view.readFile(source.ino));
      const self = { dir: target.ino, path: '' };
      if (view.stat(self).mode !== bits) view.chmod(self, bits);
    },
    exists(path: PathArgument): boolean {
      try {
        view.access(placeOf(path), 0);
        return true;
      } catch {
        return false;
      }
    },
  };
}
