/**
 * How the program of an ELF file is started, by the file's headers (elf(5)).
 *
 * Pure: the given reader reads the bytes. Only 64-bit little-endian files are read beyond their first bytes, because
 * only these can be covered.
 */

/** @returns up to `length` bytes at `offset`; fewer at the file's end */
export type ByteReader = (offset: number, length: number) => Uint8Array;

export type Machine = 'x64' | 'arm64' | 'other';

export interface Elf {
  readonly bits: 32 | 64;
  readonly machine: Machine;
  readonly littleEndian: boolean;
  /** PT_INTERP; absent in a static program. */
  readonly interpreter?: string;
  /** It has a `.go.buildinfo` section: it was compiled by Go, which calls the kernel without libc. */
  readonly go: boolean;
}

export const isElf = (head: Uint8Array): boolean =>
  head.length >= 4 && head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46;

const HEADER_BYTES = 64;
const SECTION_BYTES = 64;
const SEGMENT_BYTES = 56;
const PT_INTERP = 3;
/** Far beyond what any linker writes; a larger count means a damaged file. */
const COUNT_LIMIT = 65_535;
const PATH_LIMIT = 4096;
const NAMES_LIMIT = 1 << 20;

const MACHINES: Record<number, Machine> = { 62: 'x64', 183: 'arm64' };

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const textUntilNul = (bytes: Uint8Array, from = 0): string => {
  const end = bytes.indexOf(0, from);
  return new TextDecoder().decode(bytes.subarray(from, end < 0 ? bytes.length : end));
};

/** @returns undefined if it is not an ELF file, or is damaged */
export function parseElf(read: ByteReader): Elf | undefined {
  const head = read(0, HEADER_BYTES);
  if (!isElf(head) || head.length < 20) return undefined;
  const bits = head[4] === 2 ? 64 : 32;
  const littleEndian = head[5] === 1;
  const header = viewOf(head);
  const machine = MACHINES[header.getUint16(18, littleEndian)] ?? 'other';
  if (bits !== 64 || !littleEndian) return { bits, machine, littleEndian, go: false };
  if (head.length < HEADER_BYTES) return undefined;
  return {
    bits,
    machine,
    littleEndian,
    interpreter: findInterpreter(header, read),
    go: sectionNames(header, read).includes('.go.buildinfo'),
  };
}

/** A table of records, or the part of it that the file contains. */
function* records(read: ByteReader, offset: bigint, size: number, count: number): Generator<DataView> {
  if (offset > BigInt(Number.MAX_SAFE_INTEGER) || count > COUNT_LIMIT) return;
  const table = read(Number(offset), size * count);
  for (let at = 0; at + size <= table.length; at += size) yield viewOf(table.subarray(at, at + size));
}

function findInterpreter(header: DataView, read: ByteReader): string | undefined {
  const offset = header.getBigUint64(32, true);
  if (header.getUint16(54, true) !== SEGMENT_BYTES) return undefined;
  for (const segment of records(read, offset, SEGMENT_BYTES, header.getUint16(56, true))) {
    if (segment.getUint32(0, true) !== PT_INTERP) continue;
    const length = Math.min(Number(segment.getBigUint64(32, true)), PATH_LIMIT);
    return textUntilNul(read(Number(segment.getBigUint64(8, true)), length)) || undefined;
  }
  return undefined;
}

function sectionNames(header: DataView, read: ByteReader): string[] {
  const offset = header.getBigUint64(40, true);
  if (offset === 0n || header.getUint16(58, true) !== SECTION_BYTES) return [];
  const sections = [...records(read, offset, SECTION_BYTES, header.getUint16(60, true))];
  const names = sections[header.getUint16(62, true)];
  if (!names) return [];
  const length = Math.min(Number(names.getBigUint64(32, true)), NAMES_LIMIT);
  const bytes = read(Number(names.getBigUint64(24, true)), length);
  return sections
    .map((section) => section.getUint32(0, true))
    .filter((at) => at < bytes.length)
    .map((at) => textUntilNul(bytes, at));
}

/** The libc behind an interpreter's name. */
export function libcOf(interpreter: string): 'glibc' | 'musl' | 'unknown' {
  if (/\/ld-musl-[^/]*$/.test(interpreter)) return 'musl';
  if (/\/ld(-linux[^/]*)?(64)?\.so\.[12]$/.test(interpreter)) return 'glibc';
  return 'unknown';
}
