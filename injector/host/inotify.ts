/** inotify for a session: its mirrors, made when somebody first watches, and their end with the host. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FsCore } from '../../core/fs-core.ts';
import type { FsView, Place } from '../../core/fs-view.ts';
import { Mirrors } from '../../core/inotify/mirrors.ts';
import { decodePath } from '../../core/path-bytes.ts';
import { OBJECT_NAMES } from '../../core/protocol.ts';
import { linuxNames } from '../platform/real-names.ts';

export interface InotifyConfig {
  readonly core: FsCore;
  /** The session's object directory. */
  readonly objects: string;
  readonly count: (ino: number, delta: number) => void;
  /** One sentence for a person. */
  readonly tell: (message: string) => void;
}

/** A host that is killed takes nothing away: this does, and every watch ends, as after a removal. */
const UNDERTAKER = 'read -r _; rm -rf -- "$1"';

export class Inotify {
  readonly #config: InotifyConfig;
  #mirrors: Mirrors | undefined;
  #undertaker: ChildProcess | undefined;
  #prefix: Buffer;

  constructor(config: InotifyConfig) {
    this.#config = config;
    this.#prefix = Buffer.from(`${config.objects}/`);
  }

  /** @returns what to watch, relative to the object directory @throws FsError, MountExit, the system's error */
  watch(view: FsView, place: Place, how: { follow: boolean; directory: boolean }): Buffer | undefined {
    const path = this.#ready().watch(view, place, how);
    return path && this.#relative(path);
  }

  #ready(): Mirrors {
    if (this.#mirrors) return this.#mirrors;
    const { core, objects, count, tell } = this.#config;
    const real = linuxNames();
    const directory = join(objects, OBJECT_NAMES.mirrors);
    mkdirSync(directory, { mode: 0o700 });
    this.#undertaker = spawn('/bin/sh', ['-c', UNDERTAKER, 'shimfs', directory], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
    });
    this.#undertaker.once('error', () => undefined); // it ends the watches of a killed host, and nothing else
    this.#undertaker.stdin?.on('error', () => undefined);
    this.#undertaker.unref();
    (this.#undertaker.stdin as { unref?: () => void } | null)?.unref?.();
    this.#mirrors = new Mirrors({
      core,
      real,
      directory,
      count,
      onTrouble: (error) =>
        tell(
          `inotify: ${directory} could not follow a change (${(error as Error).message}), so watchers may miss events. Is its filesystem full?`,
        ),
    });
    return this.#mirrors;
  }

  #relative(path: Buffer): Buffer {
    return path.subarray(0, this.#prefix.length).equals(this.#prefix)
      ? path.subarray(this.#prefix.length)
      : path;
  }

  /**
   * The name to open what `view.open` found by, below the object directory or absolute; undefined where its own is right.
   *
   * @param oid 0 for a directory
   */
  nameToOpen(view: FsView, ino: number, oid: number, dir: number, name: string): Buffer | undefined {
    if (!this.#mirrors) return undefined;
    const path = this.#mirrors.nameToOpen(view.ns, ino, oid, dir, name);
    return path && this.#relative(path);
  }

  /** See Mirrors. */
  byDescriptor(view: FsView, ino: number, change: () => void): boolean {
    if (this.#mirrors) return this.#mirrors.byDescriptor(view.ns, ino, change);
    change();
    return false;
  }

  /** @param path below the object directory, as /proc tells it @param inode of the real file */
  recover(path: Buffer, inode: number): { readonly ino: number; readonly oid: number } | undefined {
    const [area, ...names] = decodePath(path).split('/');
    return area === OBJECT_NAMES.mirrors ? this.#mirrors?.recover(names, inode) : undefined;
  }

  close(): void {
    this.#mirrors?.close();
    this.#undertaker?.stdin?.end();
  }
}
