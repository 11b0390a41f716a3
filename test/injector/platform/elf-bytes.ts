/** Hand-made ELF files: a header, segments and named sections, no code. */

export interface ElfParts {
  /** EI_CLASS: 1 is 32-bit, 2 is 64-bit. */
  readonly elfClass?: number;
  /** EI_DATA: 1 is little-endian. */
  readonly data?: number;
  /** e_machine: 62 is x86-64, 183 is AArch64. */
  readonly machine?: number;
  readonly interpreter?: string;
  readonly sections?: readonly string[];
}

const HEADER = 64;
const SEGMENT = 56;
const SECTION = 64;
const PT_LOAD = 1;
const PT_INTERP = 3;

export function elfBytes(parts: ElfParts = {}): Uint8Array {
  const { elfClass = 2, data = 1, machine = 62, interpreter, sections = [] } = parts;
  const little = data === 1;
  const text = new TextEncoder();
  const interp = interpreter === undefined ? undefined : text.encode(`${interpreter}\0`);
  const names = ['', ...sections, '.shstrtab'];
  const nameBytes = text.encode(names.map((name) => `${name}\0`).join(''));

  const segmentsAt = HEADER;
  const segmentCount = interp ? 2 : 1;
  const interpAt = segmentsAt + segmentCount * SEGMENT;
  const namesAt = interpAt + (interp?.length ?? 0);
  const sectionsAt = namesAt + nameBytes.length;
  const bytes = new Uint8Array(sectionsAt + names.length * SECTION);
  const view = new DataView(bytes.buffer);

  bytes.set([0x7f, 0x45, 0x4c, 0x46, elfClass, data, 1]);
  view.setUint16(16, 3, little);
  view.setUint16(18, machine, little);
  view.setBigUint64(32, BigInt(segmentsAt), little);
  view.setBigUint64(40, BigInt(sectionsAt), little);
  view.setUint16(54, SEGMENT, little);
  view.setUint16(56, segmentCount, little);
  view.setUint16(58, SECTION, little);
  view.setUint16(60, names.length, little);
  view.setUint16(62, names.length - 1, little);

  view.setUint32(segmentsAt, PT_LOAD, little);
  if (interp) {
    const at = segmentsAt + SEGMENT;
    view.setUint32(at, PT_INTERP, little);
    view.setBigUint64(at + 8, BigInt(interpAt), little);
    view.setBigUint64(at + 32, BigInt(interp.length), little);
    bytes.set(interp, interpAt);
  }
  bytes.set(nameBytes, namesAt);
  let nameAt = 0;
  names.forEach((name, n) => {
    const at = sectionsAt + n * SECTION;
    view.setUint32(at, nameAt, little);
    nameAt += name.length + 1;
    if (n !== names.length - 1) return;
    view.setBigUint64(at + 24, BigInt(namesAt), little);
    view.setBigUint64(at + 32, BigInt(nameBytes.length), little);
  });
  return bytes;
}
