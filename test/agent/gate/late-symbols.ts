/** What a Mach-O library looks for in no library that it names (`-undefined dynamic_lookup`; zig's linker calls a weak one its own). */

const MH_MAGIC_64 = 0xfeedfacf;
const LC_SYMTAB = 2;
const N_TYPE = 0x0e;
const N_STAB = 0xe0;
/** Ordinals: any library that is loaded, the library itself. */
const UNNAMED = [0xfe, 0];
const HEADER = 32;
const NLIST = 16;

/** @returns names of undefined symbols without a library, sorted @throws Error when it is no such file */
export function lateSymbols(file: Buffer): string[] {
  if (file.readUInt32LE(0) !== MH_MAGIC_64) throw new Error('this is no 64-bit Mach-O file');
  let at = HEADER;
  for (let commands = file.readUInt32LE(16); commands > 0; commands--) {
    if (file.readUInt32LE(at) === LC_SYMTAB) return fromTable(file, at);
    at += file.readUInt32LE(at + 4);
  }
  throw new Error('there is no symbol table');
}

function fromTable(file: Buffer, command: number): string[] {
  const [symbols, count, strings] = [8, 12, 16].map((field) => file.readUInt32LE(command + field));
  const names: string[] = [];
  for (let i = 0; i < count!; i++) {
    const entry = symbols! + i * NLIST;
    const type = file[entry + 4]!;
    const named = !UNNAMED.includes(file.readUInt16LE(entry + 6) >> 8);
    if (named || type & N_STAB || (type & N_TYPE) !== 0) continue;
    const start = strings! + file.readUInt32LE(entry);
    names.push(file.toString('latin1', start, file.indexOf(0, start)));
  }
  return names.sort();
}
