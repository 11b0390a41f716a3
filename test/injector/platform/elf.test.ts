import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ByteReader, type Elf, libcOf, parseElf } from '../../../injector/platform/elf.ts';
import { type ElfParts, elfBytes } from './elf-bytes.ts';

const test = suite('ELF');
const readerOf =
  (bytes: Uint8Array): ByteReader =>
  (offset, length) =>
    bytes.subarray(offset, offset + length);

const INTERPRETER = '/lib64/ld-linux-x86-64.so.2';
const rows: [string, ElfParts, Elf][] = [
  [
    'dynamic',
    { interpreter: INTERPRETER, sections: ['.text'] },
    { bits: 64, machine: 'x64', littleEndian: true, interpreter: INTERPRETER, go: false },
  ],
  ['static', {}, { bits: 64, machine: 'x64', littleEndian: true, interpreter: undefined, go: false }],
  [
    'arm64',
    { machine: 183 },
    { bits: 64, machine: 'arm64', littleEndian: true, interpreter: undefined, go: false },
  ],
  [
    'go with cgo',
    { interpreter: INTERPRETER, sections: ['.text', '.go.buildinfo'] },
    { bits: 64, machine: 'x64', littleEndian: true, interpreter: INTERPRETER, go: true },
  ],
  ['32-bit', { elfClass: 1, machine: 3 }, { bits: 32, machine: 'other', littleEndian: true, go: false }],
  ['big-endian', { data: 2, machine: 21 }, { bits: 64, machine: 'other', littleEndian: false, go: false }],
];
for (const [what, parts, expected] of rows) {
  test(what, () => assert.equal(parseElf(readerOf(elfBytes(parts))), expected));
}

test('other files than ELF files', () => {
  for (const text of ['', '\x7fELF', '#!/bin/sh\n', 'MZ']) {
    assert.is(parseElf(readerOf(new TextEncoder().encode(text))), undefined, JSON.stringify(text));
  }
});

test('a file cut or damaged anywhere is read without a fault', () => {
  const whole = elfBytes({ interpreter: INTERPRETER, sections: ['.text', '.go.buildinfo'] });
  fc.assert(
    fc.property(
      fc.nat(whole.length),
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }),
      (length, damage) => {
        const bytes = whole.slice();
        for (const [at, value] of damage) bytes[at] = value;
        const elf = parseElf(readerOf(bytes.subarray(0, length)));
        return elf === undefined || typeof elf.go === 'boolean';
      },
    ),
    { numRuns: 500 },
  );
});

const loaders: [string, ReturnType<typeof libcOf>][] = [
  [INTERPRETER, 'glibc'],
  ['/lib/ld-linux-aarch64.so.1', 'glibc'],
  ['/nix/store/x-glibc-2.40/lib/ld-linux-x86-64.so.2', 'glibc'],
  ['/lib/ld64.so.1', 'glibc'],
  ['/lib/ld-musl-x86_64.so.1', 'musl'],
  ['/system/bin/linker64', 'unknown'],
];
for (const [path, expected] of loaders)
  test(`${path} is ${expected}`, () => assert.is(libcOf(path), expected));

test.run();
