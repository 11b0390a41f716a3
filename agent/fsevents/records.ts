/**
 * What the gate and the streams hand each other, as bytes. Told in C in gate/fsevents/fsevents.h; little-endian.
 *
 * A batch is records of 8-byte alignment: length u32, flags u32, id u64, ino u64, the path's bytes and a NUL.
 */

import { decodePath, encodedLength, encodePath } from '../events/path-text.ts';
import type { StreamEvent } from './coalescing-window.ts';
import { CreateFlag, EventFlag } from './constants.ts';
import type { Root } from './roots.ts';
import type { StreamSpec } from './stream.ts';

const HEADER = 24;
const TWO32 = 0x100000000;

const recordLength = (pathLength: number): number => (HEADER + pathLength + 1 + 7) & ~7;

/** Bytes that `putEntries` needs. */
export const entriesLength = (entries: readonly StreamEvent[]): number =>
  entries.reduce((sum, entry) => sum + recordLength(encodedLength(entry.path)), 0);

export function putEntries(entries: readonly StreamEvent[], bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (const { path, flags, id, ino } of entries) {
    const end = encodePath(path, bytes, at + HEADER);
    const length = recordLength(end - at - HEADER);
    bytes.fill(0, end, at + length);
    view.setUint32(at, length, true);
    view.setUint32(at + 4, flags, true);
    putU64(view, at + 8, id);
    putU64(view, at + 16, ino);
    at += length;
  }
}

/** @param relative paths are told without their leading slash, and are to be whole again */
export function readEntries(bytes: Uint8Array, relative = false): StreamEvent[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: StreamEvent[] = [];
  for (let at = 0; at + HEADER <= bytes.length; ) {
    const length = view.getUint32(at, true);
    if (length < HEADER || at + length > bytes.length) break;
    let end = at + HEADER;
    while (end < at + length && bytes[end] !== 0) end++;
    const path = decodePath(bytes, at + HEADER, end);
    entries.push({
      path: relative && !path.startsWith('/') ? `/${path}` : path,
      flags: view.getUint32(at + 4, true),
      id: u64(view, at + 8),
      ino: u64(view, at + 16),
    });
    at += length;
  }
  return entries;
}

/** NUL after each. */
export function readPaths(bytes: Uint8Array, start = 0): string[] {
  const paths: string[] = [];
  for (let at = start; at < bytes.length; ) {
    let end = at;
    while (end < bytes.length && bytes[end] !== 0) end++;
    paths.push(decodePath(bytes, at, end));
    at = end + 1;
  }
  return paths;
}

export function putPaths(paths: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(paths.reduce((sum, path) => sum + encodedLength(path) + 1, 0));
  let at = 0;
  for (const path of paths) at = encodePath(path, bytes, at) + 1;
  return bytes;
}

/** Bits of a creation. */
const MIXED = 1;
const SINCE_NOW_HALF = 0xffffffff;

/**
 * A stream as it is created: flags u32, bits u32, latency f64 (seconds), since u64, pid u32, count of roots u32, then
 * for each root its given and its real path, then the mounts; NUL after each.
 */
export function readSpec(number: number, bytes: Uint8Array): StreamSpec {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const now = view.getUint32(16, true) === SINCE_NOW_HALF && view.getUint32(20, true) === SINCE_NOW_HALF;
  const count = view.getUint32(28, true);
  const paths = readPaths(bytes, 32);
  const roots: Root[] = [];
  for (let i = 0; i < count; i++) roots.push({ given: paths[2 * i]!, path: paths[2 * i + 1]! });
  return {
    number,
    flags: view.getUint32(0, true),
    latency: view.getFloat64(8, true) * 1000,
    since: now ? undefined : u64(view, 16),
    pid: view.getUint32(24, true),
    mixed: (view.getUint32(4, true) & MIXED) !== 0,
    roots,
    mounts: paths.slice(2 * count),
  };
}

const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/**
 * CFString holds text, and a name may be none: its nearest directory whose path is text is to be scanned instead.
 * @returns the entries themselves where the program takes bytes
 */
export function asText(entries: readonly StreamEvent[], createFlags: number): readonly StreamEvent[] {
  if ((createFlags & CreateFlag.UseCFTypes) === 0 || !entries.some(({ path }) => LONE.test(path)))
    return entries;
  return entries.map((entry) => {
    if (!LONE.test(entry.path)) return entry;
    let path = entry.path;
    while (LONE.test(path)) path = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    return { ...entry, path: path || '/', flags: EventFlag.MustScanSubDirs };
  });
}

const u64 = (view: DataView, at: number): number =>
  view.getUint32(at, true) + view.getUint32(at + 4, true) * TWO32;

function putU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / TWO32), true);
}
