/** The synchronous reads and writes at descriptors. */
import { O_APPEND } from '../constants.ts';
import type { FsView } from '../fs-view.ts';
import { bytesOf, type DataArgument } from './arguments.ts';
import type { Descriptors, OpenFile } from './descriptors.ts';

export interface Extent {
  readonly offset?: number;
  readonly length?: number;
  readonly position?: number | bigint | null;
}

/** @throws RangeError as Node's, if the range is not within the buffer */
function requireWithin(buffer: Uint8Array, offset: number, length: number): void {
  if (offset < 0 || length < 0 || offset + length > buffer.byteLength)
    throw Object.assign(new RangeError('The value of "length" or "offset" is out of range'), {
      code: 'ERR_OUT_OF_RANGE',
    });
}

function readAt(view: FsView, file: OpenFile, into: Uint8Array, extent: Extent): number {
  const { offset = 0, position = null } = extent;
  const length = extent.length ?? into.byteLength - offset;
  requireWithin(into, offset, length);
  const explicit = position !== null && position !== undefined && Number(position) >= 0;
  const from = explicit ? Number(position) : file.position;
  const n = view.read(file.ino, into, offset, length, from);
  if (!explicit) file.position += n;
  return n;
}

function writeAt(
  view: FsView,
  file: OpenFile,
  bytes: Uint8Array,
  position: number | null | undefined,
): number {
  const explicit = typeof position === 'number' && position >= 0;
  if (file.flags & O_APPEND) {
    const n = view.write(file.ino, bytes, 0, bytes.length, 'append');
    if (!explicit && n > 0) file.position = view.stat({ dir: file.ino, path: '' }).size;
    return n;
  }
  const to = explicit ? position : file.position;
  const n = view.write(file.ino, bytes, 0, bytes.length, to);
  if (!explicit) file.position += n;
  return n;
}

export function transferOperations(view: FsView, files: Descriptors) {
  return {
    read(
      fd: number,
      into: NodeJS.ArrayBufferView,
      offset?: number | Extent | null,
      length?: number | null,
      position?: number | bigint | null,
    ): number {
      const bytes = bytesOf(into);
      if (typeof offset === 'object' && offset !== null)
        return readAt(view, files.readable(fd), bytes, offset);
      return readAt(view, files.readable(fd), bytes, {
        offset: offset ?? 0,
        length: length ?? undefined,
        position,
      });
    },
    readv(fd: number, buffers: readonly NodeJS.ArrayBufferView[], position?: number | null): number {
      const file = files.readable(fd);
      let total = 0;
      for (const buffer of buffers) {
        const n = readAt(view, file, bytesOf(buffer), {
          position: position == null ? null : position + total,
        });
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
      const file = files.writable(fd, 'write');
      if (typeof data === 'string')
        return writeAt(view, file, bytesOf(data, (b ?? null) as BufferEncoding | null), a as number | null);
      const bytes = bytesOf(data);
      const extent: Extent =
        typeof a === 'object' && a !== null
          ? a
          : { offset: a ?? 0, length: (b as number | null) ?? undefined, position: c };
      const offset = extent.offset ?? 0;
      const length = extent.length ?? bytes.length - offset;
      requireWithin(bytes, offset, length);
      return writeAt(view, file, bytes.subarray(offset, offset + length), extent.position as number | null);
    },
    writev(fd: number, buffers: readonly NodeJS.ArrayBufferView[], position?: number | null): number {
      const file = files.writable(fd, 'write');
      let total = 0;
      for (const buffer of buffers)
        total += writeAt(view, file, bytesOf(buffer), position == null ? null : position + total);
      return total;
    },
  };
}
