/**
 * Whether dyld will insert a library into the program of a Mach-O file.
 *
 * Layouts and numbers: xnu EXTERNAL_HEADERS/mach-o/{loader,fat}.h and osfmk/kern/cs_blobs.h. Pure: the given
 * reader reads the bytes.
 */
import type { ByteReader, Machine } from './elf.ts';

export interface MachO {
  /** Machines for which it contains a 64-bit program. */
  readonly machines: readonly Machine[];
  /** Whether dyld starts it; false for a static program. */
  readonly dynamic: boolean;
  /** Why dyld would not load the gate; undefined if it would. */
  readonly refusal?: 'platform' | 'restricted' | 'hardened' | 'library-validation';
}

const FAT = 0xcafebabe;
const FAT_64 = 0xcafebabf;
const MACHO_64 = 0xfeedfacf;
const MACHO_32 = 0xfeedface;
const LC_SEGMENT_64 = 0x19;
const LC_LOAD_DYLINKER = 0xe;
const LC_CODE_SIGNATURE = 0x1d;
const CPU: Record<number, Machine> = { 16777223: 'x64', 16777228: 'arm64' };
const SUPER_BLOB = 0xfade0cc0;
const CODE_DIRECTORY = 0xfade0c02;
const ENTITLEMENTS = 0xfade7171;
const CS_RESTRICT = 0x800;
const CS_FORCED_LV = 0x10;
const CS_REQUIRE_LV = 0x2000;
const CS_RUNTIME = 0x10000;
/** More than any real file has; a larger count means a damaged file. */
const SLICES = 32;
const COMMANDS_BYTES = 1 << 20;
const SIGNATURE_BYTES = 1 << 24;

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function isMachO(head: Uint8Array): boolean {
  if (head.length < 4) return false;
  const view = viewOf(head);
  // A Java class file has the same magic; the number that follows is larger than any count of slices.
  if (view.getUint32(0) === FAT || view.getUint32(0) === FAT_64)
    return head.length >= 8 && view.getUint32(4) > 0 && view.getUint32(4) <= SLICES;
  return view.getUint32(0, true) === MACHO_64 || view.getUint32(0, true) === MACHO_32;
}

/** @returns undefined for a damaged file @param machine whose part is judged, when there are several */
export function parseMachO(read: ByteReader, machine: Machine): MachO | undefined {
  try {
    const slices = slicesOf(read);
    const machines = slices.map(({ machine }) => machine);
    const slice = slices.find((slice) => slice.machine === machine);
    if (!slice) return { machines, dynamic: true };
    return { machines, ...judge((offset, length) => read(slice.offset + offset, length)) };
  } catch (error) {
    // A read beyond the end of the bytes; any other error is a fault.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function slicesOf(read: ByteReader): { machine: Machine; offset: number }[] {
  const head = viewOf(read(0, 8 + SLICES * 32));
  const magic = head.getUint32(0);
  if (magic !== FAT && magic !== FAT_64) {
    const known = head.getUint32(0, true) === MACHO_64 ? CPU[head.getUint32(4, true)] : undefined;
    return [{ machine: known ?? 'other', offset: 0 }];
  }
  const size = magic === FAT ? 20 : 32;
  return Array.from({ length: Math.min(head.getUint32(4), SLICES) }, (_, index) => {
    const at = 8 + index * size;
    const offset = magic === FAT ? head.getUint32(at + 8) : Number(head.getBigUint64(at + 8));
    return { machine: CPU[head.getUint32(at)] ?? 'other', offset };
  });
}

function judge(read: ByteReader): Omit<MachO, 'machines'> {
  const header = viewOf(read(0, 32));
  const count = header.getUint32(16, true);
  const commands = viewOf(read(32, Math.min(header.getUint32(20, true), COMMANDS_BYTES)));
  let dynamic = false;
  let restricted = false;
  let signature: { flags: number; platform: number; entitlements: string } | undefined;
  for (let index = 0, at = 0; index < count; index++) {
    const command = commands.getUint32(at, true);
    const length = commands.getUint32(at + 4, true);
    if (length < 8) throw new RangeError('a load command without a length');
    if (command === LC_LOAD_DYLINKER) dynamic = true;
    if (command === LC_SEGMENT_64 && text(commands, at + 8, 16) === '__RESTRICT') restricted = true;
    if (command === LC_CODE_SIGNATURE)
      signature = signatureOf(
        viewOf(
          read(
            commands.getUint32(at + 8, true),
            Math.min(commands.getUint32(at + 12, true), SIGNATURE_BYTES),
          ),
        ),
      );
    at += length;
  }
  const refusal = refusalOf(restricted, signature);
  return refusal ? { dynamic, refusal } : { dynamic };
}

function signatureOf(blob: DataView): { flags: number; platform: number; entitlements: string } {
  const told = { flags: 0, platform: 0, entitlements: '' };
  if (blob.getUint32(0) !== SUPER_BLOB) return told;
  for (let index = 0; index < Math.min(blob.getUint32(8), SLICES); index++) {
    const at = blob.getUint32(12 + index * 8 + 4);
    const magic = blob.getUint32(at);
    if (magic === CODE_DIRECTORY) {
      told.flags |= blob.getUint32(at + 12);
      told.platform ||= blob.getUint8(at + 38);
    }
    if (magic === ENTITLEMENTS) told.entitlements = text(blob, at + 8, blob.getUint32(at + 4) - 8);
  }
  return told;
}

function refusalOf(
  restricted: boolean,
  signature: ReturnType<typeof signatureOf> | undefined,
): MachO['refusal'] {
  const { flags = 0, platform = 0, entitlements = '' } = signature ?? {};
  const entitled = (key: string): boolean =>
    new RegExp(`<key>com\\.apple\\.security\\.cs\\.${key}</key>\\s*<true\\s*/>`).test(entitlements);
  if (platform !== 0) return 'platform';
  if (restricted || flags & CS_RESTRICT) return 'restricted';
  if (flags & CS_RUNTIME && !entitled('allow-dyld-environment-variables')) return 'hardened';
  const validates = (flags & (CS_RUNTIME | CS_REQUIRE_LV | CS_FORCED_LV)) !== 0;
  return validates && !entitled('disable-library-validation') ? 'library-validation' : undefined;
}

function text(view: DataView, at: number, length: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, length);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
