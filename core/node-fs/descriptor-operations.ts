/** The synchronous operations on descriptors. */
import { O_ACCMODE, O_APPEND, O_RDONLY, O_WRONLY } from '../constants.ts';
import { FsError } from '../errors.ts';
import type { FsView } from '../fs-view.ts';
import {
  bytesOf,
  type DataArgument,
  flagsOf,
  modeOf,
  type PathArgument,
  placeOf,
  timeOf,
} from './arguments.ts';
import type { Descriptors, OpenFile } from './descriptors.ts';
import { BigIntStats, Stats } from './stats.ts';

interface Extent {
  readonly offset?: number;
  readonly length?: number;
  readonly position?: number | bigint | null;
}

export function descriptorOperations(view: FsView, files: Descriptors) {
  const at = (file: OpenFile) => ({ dir: file.ino, path: '' });
  const readable = (fd: number): OpenFile => {
    const file = files.get(fd, 'read');
    if ((file.flags & O_ACCMODE) === O_WRONLY) throw new FsError('EBADF', 'read');
    return file;
  };
  const writable = (fd: number, op: string): OpenFile => {
    const file = files.get(fd, op);
    if ((file.flags & O_ACCMODE) === O_RDONLY) throw new FsError(op === 'write' ? 'EBADF' : 'EINVAL', op);
    return file;
  };

  function readAt(file: OpenFile, into: Uint8Array, extent: Extent): number {
    const { offset = 0, position = null } = extent;
    const length = extent.length ?? into.byteLength - offset;
    if (offset < 0 || length < 0 || offset + length > into.byteLength)
      throw Object.assign(new RangeError('The value of "length" or "offset" is out of range'), {
        code: 'ERR_OUT_OF_RANGE',
      });
    const explicit = position !== null && position !== undefined && Number(position) >= 0;
    const from = explicit ? Number(position) : file.position;
    const n = view.read(file.ino, into, offset, length, from);
    if (!explicit) file.position += n;
    return n;
  }

  function writeAt(file: OpenFile, bytes: Uint8Array, position: number | null | undefined): number {
    const explicit = typeof position === 'number' && position >= 0;
    if (file.flags & O_APPEND) {
      const n = view.write(file.ino, bytes, 0, bytes.length, 'append');
      if (!explicit && n > 0) file.position = view.stat(at(file)).size;
      return n;
    }
    const to = explicit ? position : file.position;
    const n = view.write(file.ino, bytes, 0, bytes.length, to);
    if (!explicit) file.position += n;
    return n;
  }

  return {
    open(path: PathArgument, flags?: string | number, mode?: string | number): number {
      const place = placeOf(path);
      const bits = flagsOf(flags, 'r');
      const { ino, type } = view.openLocal(place, bits, modeOf(mode, 0o666));
      view.hold(ino);
      return files.add({ ino, type, flags: bits, path: place.path, position: 0 });
    },
    close(fd: number): void {
      view.release(files.remove(fd).ino);
    },
    read(
      fd: number,
      into: NodeJS.ArrayBufferView,
      offset?: number | Extent | null,
      length?: number | null,
      position?: number | bigint | null,
    ): number {
      const bytes = bytesOf(into);
      if (typeof offset === 'object' && offset !== null) return readAt(readable(fd), bytes, offset);
      return readAt(readable(fd), bytes, { offset: offset ?? 0, length: length ?? undefined, position });
    },
    readv(fd: number, buffers: readonly NodeJS.ArrayBufferView[], position?: number | null): number {
      const file = readable(fd);
      let total = 0;
      for (const buffer of buffers) {
        const n = readAt(file, bytesOf(buffer), { position: position == null ? null : position + total });
        total += n;
        if (n < buffer.byteLength) break;
      }
      return total;
    },
    /** (fd, bytes, offset?, length?, position?) or (fd, text, position?, encoding?) */
    write(
      fd: number,
      data: DataArgument,
      a?: number | Extent | null,
      b?: number | string | null,
      c?: number | null,
    ): number {
      const file = writable(fd, 'write');
      if (typeof data === 'string')
        return writeAt(file, bytesOf(data, (b ?? null) as BufferEncoding | null), a as number | null);
      const bytes = bytesOf(data);
      const extent: Extent =
        typeof a === 'object' && a !== null
          ? a
          : { offset: a ?? 0, length: (b as number | null) ?? undefined, position: c };
      const offset = extent.offset ?? 0;
      const length = extent.length ?? bytes.length - offset;
      if (offset < 0 || length < 0 || offset + length > bytes.length)
        throw Object.assign(new RangeError('The value of "length" or "offset" is out of range'), {
          code: 'ERR_OUT_OF_RANGE',
        });
      return writeAt(file, bytes.subarray(offset, offset + length), extent.position as number | null);
    },
    writev(fd: number, buffers: readonly NodeJS.ArrayBufferView[], position?: number | null): number {
      const file = writable(fd, 'write');
      let total = 0;
      for (const buffer of buffers)
        total += writeAt(file, bytesOf(buffer), position == null ? null : position + total);
      return total;
    },
    fstat(fd: number, options?: { readonly bigint?: boolean }): Stats | BigIntStats {
      const attr = view.stat(at(files.get(fd, 'fstat')));
      return options?.bigint ? new BigIntStats(attr) : new Stats(attr);
    },
    ftruncate(fd: number, length?: number | null): void {
      view.truncate(at(writable(fd, 'ftruncate')), Math.max(0, length ?? 0));
    },
    fchmod(fd: number, mode: string | number): void {
      view.chmod(at(files.get(fd, 'fchmod')), modeOf(mode, 0));
    },
    fchown(fd: number, uid: number, gid: number): void {
      view.chown(at(files.get(fd, 'fchown')), uid, gid);
    },
    futimes(fd: number, atime: string | number | Date, mtime: string | number | Date): void {
      view.utimens(at(files.get(fd, 'futime')), timeOf(atime), timeOf(mtime));
    },
    fsync(fd: number): void {
      files.get(fd, 'fsync');
    },
    fdatasync(fd: number): void {
      files.get(fd, 'fdatasync');
    },
  };
}
