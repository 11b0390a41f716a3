/** fs.promises.FileHandle over a descriptor. */

type Call = (...args: unknown[]) => unknown;

/** FileHandle's methods, and the descriptor operations that implement them. */
const METHODS: Readonly<Record<string, string>> = {
  appendFile: 'appendFile',
  chmod: 'fchmod',
  chown: 'fchown',
  datasync: 'fdatasync',
  readFile: 'readFile',
  stat: 'fstat',
  sync: 'fsync',
  truncate: 'ftruncate',
  utimes: 'futimes',
  writeFile: 'writeFile',
};

const TRANSFERS: Readonly<Record<string, [count: string, data: string]>> = {
  read: ['bytesRead', 'buffer'],
  readv: ['bytesRead', 'buffers'],
  write: ['bytesWritten', 'buffer'],
  writev: ['bytesWritten', 'buffers'],
};

/** @param sync operations @param face the fs whose streams use the handle */
export function fileHandle(sync: Readonly<Record<string, Call>>, face: Record<string, unknown>, fd: number) {
  let open = fd;
  const handle: Record<string | symbol, unknown> = {
    get fd() {
      return open;
    },
    async close() {
      if (open < 0) return;
      sync.close(open);
      open = -1;
    },
    createReadStream: (options?: object) => (face.createReadStream as Call)('', { ...options, fd: open }),
    createWriteStream: (options?: object) => (face.createWriteStream as Call)('', { ...options, fd: open }),
  };
  handle[Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')] = handle.close;
  for (const [method, operation] of Object.entries(METHODS))
    handle[method] = async (...args: unknown[]) => sync[operation](open, ...args);
  for (const [method, [count, data]] of Object.entries(TRANSFERS))
    handle[method] = async (buffer: unknown, ...args: unknown[]) => ({
      [count]: sync[method](open, buffer, ...args),
      [data]: buffer,
    });
  return handle;
}
