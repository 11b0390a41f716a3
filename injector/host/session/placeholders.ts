/**
 * Empty, unwritable entries of the object directory, for descriptors and working directories of inodes without an
 * object. An entry is removed with its inode: a process that still has it open is recognized by its name.
 */
import { chmodSync, closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Attr } from '../../../core/attr.ts';
import { OBJECT_NAMES } from '../../../core/protocol.ts';

export class Placeholders {
  readonly #objects: string;
  /** Bindings that have an entry, by inode. */
  readonly #bindings = new Map<number, Set<number>>();

  /** @param objects the session's object directory */
  constructor(objects: string) {
    this.#objects = objects;
  }

  /** @returns its name in the object directory @throws the system's error */
  of(binding: number, { ino, type }: Attr): string {
    const name = `${OBJECT_NAMES.directories}/${binding}.${ino}`;
    const bindings = this.#bindings.get(ino) ?? new Set();
    if (bindings.has(binding)) return name;
    const path = join(this.#objects, name);
    if (type === 'directory') mkdirSync(path, 0o500);
    else closeSync(openSync(path, 'wx', 0o400));
    // A process of another user enters it by a descriptor; nobody else's path leads into the object directory.
    chmodSync(path, 0o555);
    this.#bindings.set(ino, bindings.add(binding));
    return name;
  }

  /** An inode has lost its last name in the bindings for which `concerns` is true. */
  drop(ino: number, concerns: (binding: number) => boolean): void {
    const bindings = this.#bindings.get(ino);
    if (!bindings) return;
    for (const binding of [...bindings].filter(concerns)) {
      rmSync(join(this.#objects, OBJECT_NAMES.directories, `${binding}.${ino}`), {
        recursive: true,
        force: true,
      });
      bindings.delete(binding);
    }
    if (bindings.size === 0) this.#bindings.delete(ino);
  }
}
