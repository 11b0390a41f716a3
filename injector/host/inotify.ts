/** inotify for a session: its mirrors, made when somebody first watches, and their end with the host. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { FsCore } from '../../core/fs-core.ts';
import type { FsView, Place } from '../../core/fs-view.ts';
import { InotifyMirrors, type RealName } from '../../core/inotify/mirrors.ts';
import { decodePath } from '../../core/path-bytes.ts';
import { OBJECT_NAMES } from '../../core/protocol.ts';
import { linuxNames } from '../platform/real-names.ts';

/** So long without a process, and mirrors are taken down. */
const IDLE_MS = 30_000;

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
  #mirrors: InotifyMirrors | undefined;
  #undertaker: ChildProcess | undefined;
  readonly #prefix: Buffer;
  readonly #holders = new Map<number, number>();
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(config: InotifyConfig) {
    this.#config = config;
    this.#prefix = Buffer.from(`${config.objects}/`);
  }

  /** A connection's number as a holder of objects, and the process behind it. */
  entered(holder: number, pid: number): void {
    this.#holders.set(holder, pid);
    clearTimeout(this.#idle);
  }

  left(holder: number): void {
    this.#holders.delete(holder);
    if (this.#holders.size > 0 || !this.#mirrors || this.#closed) return;
    // An exec leaves, and comes again.
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.retire(), IDLE_MS).unref();
  }

  /** For a host without processes: changes cost nothing for watchers that are no more. */
  retire(): void {
    this.#mirrors?.retire();
  }

  /** @returns what to watch, its path relative to the object directory or absolute @throws FsError, MountExit, the system's error */
  watch(view: FsView, place: Place, how: { follow: boolean; directory: boolean }): RealName | undefined {
    const found = this.#ready().watch(view, place, how);
    return found && { ...found, path: this.#relative(found.path) };
  }

  #ready(): InotifyMirrors {
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
    this.#mirrors = new InotifyMirrors({
      core,
      real,
      directory,
      count,
      held: (holders, inode) => this.#held(holders, inode),
      onTrouble: (error) =>
        tell(
          `inotify: ${directory} could not follow a change (${(error as Error).message}), so watchers may miss events. Is its filesystem full?`,
        ),
    });
    return this.#mirrors;
  }

  #held(holders: ReadonlySet<number>, inode: number): string | undefined {
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
   * The name to open what `view.open` found by, below the object directory or absolute; undefined where its own is right.
   *
   * @param oid 0 for a directory
   */
  nameToOpen(view: FsView, ino: number, oid: number, dir: number, name: string): RealName | undefined {
    const found = this.#mirrors?.nameToOpen(view.ns, ino, oid, dir, name);
    return found && { ...found, path: this.#relative(found.path) };
  }

  /** See InotifyMirrors. */
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
    this.#closed = true;
    clearTimeout(this.#idle);
    this.#mirrors?.close();
    this.#undertaker?.stdin?.end();
  }
}

/** The name of a process's descriptor of a real inode, if it has one and we may look. */
function descriptorOf(pid: number, inode: number): string | undefined {
  const directory = `/proc/${pid}/fd`;
  try {
    for (const fd of readdirSync(directory)) {
      const stat = statSync(`${directory}/${fd}`, { bigint: true, throwIfNoEntry: false });
      if (stat?.isFile() && Number(stat.ino) === inode) return `${directory}/${fd}`;
    }
  } catch {
    // It has gone.
  }
  return undefined;
}
