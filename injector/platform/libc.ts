/**
 * The few C functions that Node lacks, through koffi.
 *
 * Loaded at first use: where koffi has no build for this machine, only what needs it fails, and `doctor` says so.
 */
import { createRequire } from 'node:module';
import type Koffi from 'koffi';

type KoffiModule = typeof Koffi;
export type Pointer = bigint;

export interface Libc {
  /** Window on `length` bytes at `address`; it dangles once they are unmapped. */
  view(address: Pointer, length: number): ArrayBuffer;
  mmap(
    address: null,
    length: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ): Pointer | null;
  munmap(address: Pointer, length: number): number;
  getsockopt(fd: number, level: number, name: number, value: Uint8Array, length: Uint32Array): number;
  flock(fd: number, operation: number): number;
  /** Waits on a thread of libuv's pool; resolves to a negative errno or 0. */
  flockWait(fd: number, operation: number): Promise<number>;
  /** Linux only: length of an extended attribute, or a negative errno. */
  getxattr(path: string, name: string): number;
  /** `errno` of the last failed call. */
  errno(): number;
}

export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const MAP_SHARED = 1;

let loaded: Libc | undefined;

/** @throws when koffi cannot be loaded */
export function libc(): Libc {
  loaded ??= load();
  return loaded;
}

function load(): Libc {
  let koffi: KoffiModule;
  try {
    koffi = createRequire(import.meta.url)('koffi');
  } catch (error) {
    throw new Error(`koffi cannot be loaded: ${(error as Error).message.split('\n')[0]}`);
  }
  const self = koffi.load(process.platform === 'darwin' ? '/usr/lib/libSystem.B.dylib' : null);
  const flock = self.func('int flock(int fd, int operation)');
  const getxattr =
    process.platform === 'linux'
      ? self.func('long getxattr(const char *path, const char *name, void *value, size_t size)')
      : undefined;
  return {
    view: (address, length) => koffi.view(address, length),
    mmap: self.func('void *mmap(void *addr, size_t length, int prot, int flags, int fd, int64_t offset)'),
    munmap: self.func('int munmap(void *addr, size_t length)'),
    getsockopt: self.func(
      'int getsockopt(int fd, int level, int name, _Inout_ uint8_t *value, _Inout_ uint32_t *length)',
    ),
    flock: (fd, operation) => flock(fd, operation),
    flockWait: (fd, operation) =>
      new Promise((resolve, reject) => {
        flock.async(fd, operation, (error: Error | null, result: number) =>
          error ? reject(error) : resolve(result),
        );
      }),
    getxattr: (path, name) => {
      if (!getxattr) return -koffi.os.errno.ENOTSUP;
      const length = Number(getxattr(path, name, null, 0));
      return length < 0 ? -koffi.errno() : length;
    },
    errno: () => koffi.errno(),
  };
}
