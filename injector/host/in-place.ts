/**
 * Who reads real files in place, and what they are given when one of them is copied up.
 *
 * A reader here is one open file description: its descriptors share an offset, in one process or in several. Once
 * its file has a copy in its branch, the host opens that copy for it, once, and hands it to every process that asks.
 */
import { closeSync, constants, openSync, readdirSync, readlinkSync } from 'node:fs';
import type { Attr } from '../../core/attr.ts';
import { O_RDONLY } from '../../core/constants.ts';
import { FsError } from '../../core/errors.ts';
import type { FsCore } from '../../core/fs-core.ts';
import { libc } from '../platform/libc.ts';

/** Above every object's number, and every pid's and connection's. */
const FIRST_READER = 2 ** 48;

/** A process's connection, as far as it holds readers. */
export interface Holder {
  readonly peer: { readonly pid: number };
}

interface Reader {
  readonly id: number;
  readonly ino: number;
  readonly branch: string;
  readonly holders: Map<Holder, number>;
  /** The copy, held from the moment that it was made, and this host's own descriptor of it. */
  copy?: { readonly oid: number; fd: number };
}

/** Where a reader goes on: the copy's number, and a descriptor to be passed on. */
export interface Moved {
  readonly attr: Attr;
  readonly fd: number;
}

export class InPlace {
  readonly #core: FsCore;
  readonly #readers = new Map<number, Reader>();
  readonly #byInode = new Map<number, Set<Reader>>();
  #next = FIRST_READER;

  constructor(core: FsCore) {
    this.#core = core;
  }

  /** Readers of real files. */
  get size(): number {
    return this.#readers.size;
  }

  has(id: number): boolean {
    return this.#readers.has(id);
  }

  /** A new description of a real file. @returns its number */
  opened(ino: number, branch: string, holder: Holder): number {
    const reader: Reader = { id: this.#next++, ino, branch, holders: new Map([[holder, 1]]) };
    this.#readers.set(reader.id, reader);
    this.#byInode.set(ino, (this.#byInode.get(ino) ?? new Set()).add(reader));
    this.#follow(reader);
    return reader.id;
  }

  /** One more descriptor of it. */
  held(id: number, holder: Holder): void {
    const holders = this.#readers.get(id)?.holders;
    holders?.set(holder, (holders.get(holder) ?? 0) + 1);
  }

  closed(id: number, holder: Holder, count = 1): void {
    const reader = this.#readers.get(id);
    const left = (reader?.holders.get(holder) ?? 0) - count;
    if (!reader) return;
    if (left > 0) reader.holders.set(holder, left);
    else reader.holders.delete(holder);
    if (reader.holders.size === 0) this.#forget(reader);
  }

  /** The process has gone. */
  released(holder: Holder): void {
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

  /** Something happened to an inode: perhaps it has a copy now, which must outlive its name for whoever reads it. */
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
      // Neither the branch nor the file need be there any more: what is open stays what it is.
      if (!(error instanceof FsError)) throw error;
    }
  }

  /**
   * @param offset of the description, if nobody has moved on yet
   * @returns undefined while it is still where it was
   */
  repoint(id: number, offset: number): Moved | undefined {
    const reader = this.#readers.get(id);
    if (reader) this.#follow(reader);
    if (!reader?.copy) return undefined;
    const { copy } = reader;
    const object = this.#core.content.object(copy.oid);
    if (!object) return undefined;
    if (copy.fd < 0) {
      copy.fd = openSync(object.path, constants.O_RDONLY);
      libc().seek(copy.fd, offset);
    }
    return { attr: this.#core.statObject(copy.oid), fd: copy.fd };
  }

  /** The reader that a process's inherited descriptor belongs to, if another process has it, too. */
  shared(ino: number, pid: number, fd: number): number | undefined {
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
    return []; // it has gone, or does not let itself be looked at
  }
}

function linkOf(pid: number, fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return undefined;
  }
}
