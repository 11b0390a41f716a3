/** Descriptors of one in-process user: numbers to open files, the lowest free number first. */
import { O_ACCMODE, O_RDONLY, O_WRONLY } from '../constants.ts';
import { FsError } from '../errors.ts';
import type { FileType } from '../events/fs-event.ts';

export interface OpenFile {
  readonly ino: number;
  readonly type: FileType;
  readonly flags: number;
  readonly path: string;
  /** Offset of a read or write without an explicit position. */
  position: number;
}

/** 0–2 are never allocated: programs take them for the terminal. */
const FIRST = 3;

export class Descriptors {
  readonly #open: (OpenFile | undefined)[] = [undefined, undefined, undefined];

  add(file: OpenFile): number {
    const free = this.#open.indexOf(undefined, FIRST);
    if (free < 0) return this.#open.push(file) - 1;
    this.#open[free] = file;
    return free;
  }

  /** @throws FsError EBADF */
  get(fd: number, op: string): OpenFile {
    const file = this.#open[fd];
    if (!file) throw new FsError('EBADF', op);
    return file;
  }

  /** @throws FsError EBADF if it is not open for reading */
  readable(fd: number): OpenFile {
    const file = this.get(fd, 'read');
    if ((file.flags & O_ACCMODE) === O_WRONLY) throw new FsError('EBADF', 'read');
    return file;
  }

  /** @throws FsError EBADF; if it is not open for writing, EBADF for `write` and EINVAL for other operations */
  writable(fd: number, op: string): OpenFile {
    const file = this.get(fd, op);
    if ((file.flags & O_ACCMODE) === O_RDONLY) throw new FsError(op === 'write' ? 'EBADF' : 'EINVAL', op);
    return file;
  }

  /** @throws FsError EBADF */
  remove(fd: number): OpenFile {
    const file = this.get(fd, 'close');
    this.#open[fd] = undefined;
    return file;
  }
}
