/**
 * C functions that Node lacks, through koffi.
 *
 * Loaded at first use: without a koffi build for this machine, only the callers fail, and `doctor` reports it.
 */
import { createRequire } from 'node:module';
import type Koffi from 'koffi';

type KoffiModule = typeof Koffi;
export type Pointer = bigint;

export interface Libc {
  /** View of `length` bytes at `address`; must not be used after they are unmapped. */
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
  /** Sends all bytes together with a descriptor, or nothing. @returns bytes, or a negative errno */
  sendDescriptor(socket: number, bytes: Uint8Array, fd: number): number;
  /** By path; Node's own function opens the file. @returns 0, or a negative errno */
  truncate(path: string, size: number): number;
  /** Makes a FIFO with exactly this mode, unless the name exists. @returns 0, or a negative errno */
  mkfifo(path: string, mode: number): number;
  /** From the start. */
  seek(fd: number, offset: number): number;
  /** Linux only: whether two descriptors share an offset. False if the kernel has no kcmp(2). */
  sameDescription(pid: number, fd: number, otherPid: number, otherFd: number): boolean;
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

export interface KoffiLibc {
  readonly koffi: KoffiModule;
  readonly self: ReturnType<KoffiModule['load']>;
}

/** For functions with a single caller. @throws when koffi cannot be loaded */
export function koffiLibc(): KoffiLibc {
  let koffi: KoffiModule;
  try {
    koffi = createRequire(import.meta.url)('koffi');
  } catch (error) {
    throw new Error(`koffi cannot be loaded: ${(error as Error).message.split('\n')[0]}`);
  }
  return { koffi, self: koffi.load(process.platform === 'darwin' ? '/usr/lib/libSystem.B.dylib' : null) };
}

function load(): Libc {
  const { koffi, self } = koffiLibc();
  const flock = self.func('int flock(int fd, int operation)');
  const getxattr =
    process.platform === 'linux'
      ? self.func('long getxattr(const char *path, const char *name, void *value, size_t size)')
      : undefined;
  const truncate = self.func('int truncate(const char *path, int64_t length)');
  const makeFifo = self.func('int mkfifo(const char *path, uint32_t mode)');
  const chmod = self.func('int chmod(const char *path, uint32_t mode)');
  const seek = self.func('int64_t lseek(int fd, int64_t offset, int whence)');
  const linux = process.platform === 'linux' ? linuxCalls(koffi, self) : undefined;
  return {
    sendDescriptor: (socket, bytes, fd) =>
      linux?.sendDescriptor(socket, bytes, fd) ?? -koffi.os.errno.ENOTSUP,
    truncate: (path, size) => (truncate(path, size) < 0 ? -koffi.errno() : 0),
    mkfifo: (path, mode) => {
      const made = makeFifo(path, mode) < 0 ? -koffi.errno() : 0;
      if (made < 0 && made !== -koffi.os.errno.EEXIST) return made;
      return chmod(path, mode) < 0 ? -koffi.errno() : 0;
    },
    seek: (fd, offset) => Number(seek(fd, offset, 0)),
    sameDescription: (...which) => linux?.sameDescription(...which) ?? false,
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

/** Numbers that differ between systems. */
function linuxCalls(koffi: KoffiModule, self: ReturnType<KoffiModule['load']>) {
  const KCMP = process.arch === 'arm64' ? 272 : 312;
  const KCMP_FILE = 0;
  const SOL_SOCKET = 1;
  const SCM_RIGHTS = 1;
  const MSG_DONTWAIT = 0x40;
  const MSG_NOSIGNAL = 0x4000;
  const piece = koffi.struct({ base: 'void *', length: 'size_t' });
  const message = koffi.struct({
    name: 'void *',
    nameLength: 'uint32_t',
    pieces: koffi.pointer(piece),
    count: 'size_t',
    control: 'void *',
    controlLength: 'size_t',
    flags: 'int',
  });
  const sendmsg = self.func('sendmsg', 'long', ['int', koffi.pointer(message), 'int']);
  const kcmp = self.func(
    'long syscall(long number, int pid1, int pid2, int type, unsigned long fd1, unsigned long fd2)',
  );
  return {
    sendDescriptor(socket: number, bytes: Uint8Array, fd: number): number {
      // struct cmsghdr { size_t length; int level, type; } and an int, padded to eight bytes
      const control = Buffer.alloc(24);
      control.writeBigUInt64LE(20n, 0);
      control.writeInt32LE(SOL_SOCKET, 8);
      control.writeInt32LE(SCM_RIGHTS, 12);
      control.writeInt32LE(fd, 16);
      const pieces = [{ base: bytes, length: bytes.length }];
      const sent = { name: null, nameLength: 0, pieces, count: 1, control, controlLength: 24, flags: 0 };
      const result = Number(sendmsg(socket, sent, MSG_DONTWAIT | MSG_NOSIGNAL));
      return result < 0 ? -koffi.errno() : result;
    },
    sameDescription: (pid: number, fd: number, otherPid: number, otherFd: number): boolean =>
      Number(kcmp(KCMP, pid, otherPid, KCMP_FILE, fd, otherFd)) === 0,
  };
}
