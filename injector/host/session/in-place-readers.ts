/**
 * Readers of real files in place, and the copy that each continues with after a copy-up.
 *
 * A reader is an open file description: its descriptors share an offset, in any number of processes. Once
 * its file has a copy in its branch, the host opens that copy for it, once, and passes it to every process that asks.
 */
import { closeSync, constants, openSync, readdirSync, readlinkSync } from 'node:fs';
import type { Attr } from '../../../core/attr.ts';
import { O_RDONLY } from '../../../core/constants.ts';
import { FsError } from '../../../core/errors.ts';
import type { FsCore } from '../../../core/fs-core.ts';
import type { ObjectId, Pid, ReaderNumber } from '../../../core/numbers.ts';
import { libc } from '../../platform/libc.ts';

/** Above every object id and connection number: all three name holders of objects in the core. */
const FIRST_READER = 2 ** 48;

/** A process's connection, as far as it holds readers. */
export interface ReaderHolder {
  readonly peer: { readonly pid: Pid };
}

interface Reader {
  readonly id: ReaderNumber;
  readonly ino: number;
  readonly branch: string;
  readonly holders: Map<ReaderHolder, number>;
  /** The copy, held since the copy-up, and this host's own descriptor of it; -1 until it is opened. */
  copy?: { readonly oid: ObjectId; fd: number };
}

/** The copy that a reader continues with, and a descriptor of it to pass to the process. */
export interface Copy {
  readonly attr: Attr;
  readonly fd: number;
}

export class InPlaceReaders {
  readonly #core: FsCore;
  readonly #readers = new Map<ReaderNumber, Reader>();
  readonly #byInode = new Map<number, Set<Reader>>();
  #next = FIRST_READER;

  constructor(core: FsCore) {
    this.#core = core;
  }

  get size(): number {
    return this.#readers.size;
  }

  has(id: ObjectId | ReaderNumber): id is ReaderNumber {
    return this.#readers.has(id as ReaderNumber);
  }

  /** A real file was opened. @returns the reader's number */
  opened(ino: number, branch: string, holder: ReaderHolder): ReaderNumber {
    const reader: Reader = { id: this.#next++ as ReaderNumber, ino, branch, holders: new Map([[holder, 1]]) };
    this.#readers.set(reader.id, reader);
    this.#byInode.set(ino, (this.#byInode.get(ino) ?? new Set()).add(reader));
    this.#follow(reader);
    return reader.id;
  }

  /** Count a new descriptor of the reader. */
  held(id: ReaderNumber, holder: ReaderHolder): void {
    const holders = this.#readers.get(id)?.holders;
    holders?.set(holder, (holders.get(holder) ?? 0) + 1);
  }

  closed(id: ReaderNumber, holder: ReaderHolder, count = 1): void {
    const reader = this.#readers.get(id);
    const left = (reader?.holders.get(holder) ?? 0) - count;
    if (!reader) return;
    if (left > 0) reader.holders.set(holder, left);
    else reader.holders.delete(holder);
    if (reader.holders.size === 0) this.#forget(reader);
  }

  /** The connection has ended. */
  released(holder: ReaderHolder): void {
    for (const reader of [...this.#readers.values()])
      if (reader.holders.has(holder)) this.closed(reader.id, holder, Number.POSITIVE_INFINITY);
  }

  #forget(reader: Reader): void {
    this.#readers.delete(reader.id);
    const others = this.#byInode.get(reader.ino);
    others?.delete(reader);
    if (others?.size === 0) this.#byInode.delete(reader.ino);
    if (!reader.copy) return;
    if (reader.copy.fd >= 0) closeSync(reader.copy.fd);
    this.#core.closed(reader.copy.oid, reader.id);
  }

  /** An inode changed and may have a copy now. Its readers hold the copy, so that it outlives its name. */
  changed(ino: number): void {
    const readers = this.#byInode.get(ino);
    if (readers) for (const reader of readers) this.#follow(reader);
  }

  #follow(reader: Reader): void {
    if (reader.copy) return;
    const { branch, ino, id } = reader;
    try {
      const view = this.#core.view(branch, { pid: 0, uid: 0, gid: 0, umask: 0 });
      if (view.lowerPath(ino) !== undefined) return;
      const { attr } = view.open({ dir: ino, path: '' }, O_RDONLY);
      if (attr.oid === 0) return;
      this.#core.opened(attr.oid, id);
      reader.copy = { oid: attr.oid, fd: -1 };
    } catch (error) {
      // The branch or the file may have been deleted: an open descriptor keeps its file.
      if (!(error instanceof FsError)) throw error;
    }
  }

  /**
   * @param offset of the description, used when the copy is opened for the first time
   * @returns undefined while the reader's file has no copy
   */
  repoint(id: ReaderNumber, offset: number): Copy | undefined {
    const reader = this.#readers.get(id);
    if (reader) this.#follow(reader);
    if (!reader?.copy) return undefined;
    const { copy } = reader;
    const object = this.#core.content.object(copy.oid);
    if (!object) return undefined;
    if (copy.fd < 0) {
      try {
        // A lease on the copy must not make the host wait; the reader's own descriptor must not be O_NONBLOCK.
        closeSync(openSync(object.path, constants.O_RDONLY | constants.O_NONBLOCK));
        copy.fd = openSync(object.path, constants.O_RDONLY);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
        throw error;
      }
      libc().seek(copy.fd, offset);
    }
    return { attr: this.#core.statObject(copy.oid), fd: copy.fd };
  }

  /** The reader of a descriptor that a process inherited, if another process has the same description. */
  shared(ino: number, pid: Pid, fd: number): ReaderNumber | undefined {
    const target = linkOf(pid, fd);
    for (const { id, holders } of this.#byInode.get(ino) ?? [])
      for (const { peer } of holders.keys())
        for (const number of peer.pid === pid ? [] : descriptorsOf(peer.pid))
          if (linkOf(peer.pid, number) === target && libc().sameDescription(pid, fd, peer.pid, number))
            return id;
    return undefined;
  }
}

function descriptorsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map(Number);
  } catch {
    return []; // the process has ended, or may not be inspected
  }
}

function linkOf(pid: number, fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return undefined;
  }
}
