/** The mounts: which parts of the tree are virtual. */
import { S_IFDIR } from './constants.ts';
import { FsError } from './errors.ts';
import { Inode } from './layers/inode.ts';
import type { Namespace } from './layers/namespace.ts';
import type { Engine } from './ops/view-context.ts';
import type { Mounts } from './walk.ts';

/** User and group of a file. */
export interface Owner {
  /** User id. */
  readonly uid: number;
  /** Group id. */
  readonly gid: number;
}

/** A directory that will get one name: link count 2, times now. */
export function newDirectory(engine: Pick<Engine, 'now'>, ino: number, owner: Owner): Inode {
  const node = new Inode(ino, S_IFDIR | 0o755, owner.uid, owner.gid);
  const now = engine.now.read();
  node.nlink = 2;
  node.atimeSec = node.mtimeSec = node.ctimeSec = node.btimeSec = now.sec;
  node.atimeNsec = node.mtimeNsec = node.ctimeNsec = node.btimeNsec = now.nsec;
  return node;
}

export class MountTable implements Mounts {
  readonly paths: readonly string[];
  readonly outside = new Set<number>();
  readonly roots = new Set<number>();

  constructor(paths: readonly string[]) {
    this.paths = paths;
  }

  /**
   * Creates the mounts' roots and the directories above them, without events: they exist from the beginning.
   *
   * @param overlay the real directory's record to put at a mount, if the mount is an overlay
   * @throws FsError EINVAL for a path that is not absolute and normal
   */
  plant(
    engine: Pick<Engine, 'now' | 'nextIno'>,
    ns: Namespace,
    owner: Owner,
    overlay: (path: string) => Inode | undefined = () => undefined,
  ): void {
    for (const path of this.paths) {
      const names = path.split('/').filter((name) => name !== '');
      if (!path.startsWith('/') || names.some((name) => name === '.' || name === '..'))
        throw new FsError('EINVAL', 'mount', path);
      let at = ns.root;
      let inside = this.roots.has(at.ino);
      for (const [i, name] of names.entries()) {
        if (!inside) this.outside.add(at.ino);
        const real = i === names.length - 1 ? overlay(path) : undefined;
        if (real) {
          ns.add(at, name, real);
          ns.countSubdirectory(at, 1);
        }
        at = real ?? ns.lookup(at, name) ?? this.#directory(engine, ns, at, name, owner);
        inside ||= this.roots.has(at.ino);
      }
      this.outside.delete(at.ino);
      this.roots.add(at.ino);
    }
  }

  #directory(
    engine: Pick<Engine, 'now' | 'nextIno'>,
    ns: Namespace,
    parent: Inode,
    name: string,
    owner: Owner,
  ): Inode {
    const node = newDirectory(engine, engine.nextIno(), owner);
    ns.upper.inodes.set(node.ino, node);
    ns.add(parent, name, node);
    ns.countSubdirectory(parent, 1);
    return node;
  }
}
