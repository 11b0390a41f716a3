/** Copies a real directory into a session: bytes, modes, times, symbolic and hard links. */
import type { BigIntStats } from 'node:fs';
import { lstat, open, readdir, readFile, readlink } from 'node:fs/promises';
import type { Timespec } from '../../core/clock.ts';
import { decodePath } from '../../core/path-bytes.ts';
import { UserError } from '../user-error.ts';
import { type Caller, CHUNK_BYTES } from './methods.ts';
import { Pipeline } from './pipeline.ts';

/** Options of `importTree` and `exportTree`. */
export interface TreeOptions {
  /** Branch to copy to or from. Default: main. */
  readonly branch?: string;
  /** Called before each entry. */
  readonly onProgress?: (copied: Copied) => void;
}

/** Counts of copied entries, updated as the copy proceeds. */
export interface Copied {
  /** Regular files, each counted under its first name. */
  files: number;
  /** Directories. */
  directories: number;
  /** Symbolic links, and further names of files. */
  links: number;
  /** Bytes of regular files. */
  bytes: number;
  /** Paths of entries that are neither file, directory nor symbolic link. */
  readonly skipped: string[];
}

const NS = 1_000_000_000n;
const timespec = (ns: bigint): Timespec => {
  const nsec = ((ns % NS) + NS) % NS;
  return { sec: Number((ns - nsec) / NS), nsec: Number(nsec) };
};
const times = (stat: BigIntStats) => ({ atime: timespec(stat.atimeNs), mtime: timespec(stat.mtimeNs) });
const permissions = (stat: BigIntStats): number => Number(stat.mode & 0o7777n);

/**
 * Copies the contents of the directory `from` to the virtual directory `to`, which is created if missing. Existing
 * entries stay; files of the same name are overwritten.
 *
 * @throws UserError when `from` cannot be read; ControlError when the session refuses
 */
export async function importTree(
  caller: Caller,
  from: string,
  to: string,
  options: TreeOptions = {},
): Promise<Copied> {
  const stat = await lstatOf(Buffer.from(from));
  if (!stat?.isDirectory())
    throw new UserError(
      `${from} ${stat ? 'is not a directory' : 'does not exist'}`,
      'Name a directory: its contents are copied.',
    );
  const { branch } = options;
  await caller.call('file.mkdir', { path: to, branch, parents: true, mode: 0o755 });
  const importer = new Importer(caller, options);
  await importer.directory(Buffer.from(from), to, stat);
  await importer.finish();
  return importer.copied;
}

const lstatOf = (path: Buffer): Promise<BigIntStats | undefined> =>
  lstat(path, { bigint: true }).catch(() => undefined);

class Importer {
  readonly copied: Copied = { files: 0, directories: 0, links: 0, bytes: 0, skipped: [] };
  readonly #caller: Caller;
  readonly #options: TreeOptions;
  readonly #requests = new Pipeline();
  /** First virtual name of each file with several names, by device and inode. */
  readonly #firstNames = new Map<string, string>();

  constructor(caller: Caller, options: TreeOptions) {
    this.#caller = caller;
    this.#options = options;
  }

