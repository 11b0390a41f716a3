/** inotify for a session: its mirrors are created at the first watch, and removed with the host. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { FsCore } from '../../../core/fs-core.ts';
import type { FsView, Place } from '../../../core/fs-view.ts';
import { InotifyMirrors, type RealName } from '../../../core/inotify/mirrors.ts';
import type { ConnectionNumber, Holder, ObjectId, Pid } from '../../../core/numbers.ts';
import { decodePath } from '../../../core/path-bytes.ts';
import { OBJECT_NAMES } from '../../../core/protocol.ts';
import { linuxNames } from '../../platform/real-names.ts';

/** Mirrors are removed after this long without a process. */
const IDLE_MS = 30_000;

export interface InotifyConfig {
  readonly core: FsCore;
  /** The session's object directory. */
  readonly objects: string;
  readonly count: (ino: number, delta: number) => void;
  /** A sentence for the user. */
  readonly report: (message: string) => void;
}

/** Removes the mirrors of a host that was killed, so that every watch ends as after a removal. */
const CLEANER = 'read -r _; rm -rf -- "$1"';

export class Inotify {
  readonly #config: InotifyConfig;
  #mirrors: InotifyMirrors | undefined;
  #cleaner: ChildProcess | undefined;
  readonly #prefix: Buffer;
  readonly #holders = new Map<Holder, Pid>();
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(config: InotifyConfig) {
    this.#config = config;
    this.#prefix = Buffer.from(`${config.objects}/`);
  }

  /** A connection: its number as a holder of objects, and its process. */
  holderAdded(holder: ConnectionNumber, pid: Pid): void {
    this.#holders.set(holder, pid);
    clearTimeout(this.#idle);
  }

  holderRemoved(holder: ConnectionNumber): void {
    this.#holders.delete(holder);
    if (this.#holders.size > 0 || !this.#mirrors || this.#closed) return;
    // An exec disconnects and connects again.
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.retire(), IDLE_MS).unref();
  }

  /** Remove the mirrors, so that changes no longer cost anything for watches that have ended. */
  retire(): void {
    this.#mirrors?.retire();
  }

  /**
   * @returns the real path to watch, relative to the object directory or absolute; undefined for an inode without a name
   * @throws FsError, MountExit, the system's error
   */
  watch(view: FsView, place: Place, how: { follow: boolean; directory: boolean }): RealName | undefined {
    const found = this.#ready().watch(view, place, how);
    return found && { ...found, path: this.#relative(found.path) };
  }

  #ready(): InotifyMirrors {
    if (this.#mirrors) return this.#mirrors;
    const { core, objects, count, report } = this.#config;
    const real = linuxNames();
    const directory = join(objects, OBJECT_NAMES.mirrors);
    mkdirSync(directory, { mode: 0o700 });
    this.#cleaner = spawn('/bin/sh', ['-c', CLEANER, 'shimfs', directory], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
    });
    this.#cleaner.once('error', () => undefined); // only the watches of a killed host depend on it
    this.#cleaner.stdin?.on('error', () => undefined);
    this.#cleaner.unref();
    (this.#cleaner.stdin as { unref?: () => void } | null)?.unref?.();
    this.#mirrors = new InotifyMirrors({
      core,
      real,
      directory,
      count,
      held: (holders, inode) => this.#held(holders, inode),
      onTrouble: (error) =>
        report(
          `inotify: ${directory} could not follow a change (${(error as Error).message}), so watchers may miss events. Is its filesystem full?`,
        ),
    });
    return this.#mirrors;
  }

  #held(holders: ReadonlySet<Holder>, inode: number): string | undefined {
    for (const holder of holders) {
      const pid = this.#holders.get(holder);
      const found = pid === undefined ? undefined : descriptorOf(pid, inode);
      if (found) return found;
    }
    return undefined;
  }

  #relative(path: Buffer): Buffer {
    return path.subarray(0, this.#prefix.length).equals(this.#prefix)
      ? path.subarray(this.#prefix.length)
      : path;
  }

  /**
   * The mirror's name by which to open an inode, so that the kernel reports the open to inotify watches.
   *
   * @param oid 0 for a directory @returns undefined where the object's own name serves
   */
  nameToOpen(view: FsView, ino: number, oid: ObjectId, dir: number, name: string): RealName | undefined {
    const found = this.#mirrors?.nameToOpen(view.ns, ino, oid, dir, name);
    return found && { ...found, path: this.#relative(found.path) };
  }

  /** Change an inode on behalf of a process that has it open. @returns whether to repeat the change by descriptor */
  byDescriptor(view: FsView, ino: number, change: () => void): boolean {
    if (this.#mirrors) return this.#mirrors.byDescriptor(view.ns, ino, change);
    change();
    return false;
  }

  /** The inode behind a mirror's name. @param path below the object directory, as /proc reports it @param inode of the real file */
  recover(path: Buffer, inode: number): { readonly ino: number; readonly oid: ObjectId } | undefined {
    const [area, ...names] = decodePath(path).split('/');
    return area === OBJECT_NAMES.mirrors ? this.#mirrors?.recover(names, inode) : undefined;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#idle);
    this.#mirrors?.close();
    this.#cleaner?.stdin?.end();
  }
}

/** The /proc name of a process's descriptor of a real inode, if there is one and it may be inspected. */
function descriptorOf(pid: Pid, inode: number): string | undefined {
  const directory = `/proc/${pid}/fd`;
  try {
    for (const fd of readdirSync(directory)) {
      const stat = statSync(`${directory}/${fd}`, { bigint: true, throwIfNoEntry: false });
      if (stat?.isFile() && Number(stat.ino) === inode) return `${directory}/${fd}`;
    }
  } catch {
    // The process has ended.
  }
  return undefined;
}
