/**
 * Extended attributes of real files, through koffi.
 *
 * On macOS names have no namespace: they get the prefix `user.`, so that Linux and virtual trees accept them. Attributes
 * that the system writes by itself, or does not allow to write, are left out.
 */
import type { XattrPort } from '../../core/replicate/index.ts';
import { type KoffiLibc, koffiLibc } from './libc.ts';

/** Returns a length, or a negative errno. */
interface Calls {
  list(path: string, into: Uint8Array): number;
  get(path: string, name: string, into: Uint8Array): number;
  set(path: string, name: string, value: Uint8Array): number;
  remove(path: string, name: string): number;
}

const USER = 'user.';
/** Limit for the bytes of an attribute, and of the list of names, on Linux: XATTR_SIZE_MAX, XATTR_LIST_MAX. */
const USUAL_BYTES = 65_536;
/** macOS's resource forks are attributes, too. */
const MOST_BYTES = 1 << 28;
const NOT_OURS = /^com\.apple\.(quarantine|provenance|macl|rootless|system\.|lastuseddate|TextEncoding$)/;

let port: XattrPort | undefined | false = false;

/** @returns undefined if koffi cannot be loaded, or the system is neither Linux nor macOS */
export function systemXattrs(): XattrPort | undefined {
  if (port === false) port = open();
  return port;
}

function open(): XattrPort | undefined {
  if (process.platform !== 'linux' && process.platform !== 'darwin') return undefined;
  let loaded: KoffiLibc;
  try {
    loaded = koffiLibc();
  } catch {
    return undefined;
  }
  const { koffi } = loaded;
  const darwin = process.platform === 'darwin';
  const calls = callsOf(loaded, darwin);
  const CODES = new Map(Object.entries(koffi.os.errno).map(([code, number]) => [number, code]));
  const ENODATA = darwin ? 93 : koffi.os.errno.ENODATA;
  const checked = (result: number, call: string, path: string): number => {
    if (result >= 0) return result;
    const code = result === -ENODATA! ? 'ENODATA' : (CODES.get(-result) ?? `errno ${-result}`);
    const error = new Error(`${code}: ${call} '${path}'`);
    throw Object.assign(error, { code, errno: result, syscall: call, path });
  };
  const outer = (name: string): string => (darwin ? name.slice(USER.length) : name);
  const room = Buffer.alloc(USUAL_BYTES);
  const filled = (ask: (into: Uint8Array) => number, call: string, path: string): Buffer => {
    for (let bytes = USUAL_BYTES; ; bytes *= 8) {
      const into = bytes === USUAL_BYTES ? room : Buffer.alloc(bytes);
      const length = ask(into);
      if (length === -koffi.os.errno.ERANGE! && bytes < MOST_BYTES) continue;
      return Buffer.from(into.subarray(0, checked(length, call, path)));
    }
  };
  return {
    list(path) {
      const names = filled((into) => calls.list(path, into), 'listxattr', path).toString();
      const all = names.split('\0').filter((name) => name !== '');
      if (!darwin) return all.filter((name) => name.startsWith(USER));
      return all.filter((name) => !NOT_OURS.test(name)).map((name) => USER + name);
    },
    get: (path, name) => filled((into) => calls.get(path, outer(name), into), 'getxattr', path),
    set: (path, name, value) => void checked(calls.set(path, outer(name), value), 'setxattr', path),
    remove: (path, name) => void checked(calls.remove(path, outer(name)), 'removexattr', path),
  };
}

/** The functions of macOS (<sys/xattr.h>) take options, and a position, which only resource forks use. */
function callsOf({ koffi, self }: KoffiLibc, darwin: boolean): Calls {
  const XATTR_NOFOLLOW = 1;
  const [l, end, last] = darwin ? ['', ', int options', [XATTR_NOFOLLOW]] : (['l', '', []] as const);
  const [place, at] = darwin ? [', uint32_t position, int options', [0, XATTR_NOFOLLOW]] : ['', []];
  const list = self.func(`long ${l}listxattr(const char *path, _Out_ uint8_t *names, size_t size${end})`);
  const get = self.func(
    `long ${l}getxattr(const char *path, const char *name, _Out_ uint8_t *value, size_t size${place})`,
  );
  const set = self.func(
    `int ${l}setxattr(const char *path, const char *name, const uint8_t *value, size_t size${place || ', int flags'})`,
  );
  const remove = self.func(`int ${l}removexattr(const char *path, const char *name${end})`);
  const told = (result: unknown): number => (Number(result) < 0 ? -koffi.errno() : Number(result));
  return {
    list: (path, into) => told(list(path, into, into.length, ...last)),
    get: (path, name, into) => told(get(path, name, into, into.length, ...at)),
    set: (path, name, value) => told(set(path, name, value, value.length, ...(darwin ? at : [0]))),
    remove: (path, name) => told(remove(path, name, ...last)),
  };
}
