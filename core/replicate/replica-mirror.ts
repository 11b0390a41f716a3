/**
 * Makes a target equal to its origin.
 *
 * A change only selects a path to compare; the target receives the state found in the origin at that time. So every
 * action may be repeated, after an error, after a crash, in any state of the target.
 */
import type { ChangeLog, LogEntry } from './change-log.ts';
import { copyFile } from './file-copy.ts';
import { HardLinks } from './hard-links.ts';
import { holder, type ReplicaNode, sameAttributes, sameContent, within } from './node.ts';
import type { Origin } from './origin.ts';
import type { Target } from './target.ts';

/** Options of ReplicaMirror. */
export interface ReplicaMirrorOptions {
  /** Whether `path` is replicated. Other paths are left alone in the target, too. Default: everything. */
  readonly accepts?: (path: string, directory: boolean) => boolean;
  /** `bytes`: also compare the bytes of files with equal size and time. Default: `times`. */
  readonly compare?: 'times' | 'bytes';
  readonly log?: ChangeLog;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Called between actions; throws to end the work. */
  readonly check?: () => void;
  readonly did?: (entry: LogEntry) => void;
}

/** Compares paths of the origin with the target and applies the differences. */
export class ReplicaMirror {
  readonly #origin: Origin;
  readonly #target: Target;
  readonly #options: ReplicaMirrorOptions;
  /** Directories whose attributes must be set after the changes inside them. */
  readonly #dirty = new Set<string>();
  /** Errors of paths below a compared directory. */
  readonly #failed = new Map<string, unknown>();
  readonly #links = new HardLinks();

  constructor(origin: Origin, target: Target, options: ReplicaMirrorOptions = {}) {
    this.#origin = origin;
    this.#target = target;
    this.#options = options;
  }

