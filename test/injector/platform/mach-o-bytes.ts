/** Hand-made Mach-O files: load commands and a code signature, no code. */

export interface MachOParts {
  readonly cpu?: number;
  readonly dynamic?: boolean;
  readonly segments?: readonly string[];
  /** Code directory flags, CS_*. Absent: not signed. */
  readonly flags?: number;
  readonly platform?: number;
  /** Keys that are true. */
  readonly entitlements?: readonly string[];
}

const concat = (...parts: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};
const words = (little: boolean, ...values: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setUint32(index * 4, value, little);
  return bytes;
};
const padded = (text: string, length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  bytes.set(new TextEncoder().encode(text));
  return bytes;
};

function signature({ flags = 0, platform = 0, entitlements = [] }: MachOParts): Uint8Array {
  const directory = concat(words(false, 0xfade0c02, 44, 0x20400, flags), new Uint8Array(28));
  directory[38] = platform;
  const xml = `<plist><dict>${entitlements.map((key) => `<key>${key}</key>\n<true/>`).join('')}</dict></plist>`;
  const wanted = concat(words(false, 0xfade7171, 8 + xml.length), padded(xml, xml.length));
  const head = words(
    false,
    0xfade0cc0,
    28 + directory.length + wanted.length,
    2,
    0,
    28,
    5,
    28 + directory.length,
  );
  return concat(head, directory, wanted);
}

export function machOBytes(parts: MachOParts = {}): Uint8Array {
  const { cpu = 0x0100000c, dynamic = true, segments = ['__TEXT'], flags } = parts;
  const commands = [
    ...segments.map((name) => concat(words(true, 0x19, 72), padded(name, 16), new Uint8Array(48))),
    ...(dynamic ? [concat(words(true, 0xe, 32), padded('/usr/lib/dyld', 24))] : []),
  ];
  const signed = flags === undefined ? new Uint8Array(0) : signature(parts);
  const before = 32 + commands.reduce((sum, { length }) => sum + length, 0);
  if (flags !== undefined) commands.push(words(true, 0x1d, 16, before + 16, signed.length));
  const body = concat(...commands);
  return concat(words(true, 0xfeedfacf, cpu, 0, 2, commands.length, body.length, 0, 0), body, signed);
}

/** @param slices each with its cputype */
export function fatBytes(slices: readonly [number, Uint8Array][]): Uint8Array {
  let at = 8 + slices.length * 20;
  const table = slices.map(([cpu, bytes]) => {
    const row = words(false, cpu, 0, at, bytes.length, 0);
    at += bytes.length;
    return row;
  });
  return concat(words(false, 0xcafebabe, slices.length), ...table, ...slices.map(([, bytes]) => bytes));
}
