/**
 * Encodes and decodes the records that the gate and the streams exchange; gate/fsevents/fsevents.h declares the same
 * layout in C. Little-endian.
 *
 * A batch is a sequence of records aligned to 8 bytes: length u32, flags u32, id u64, ino u64, path bytes, NUL.
 */

import { StreamFlag } from '../../core/gate/agent-abi.ts';
import { decodePath, encodedLength, encodePath } from '../events/path-text.ts';
import type { StreamEvent } from './coalescing-window.ts';
import { CreateFlag, EventFlag } from './constants.ts';
import type { Root } from './roots.ts';
import type { StreamSpec } from './stream-spec.ts';

const HEADER = 24;
const TWO32 = 0x100000000;

const recordLength = (pathLength: number): number => (HEADER + pathLength + 1 + 7) & ~7;

/** Number of bytes that `putEvents` writes. */
export const encodedEventsLength = (events: readonly StreamEvent[]): number =>
  events.reduce((sum, event) => sum + recordLength(encodedLength(event.path)), 0);

export function putEvents(events: readonly StreamEvent[], bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (const { path, flags, id, ino } of events) {
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

/** @param relative the paths lack their leading slash, which is restored */
export function readEvents(bytes: Uint8Array, relative = false): StreamEvent[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const events: StreamEvent[] = [];
  for (let at = 0; at + HEADER <= bytes.length; ) {
    const length = view.getUint32(at, true);
    if (length < HEADER || at + length > bytes.length) break;
    let end = at + HEADER;
    while (end < at + length && bytes[end] !== 0) end++;
    const path = decodePath(bytes, at + HEADER, end);
    events.push({
      path: relative && !path.startsWith('/') ? `/${path}` : path,
      flags: view.getUint32(at + 4, true),
      id: u64(view, at + 8),
      ino: u64(view, at + 16),
    });
    at += length;
  }
  return events;
}

/** Each path ends with a NUL. */
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

/** Bits of a creation record. */
const SINCE_NOW_HALF = 0xffffffff;

/**
 * The creation record of a stream: flags u32, bits u32, latency f64 (seconds), since u64, pid u32, count of roots u32;
 * then each root's given and real path, then the mounts, each with a NUL.
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
    mixed: (view.getUint32(4, true) & StreamFlag.Mixed) !== 0,
    roots,
    mounts: paths.slice(2 * count),
  };
}

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/**
 * A CFString cannot hold a path that is not UTF-8. Such an event becomes MustScanSubDirs of the nearest directory whose
 * path is UTF-8.
 * @returns the events unchanged if the program takes C strings
 */
export function asText(events: readonly StreamEvent[], createFlags: number): readonly StreamEvent[] {
  if ((createFlags & CreateFlag.UseCFTypes) === 0 || !events.some(({ path }) => LONE_SURROGATE.test(path)))
    return events;
  return events.map((event) => {
    if (!LONE_SURROGATE.test(event.path)) return event;
    let path = event.path;
    while (LONE_SURROGATE.test(path)) path = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    return { ...event, path: path || '/', flags: EventFlag.MustScanSubDirs };
  });
}

const u64 = (view: DataView, at: number): number =>
  view.getUint32(at, true) + view.getUint32(at + 4, true) * TWO32;

function putU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / TWO32), true);
}
