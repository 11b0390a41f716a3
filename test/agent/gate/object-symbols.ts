/** Global symbols of an object file: ELF (elf(5)) and Mach-O (mach-o/loader.h, mach-o/nlist.h), 64-bit, little-endian. */

export interface ObjectSymbols {
  readonly defined: ReadonlySet<string>;
  readonly needed: ReadonlySet<string>;
}

const ELF_MAGIC = 0x464c457f;
const MACH_O_MAGIC = 0xfeedfacf;

/** @throws Error for another format */
export function objectSymbols(bytes: Uint8Array): ObjectSymbols {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0, true);
  if (magic === ELF_MAGIC) return elfSymbols(view);
  if (magic === MACH_O_MAGIC) return machOSymbols(view);
  throw new Error(`not an object file: it begins with 0x${magic.toString(16)}`);
}

function text(view: DataView, at: number): string {
  let end = at;
  while (view.getUint8(end) !== 0) end++;
  return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at, end - at));
}

const SHT_SYMTAB = 2;
const SHN_UNDEF = 0;
const STB_LOCAL = 0;

function elfSymbols(view: DataView): ObjectSymbols {
  const defined = new Set<string>();
  const needed = new Set<string>();
  const sections = Number(view.getBigUint64(40, true));
  const [size, count] = [view.getUint16(58, true), view.getUint16(60, true)];
  const word = (section: number, at: number): number =>
    Number(view.getBigUint64(sections + section * size + at, true));
  for (let i = 0; i < count; i++) {
    if (view.getUint32(sections + i * size + 4, true) !== SHT_SYMTAB) continue;
    const strings = word(view.getUint32(sections + i * size + 40, true), 24);
    for (let at = word(i, 24); at < word(i, 24) + word(i, 32); at += 24) {
      if (view.getUint8(at + 4) >> 4 === STB_LOCAL) continue;
      const name = text(view, strings + view.getUint32(at, true));
      (view.getUint16(at + 6, true) === SHN_UNDEF ? needed : defined).add(name);
    }
  }
  return { defined, needed };
}

const LC_SYMTAB = 2;
const N_STAB = 0xe0;
const N_TYPE = 0x0e;
const N_EXT = 0x01;

function machOSymbols(view: DataView): ObjectSymbols {
  const defined = new Set<string>();
  const needed = new Set<string>();
  let command = 32;
  for (let i = 0; i < view.getUint32(16, true); i++, command += view.getUint32(command + 4, true)) {
    if (view.getUint32(command, true) !== LC_SYMTAB) continue;
    const [symbols, count, strings] = [8, 12, 16].map((at) => view.getUint32(command + at, true));
    for (let n = 0; n < count!; n++) {
      const at = symbols! + n * 16;
      const type = view.getUint8(at + 4);
      if (type & N_STAB || !(type & N_EXT)) continue;
      const name = text(view, strings! + view.getUint32(at, true));
      // A common symbol is undefined with a size as its value.
      const undefinedHere = (type & N_TYPE) === 0 && view.getBigUint64(at + 8, true) === 0n;
      (undefinedHere ? needed : defined).add(name);
    }
  }
  return { defined, needed };
}
