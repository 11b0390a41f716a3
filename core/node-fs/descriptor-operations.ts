/** The synchronous operations on descriptors. */
import type { FsView } from '../fs-view.ts';
import { flagsOf, modeOf, type PathArgument, placeOf, timeOf } from './arguments.ts';
import type { Descriptors, OpenFile } from './descriptors.ts';
import { BigIntStats, Stats } from './stats.ts';

export function descriptorOperations(view: FsView, files: Descriptors) {
  const at = (file: OpenFile) => ({ dir: file.ino, path: '' });
  return {
    open(path: PathArgument, flags?: string | number, mode?: string | number): number {
      const place = placeOf(path);
      const bits = flagsOf(flags, 'r');
      const { ino, type } = view.openLocal(place, bits, modeOf(mode, 0o666));
      view.hold(ino);
      return files.add({ ino, type, flags: bits, path: place.path, position: 0 });
    },
    close(fd: number): void {
      view.release(files.remove(fd).ino);
    },
    fstat(fd: number, options?: { readonly bigint?: boolean }): Stats | BigIntStats {
      const attr = view.stat(at(files.get(fd, 'fstat')));
      return options?.bigint ? new BigIntStats(attr) : new Stats(attr);
    },
    ftruncate(fd: number, length?: number | null): void {
      view.truncate(at(files.writable(fd, 'ftruncate')), Math.max(0, length ?? 0));
    },
    fchmod(fd: number, mode: string | number): void {
      view.chmod(at(files.get(fd, 'fchmod')), modeOf(mode, 0));
    },
    fchown(fd: number, uid: number, gid: number): void {
      view.chown(at(files.get(fd, 'fchown')), uid, gid);
    },
    futimes(fd: number, atime: string | number | Date, mtime: string | number | Date): void {
      view.utimens(at(files.get(fd, 'futime')), timeOf(atime), timeOf(mtime));
    },
    fsync(fd: number): void {
      files.get(fd, 'fsync');
    },
    fdatasync(fd: number): void {
      files.get(fd, 'fdatasync');
    },
  };
}