  async #did(action: LogEntry['action'], path: string, more: Partial<LogEntry> = {}): Promise<void> {
    const entry: LogEntry = { time: (this.#options.now ?? Date.now)(), action, path, ...more };
    this.#options.did?.(entry);
    await this.#options.log?.append(entry);
  }

  /** Compares one path and makes the target equal. @param deep compare everything below, too */
  async sync(path: string, deep: boolean): Promise<void> {
    // The directory's mtime changed, even if the entry that caused it is gone again.
    this.#dirty.add(holder(path));
    const blocked = await this.#blocked(path);
    await this.#visit(blocked ?? path, deep || blocked !== undefined);
  }

  /**
   * The first ancestor of `path` that is not a directory in the origin or in the target, which is then the path to
   * compare. Symbolic links are never followed, neither to read nor to write.
   */
  async #blocked(path: string): Promise<string | undefined> {
    const dirs: string[] = [];
    for (let dir = path; dir !== ''; ) {
      dir = holder(dir);
      dirs.unshift(dir);
    }
    for (const dir of dirs) {
      if ((await this.#origin.stat(dir))?.type !== 'directory') return dir;
      if ((await this.#target.stat(dir))?.type !== 'directory') return dir;
    }
    return undefined;
  }

  async #visit(path: string, deep: boolean): Promise<void> {
    this.#options.check?.();
    const want = await this.#origin.stat(path);
    let have = await this.#target.stat(path);
    if (!this.#accepts(path, want ?? have)) return;
    if (!want) {
      // If the whole origin is missing, a broken mount is more likely than the intention to delete the replica.
      if (path !== '' && have) await this.#remove(path);
      return;
    }
    if (have && have.type !== want.type && (have.type === 'directory' || want.type === 'directory')) {
      await this.#remove(path);
      have = undefined;
    }
    if (want.type === 'directory') await this.#directory(path, want, have, deep);
    else await this.#leaf(path, want, have);
  }

  #accepts(path: string, node: ReplicaNode | undefined): boolean {
    if (path === '') return true;
    return this.#options.accepts?.(path, node?.type === 'directory') ?? true;
  }

  async #remove(path: string): Promise<void> {
    await this.#target.remove(path);
    this.#dirty.add(holder(path));
    await this.#did('remove', path);
  }

  async #directory(
    path: string,
    want: ReplicaNode,
    have: ReplicaNode | undefined,
    deep: boolean,
  ): Promise<void> {
    this.#dirty.add(path);
    if (path !== '') this.#dirty.add(holder(path));
    if (!have) {
      await this.#target.makeDirectory(path, want);
      await this.#did('mkdir', path);
    }
    if (have && !deep) return;
    const names = new Set([...(await this.#origin.list(path)), ...(await this.#target.list(path))]);
    for (const name of names) {
      const child = within(path, name);
      try {
        await this.#visit(child, true);
      } catch (error) {
        // An error in one file must not stop the comparison of the rest.
        this.#options.check?.();
        this.#failed.set(child, error);
      }
    }
  }

  async #leaf(path: string, want: ReplicaNode, have: ReplicaNode | undefined): Promise<void> {
    if (want.inode !== undefined) {
      const names = this.#links.add(want.inode, path);
      if (await this.#linked(path, names, want, have)) return;
    }
    const same =
      have !== undefined &&
      sameContent(want, have) &&
      (!this.#target.link || this.#links.match(want, have)) &&
      (await this.#sameBytes(path, want));
    if (same) {
      if (sameAttributes(want, have, this.#target.owners)) return;
      await this.#target.setAttributes(path, want);
      await this.#did('attributes', path);
      return;
    }
    this.#dirty.add(holder(path));
    if (want.type === 'symlink') {
      await this.#target.symlink(path, want);
      await this.#did('symlink', path);
    } else await this.#copy(path, want);
  }

  /** Links `path` to another name of the file, if the target already has the file under that name. */
  async #linked(
    path: string,
    names: Set<string>,
    want: ReplicaNode,
    have: ReplicaNode | undefined,
  ): Promise<boolean> {
    if (!this.#target.link) return false;
    for (const other of [...names]) {
      if (other === path) continue;
      if ((await this.#blocked(other)) !== undefined) continue;
      if ((await this.#origin.stat(other))?.inode !== want.inode) {
        names.delete(other);
        continue;
      }
      const twin = await this.#target.stat(other);
      if (!twin || !sameContent(want, twin) || !sameAttributes(want, twin, this.#target.owners)) continue;
      if (!(await this.#sameBytes(other, want))) continue;
      if (have?.inode !== undefined && have.inode === twin.inode) return true;
      if (!(await this.#target.link(other, path))) return false;
      this.#dirty.add(holder(path));
      await this.#did('link', path, { from: other });
      return true;
    }
    return false;
  }

  async #sameBytes(path: string, node: ReplicaNode): Promise<boolean> {
    if (this.#options.compare !== 'bytes' || node.type !== 'file') return true;
    const [ours, theirs] = await Promise.all([
      collect(this.#origin.read(path)),
      collect(this.#target.read(path)),
    ]);
    return ours.equals(theirs);
  }

  async #copy(path: string, found: ReplicaNode): Promise<void> {
    const bytes = await copyFile(this.#origin, this.#target, path, found);
    if (bytes === undefined) await this.#visit(path, true);
    else await this.#did('write', path, { bytes });
  }

  /** Removes and returns the failed paths below compared directories, with their errors. */
  takeFailed(): [path: string, error: unknown][] {
    const failed = [...this.#failed];
    this.#failed.clear();
    return failed;
  }

  /** All known names of a file: a change through one name changes the file under all of them. */
  namesOf(inode: number | undefined): readonly string[] {
    return inode === undefined ? [] : this.#links.namesOf(`${inode}`);
  }

  /** Repeats a rename in the target if the origin still agrees with it, then compares the new path. */
  async rename(from: string, to: string): Promise<void> {
    this.#options.check?.();
    if (await this.#canRename(from, to)) {
      await this.#target.rename!(from, to);
      this.#dirty.add(holder(from)).add(holder(to));
      await this.#did('rename', to, { from });
    }
    await this.sync(to, true);
  }

  async #canRename(from: string, to: string): Promise<boolean> {
    if (!this.#target.rename || from === '' || to === '') return false;
    const want = await this.#origin.stat(to);
    const have = await this.#target.stat(from);
    // If the old name exists in the origin again, the target's file may be a copy of that new file.
    if (!want || have?.type !== want.type || (await this.#origin.stat(from))) return false;
    if (!this.#accepts(from, have) || !this.#accepts(to, want)) return false;
    const before = await this.#target.stat(to);
    if (before && (before.type === 'directory' || want.type === 'directory')) return false;
    return (await this.#blocked(to)) === undefined && (await this.#reachable(holder(from)));
  }

  /** Whether `dir` and all its ancestors are directories in the target. */
  async #reachable(dir: string): Promise<boolean> {
    for (let at = dir; at !== ''; at = holder(at))
      if ((await this.#target.stat(at))?.type !== 'directory') return false;
    return true;
  }

  /** Sets the attributes of directories whose contents were changed. */
  async setDirectoryAttributes(): Promise<void> {
    const dirs = [...this.#dirty].sort((a, b) => b.length - a.length);
    for (const dir of dirs) {
      const [want, have] = [await this.#origin.stat(dir), await this.#target.stat(dir)];
      if (
        want?.type === 'directory' &&
        have?.type === 'directory' &&
        !sameAttributes(want, have, this.#target.owners)
      )
        await this.#target.setAttributes(dir, want);
      this.#dirty.delete(dir);
    }
  }
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}
