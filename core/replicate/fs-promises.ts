/** The part of `fs.promises` that replication uses, provided by the system or by a branch. */
import type { promises } from 'node:fs';
import { codeOf, isMissing } from './error-code.ts';
import type { ReplicaNode } from './node.ts';
import { readXattrs, type XattrPort } from './xattrs.ts';

export type FsPromises = Pick<
  typeof promises,
  | 'chmod'
  | 'lchown'
  | 'link'
  | 'lstat'
  | 'lutimes'
  | 'mkdir'
  | 'open'
  | 'readdir'
  | 'readlink'
  | 'rename'
  | 'rm'
  | 'rmdir'
  | 'symlink'
  | 'unlink'
>;

/** @returns undefined if the path does not exist or has a type that cannot be replicated */
export async function readNode(
  fs: FsPromises,
  path: string,
  port?: XattrPort,
): Promise<ReplicaNode | undefined> {
  try {
    const stats = await fs.lstat(path, { bigint: true });
    const facts = {
      mode: Number(stats.mode) & 0o7777,
      mtime: stats.mtimeNs,
      uid: Number(stats.uid),
      gid: Number(stats.gid),
    };
    const xattrs = port && !stats.isSymbolicLink() ? readXattrs(port, path) : undefined;
    const more = xattrs && { xattrs };
    if (stats.isFile())
      return {
        type: 'file',
        ...facts,
        ...more,
        size: Number(stats.size),
        version: `${stats.ino}:${stats.ctimeNs}`,
        ...(stats.nlink > 1n && { inode: `${stats.ino}` }),
      };
    if (stats.isDirectory()) return { type: 'directory', ...facts, ...more, size: 0 };
    if (stats.isSymbolicLink()) return { type: 'symlink', ...facts, size: 0, link: await fs.readlink(path) };
    return undefined;
  } catch (error) {
    // EINVAL: lstat found a link, which was replaced before readlink.
    if (isMissing(error) || codeOf(error) === 'EINVAL') return undefined;
    throw error;
  }
}

/** Bytes per read. */
export const CHUNK = 1 << 20;

export async function* readChunks(fs: FsPromises, path: string, chunk = CHUNK): AsyncGenerator<Uint8Array> {
  const file = await fs.open(path, 'r');
  try {
    for (let at = 0; ; ) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(chunk), 0, chunk, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
