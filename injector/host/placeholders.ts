/**
 * The empty, unwritable entries of the object directory that descriptors and working directories of what has no
 * object stand on. They go with their inodes: whoever still stands on one is told by its name, which outlives it.
 */
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Attr } from '../../core/attr.ts';
import { OBJECT_NAMES } from '../../core/protocol.ts';

export class Placeholders {
  readonly #objects: string;
  /** Bindings that have one, by inode. */
  readonly #made = new Map<number, Set<number>>();

  /** @param objects the session's object directory */
  constructor(objects: string) {
    this.#objects = objects;
  }

  /** @returns its name in the object directory @throws the system's error */
  of(binding: number, { ino, type }: Attr): string {
    const name = `${OBJECT_NAMES.directories}/${binding}.${ino}`;
    const made = this.#made.get(ino) ?? new Set();
    if (made.has(binding)) return name;
    const path = join(this.#objects, name);
    if (type === 'directory') mkdirSync(path, 0o500);
    else closeSync(openSync(path, 'wx', 0o400));
    this.#made.set(ino, made.add(binding));
    return name;
  }

  /** An inode has lost its last name for the bindings that `concerns` says yes to. */
  gone(ino: number, concerns: (binding: number) => boolean): void {
    const made = this.#made.get(ino);
    if (!made) return;
    for (const binding of [...made].filter(concerns)) {
      rmSync(join(this.#objects, OBJECT_NAMES.directories, `${binding}.${ino}`), {
        recursive: true,
        force: true,
      });
      made.delete(binding);
    }
    if (made.size === 0) this.#made.delete(ino);
  }
}