  get #branch(): string | undefined {
    return this.#options.branch;
  }

  /** @param to exists */
  async directory(from: Buffer, to: string, stat: BigIntStats): Promise<void> {
    for (const name of await this.#names(from)) {
      const source = Buffer.concat([from, Buffer.from('/'), name]);
      const found = await lstatOf(source);
      // Removed since it was listed: left out.
      if (found) await this.#entry(source, `${to.replace(/\/+$/, '')}/${decodePath(name)}`, found);
    }
    // Last: creating entries changes the times, and the mode may forbid it.
    await this.#requests.drain();
    const branch = this.#branch;
    await this.#caller.call('file.chmod', { path: to, branch, mode: permissions(stat) });
    await this.#caller.call('file.times', { path: to, branch, ...times(stat) });
  }

  async #names(from: Buffer): Promise<Buffer[]> {
    try {
      return await readdir(from, { encoding: 'buffer' });
    } catch (error) {
      throw unreadable(from, error);
    }
  }

  async #entry(from: Buffer, to: string, stat: BigIntStats): Promise<void> {
    this.#options.onProgress?.(this.copied);
    if (stat.isDirectory()) {
      this.copied.directories++;
      // Awaited, because its contents follow.
      await this.#caller.call('file.mkdir', { path: to, branch: this.#branch, parents: true, mode: 0o700 });
      return this.directory(from, to, stat);
    }
    if (stat.isSymbolicLink()) return this.#symlink(from, to, stat);
    if (!stat.isFile()) return void this.copied.skipped.push(decodePath(from));
    const identity = `${stat.dev}:${stat.ino}`;
    const first = stat.nlink > 1n ? this.#firstNames.get(identity) : undefined;
    if (first !== undefined) return this.#hardLink(first, to);
    this.#firstNames.set(identity, to);
    this.copied.files++;
    this.copied.bytes += Number(stat.size);
    if (stat.size <= CHUNK_BYTES) await this.#small(from, to, stat);
    else await this.#large(from, to, stat);
  }

  async #small(from: Buffer, to: string, stat: BigIntStats): Promise<void> {
    const data = await readFile(from).catch((error) => Promise.reject(unreadable(from, error)));
    // It has grown since lstat.
    if (data.length > CHUNK_BYTES) return this.#large(from, to, stat);
    const params = { path: to, branch: this.#branch, mode: permissions(stat), data, exact: times(stat) };
    await this.#requests.add(this.#caller.call('file.put', params));
  }

  async #large(from: Buffer, to: string, stat: BigIntStats): Promise<void> {
    const branch = this.#branch;
    const file = await open(from).catch((error) => Promise.reject(unreadable(from, error)));
    try {
      const { handle } = await this.#caller.call('file.open', {
        path: to,
        branch,
        access: 'write',
        mode: 0o600,
      });
      const writes = new Pipeline(8);
      for (let position = 0; ; ) {
        const { bytesRead, buffer } = await file.read(
          Buffer.allocUnsafe(CHUNK_BYTES),
          0,
          CHUNK_BYTES,
          position,
        );
        if (bytesRead === 0) break;
        await writes.add(
          this.#caller.call('file.write', { handle, data: buffer.subarray(0, bytesRead), position }),
        );
        position += bytesRead;
      }
      await writes.drain();
      await this.#caller.call('file.close', { handle });
    } finally {
      await file.close();
    }
    await this.#caller.call('file.chmod', { path: to, branch, mode: permissions(stat) });
    await this.#caller.call('file.times', { path: to, branch, ...times(stat) });
  }

  async #symlink(from: Buffer, to: string, stat: BigIntStats): Promise<void> {
    const branch = this.#branch;
    const target = decodePath(await readlink(from, { encoding: 'buffer' }));
    await this.#replacing(to, () => this.#caller.call('file.symlink', { path: to, branch, target }));
    this.copied.links++;
    await this.#requests.add(
      this.#caller.call('file.times', { path: to, branch, ...times(stat), follow: false }),
    );
  }

  async #hardLink(first: string, to: string): Promise<void> {
    const branch = this.#branch;
    await this.#requests.drain();
    await this.#replacing(to, () => this.#caller.call('file.link', { from: first, to, branch }));
    this.copied.links++;
  }

  async #replacing(to: string, make: () => Promise<unknown>): Promise<void> {
    try {
      await make();
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error;
      await this.#caller.call('file.remove', { path: to, branch: this.#branch });
      await make();
    }
  }

  finish(): Promise<void> {
    return this.#requests.drain();
  }
}

function unreadable(path: Buffer, error: unknown): UserError {
  return new UserError(
    `${decodePath(path)} cannot be read (${(error as NodeJS.ErrnoException).code})`,
    'Check its permissions.',
  );
}
