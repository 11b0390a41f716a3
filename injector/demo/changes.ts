/** The changes of the demo's script, on a virtual tree through the core, or on a real directory. */
import {
  appendFileSync,
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import type { FsView } from '../../core/fs-view.ts';
import { libc } from '../platform/libc.ts';

/** Each is one operation. Paths are absolute. */
export interface Changes {
  create(path: string): void;
  append(path: string, text: string): void;
  /** Overwrites the first byte in place. */
  overwrite(path: string, byte: string): void;
  truncate(path: string, size: number): void;
  chmod(path: string, mode: number): void;
  mkdir(path: string): void;
  link(from: string, to: string): void;
  rename(from: string, to: string): void;
  unlink(path: string): void;
}

export function coreChanges(view: FsView): Changes {
  const write = (path: string, text: string, at: number | 'append'): void =>
    void view.write(view.stat({ path }).ino, Buffer.from(text), 0, text.length, at);
  return {
    create: (path) => void view.mknod({ path }, 0o100644),
    append: (path, text) => write(path, text, 'append'),
    overwrite: (path, byte) => write(path, byte, 0),
    truncate: (path, size) => view.truncate({ path }, size),
    chmod: (path, mode) => view.chmod({ path }, mode),
    mkdir: (path) => void view.mkdir({ path }),
    link: (from, to) => void view.link({ path: from }, { path: to }),
    rename: (from, to) => view.rename({ path: from }, { path: to }),
    unlink: (path) => view.unlink({ path }),
  };
}

export const realChanges: Changes = {
  create: (path) => closeSync(openSync(path, 'wx')),
  append: (path, text) => appendFileSync(path, text),
  overwrite(path, byte) {
    const fd = openSync(path, 'r+');
    writeSync(fd, byte, 0);
    closeSync(fd);
  },
  truncate(path, size) {
    const result = libc().truncate(path, size);
    if (result < 0) throw new Error(`${path} cannot be truncated (errno ${-result})`);
  },
  chmod: (path, mode) => chmodSync(path, mode),
  mkdir: (path) => void mkdirSync(path),
  link: (from, to) => linkSync(from, to),
  rename: (from, to) => renameSync(from, to),
  unlink: (path) => unlinkSync(path),
};
