/** Node's conventions for paths, flags, modes, times and encodings. */
import { fileURLToPath } from 'node:url';
import type { Timespec } from '../clock.ts';
import { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY } from '../constants.ts';
import { decodePath, encodePath } from '../path-bytes.ts';
import type { Place } from '../walk.ts';

export type PathArgument = string | Uint8Array | URL;

class ArgumentError extends TypeError {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Relative paths start from the root, because there is no working directory. */
export function placeOf(path: PathArgument): Place {
  let text: string;
  if (typeof path === 'string') text = path;
  else if (path instanceof URL) text = fileURLToPath(path);
  else if (path instanceof Uint8Array) text = decodePath(path);
  else throw new ArgumentError('ERR_INVALID_ARG_TYPE', 'The "path" argument must be a string, Buffer or URL');
  if (text.includes('\0'))
    throw new ArgumentError('ERR_INVALID_ARG_VALUE', 'The "path" argument must be without null bytes');
  return { path: text === '' || text.charCodeAt(0) === 47 ? text : `/${text}` };
}

const FLAGS: Readonly<Record<string, number>> = {
  r: O_RDONLY,
  rs: O_RDONLY | O_SYNC,
  'r+': O_RDWR,
  'rs+': O_RDWR | O_SYNC,
  w: O_TRUNC | O_CREAT | O_WRONLY,
  wx: O_TRUNC | O_CREAT | O_WRONLY | O_EXCL,
  'w+': O_TRUNC | O_CREAT | O_RDWR,
  'wx+': O_TRUNC | O_CREAT | O_RDWR | O_EXCL,
  a: O_APPEND | O_CREAT | O_WRONLY,
  ax: O_APPEND | O_CREAT | O_WRONLY | O_EXCL,
  as: O_APPEND | O_CREAT | O_WRONLY | O_SYNC,
  'a+': O_APPEND | O_CREAT | O_RDWR,
  'ax+': O_APPEND | O_CREAT | O_RDWR | O_EXCL,
  'as+': O_APPEND | O_CREAT | O_RDWR | O_SYNC,
};

export function flagsOf(flags: string | number | null | undefined, fallback: string): number {
  if (typeof flags === 'number') return flags;
  const name = flags ?? fallback;
  // Node takes both orders: `xw`, `wx`, `sr+`.
  const found = FLAGS[name] ?? FLAGS[name.replace(/^([xs])([rwa])/, '$2$1')];
  if (found === undefined)
    throw new ArgumentError('ERR_INVALID_ARG_VALUE', `The argument 'flags' is invalid. Received '${name}'`);
  return found;
}

export function modeOf(mode: string | number | null | undefined, fallback: number): number {
  if (mode === null || mode === undefined) return fallback;
  return typeof mode === 'number' ? mode : Number.parseInt(mode, 8);
}

/** Seconds (a number or a numeral) or a Date. */
export function timeOf(time: string | number | Date): Timespec {
  const seconds = time instanceof Date ? time.getTime() / 1000 : Number(time);
  let sec = Math.floor(seconds);
  let nsec = Math.round((seconds - sec) * 1e6) * 1000;
  if (nsec >= 1e9) {
    sec++;
    nsec = 0;
  }
  return { sec, nsec };
}

export type EncodingArgument = string | { readonly encoding?: string | null } | null | undefined;

export const encodingOf = (options: EncodingArgument): BufferEncoding | 'buffer' | null =>
  ((typeof options === 'string' ? options : options?.encoding) ?? null) as BufferEncoding | 'buffer' | null;

/** Bytes in the requested encoding; a Buffer by default. */
export function encoded(bytes: Buffer, options: EncodingArgument): string | Buffer {
  const encoding = encodingOf(options);
  return encoding === null || encoding === 'buffer' ? bytes : bytes.toString(encoding);
}

/** A path or name in the requested encoding; a string by default. */
export function encodedPath(path: string, options: EncodingArgument): string | Buffer {
  const encoding = encodingOf(options);
  if (encoding === 'buffer') return encodePath(path);
  return encoding === null || encoding === 'utf8' ? path : encodePath(path).toString(encoding);
}

export type DataArgument = string | NodeJS.ArrayBufferView;

export function bytesOf(data: DataArgument, encoding: BufferEncoding | 'buffer' | null = null): Buffer {
  if (typeof data === 'string')
    return Buffer.from(data, encoding === 'buffer' ? 'utf8' : (encoding ?? 'utf8'));
  if (Buffer.isBuffer(data)) return data;
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  throw new ArgumentError(
    'ERR_INVALID_ARG_TYPE',
    'The "data" argument must be a string or a view of a buffer',
  );
}
