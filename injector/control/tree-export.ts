/** Copies a virtual directory to a real directory: bytes, modes, times, symbolic and hard links. */
import { chmod, link, lstat, lutimes, mkdir, open, rm, symlink, utimes } from 'node:fs/promises';
import type { Timespec } from '../../core/clock.ts';
import { encodePath } from '../../core/path-bytes.ts';
import { UserError } from '../user-error.ts';
import type { Caller, FileInfo, NamedFile } from './methods.ts';
import { readVirtual } from './transfer.ts';
import type { Copied, TreeOptions } from './tree-import.ts';

const seconds = ({ sec, nsec }: Timespec): number => sec + nsec / 1e9;
const below = (directory: Buffer, name: string): Buffer =>
  Buffer.concat([directory, Buffer.from('/'), encodePath(name)]);

/**
 * Copies the contents of the virtual directory `from` to the real directory `to`, which is created if missing. An
 * existing file or symbolic link is replaced, never followed.
 *
 * @throws ControlError when the session refuses; UserError when the real filesystem does
 */
export async function exportTree(
  caller: Caller,
  from: string,
  to: string,
  options: TreeOptions = {},
): Promise<Copied> {
  const { branch } = options;
  const info = await caller.call('file.stat', { path: from, branch });
  if (info.type !== 'directory')
    throw new UserError(`${from} is not a directory`, `Use: shimfs fs cat ${from}`);
  const exporter = new Exporter(caller, options);
  try {
    const target = Buffer.from(to);
    await mkdir(target, { recursive: true });
    await exporter.directory(from, target, info);
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (error instanceof UserError || code === undefined) throw error;
    throw new UserError(
      `${path ?? to} cannot be written (${code})`,
      'Check the directory, its permissions and the free space on its disk.',
    );
  }
  return exporter.copied;
}

class Exporter {
  readonly copied: Copied = { files: 0, directories: 0, links: 0, bytes: 0, skipped: [] };
  readonly #caller: Caller;
  readonly #options: TreeOptions;
  readonly #firstNames = new Map<number, Buffer>();

  constructor(caller: Caller, options: TreeOptions) {
    this.#caller = caller;
    this.#options = options;
  }

  /** @param to exists */
  async directory(from: string, to: Buffer, info: FileInfo): Promise<void> {
    const { branch, onProgress } = this.#options;
    for await (const entry of listVirtual(this.#caller, from, branch)) {
      onProgress?.(this.copied);
      await this.#entry(`${from.replace(/\/+$/, '')}/${entry.name}`, below(to, entry.name), entry);
    }
    await chmod(to, info.mode & 0o7777);
    await utimes(to, seconds(info.atime), seconds(info.mtime));
  }

  async #entry(from: string, to: Buffer, info: NamedFile): Promise<void> {
    if (info.type === 'directory') {
      this.copied.directories++;
      await this.#makeDirectory(to);
      return this.directory(from, to, info);
    }
    const first = info.nlink > 1 ? this.#firstNames.get(info.ino) : undefined;
    await rm(to, { force: true });
    if (first) {
      this.copied.links++;
      return link(first, to);
    }
    if (info.type === 'symlink') {
      this.copied.links++;
      await symlink(encodePath(info.target ?? ''), to);
      return lutimes(to, seconds(info.atime), seconds(info.mtime));
    }
    if (info.type !== 'file') return void this.copied.skipped.push(from);
    this.#firstNames.set(info.ino, to);
    await this.#file(from, to, info);
  }

  async #makeDirectory(to: Buffer): Promise<void> {
    const there = await lstat(to).catch(() => undefined);
    if (there?.isDirectory()) return;
    if (there) await rm(to);
    await mkdir(to, 0o700);
  }

  async #file(from: string, to: Buffer, info: FileInfo): Promise<void> {
    const file = await open(to, 'wx', 0o600);
    try {
      for await (const chunk of readVirtual(this.#caller, from, this.#options.branch)) {
        await file.write(chunk);
        this.copied.bytes += chunk.length;
      }
      await file.chmod(info.mode & 0o7777);
      await file.utimes(seconds(info.atime), seconds(info.mtime));
    } finally {
      await file.close();
    }
    this.copied.files++;
  }
}

/** The entries of a virtual directory, page by page. */
export async function* listVirtual(caller: Caller, path: string, branch?: string): AsyncGenerator<NamedFile> {
  for (let cookie: number | undefined = 0; cookie !== undefined; ) {
    const page: { entries: readonly NamedFile[]; next?: number } = await caller.call('file.list', {
      path,
      branch,
      cookie,
    });
    yield* page.entries;
    cookie = page.next;
  }
}
