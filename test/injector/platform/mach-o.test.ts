import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ByteReader } from '../../../injector/platform/elf.ts';
import { coverage, type FileProbe, type RefusalCode } from '../../../injector/platform/executable.ts';
import { isMachO, type MachO, parseMachO } from '../../../injector/platform/mach-o.ts';
import { findZig } from '../../support/zig.ts';
import { fatBytes, type MachOParts, machOBytes } from './mach-o-bytes.ts';

const X64 = 0x01000007;
const ARM64 = 0x0100000c;
const reader =
  (bytes: Uint8Array): ByteReader =>
  (offset, length) =>
    bytes.subarray(offset, offset + length);
const parse = (bytes: Uint8Array, machine: 'x64' | 'arm64' = 'arm64'): MachO | undefined =>
  parseMachO(reader(bytes), machine);
const entitled = (...keys: string[]): string[] => keys.map((key) => `com.apple.security.cs.${key}`);

const rows: [string, MachOParts, MachO['refusal']][] = [
  ['unsigned', {}, undefined],
  ['signed by the linker', { flags: 0x20002 }, undefined],
  ['part of the system', { flags: 0, platform: 14 }, 'platform'],
  ['with a restricting segment', { segments: ['__TEXT', '__RESTRICT'] }, 'restricted'],
  ['with the restrict flag', { flags: 0x800 }, 'restricted'],
  ['hardened', { flags: 0x10000 }, 'hardened'],
  [
    'hardened, variables allowed',
    { flags: 0x10000, entitlements: entitled('allow-dyld-environment-variables') },
    'library-validation',
  ],
  [
    'hardened, all allowed',
    {
      flags: 0x10000,
      entitlements: entitled('allow-dyld-environment-variables', 'disable-library-validation'),
    },
    undefined,
  ],
  ['validating libraries', { flags: 0x2000 }, 'library-validation'],
];
for (const [what, parts, refusal] of rows)
  test(what, () => {
    assert.equal(parse(machOBytes(parts)), {
      machines: ['arm64'],
      dynamic: true,
      ...(refusal && { refusal }),
    });
  });

test('each machine has its own part', () => {
  const fat = fatBytes([
    [X64, machOBytes({ cpu: X64, flags: 0x800 })],
    [ARM64, machOBytes()],
  ]);
  assert.equal(parse(fat, 'arm64'), { machines: ['x64', 'arm64'], dynamic: true });
  assert.equal(parse(fat, 'x64'), { machines: ['x64', 'arm64'], dynamic: true, refusal: 'restricted' });
  assert.is(parse(machOBytes({ dynamic: false }))?.dynamic, false);
});

test('recognized by the first bytes; a Java class is not a Mach-O file', () => {
  assert.ok(isMachO(machOBytes()));
  assert.ok(isMachO(fatBytes([[X64, machOBytes()]])));
  assert.not.ok(isMachO(new Uint8Array([0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52])));
  assert.not.ok(isMachO(new TextEncoder().encode('#!/bin/sh\n')));
});

test('files that are cut at any place are reported as damaged', () => {
  const whole = machOBytes({ flags: 0x10000, entitlements: entitled('disable-library-validation') });
  for (let length = 8; length < 200; length++)
    assert.is(parse(whole.subarray(0, length)), undefined, `${length}`);
});

const probe = (bytes: Uint8Array | string): FileProbe => ({
  platform: 'darwin',
  machine: 'arm64',
  libc: 'glibc',
  uid: 501,
  gid: 20,
  stat: () => ({ mode: 0o100755, uid: 0, gid: 0 }),
  executable: () => true,
  hasCapabilities: () => false,
  open: (_, use) => use(reader(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes)),
});
const judged: [string, Uint8Array | string, RefusalCode | undefined][] = [
  ['a program', machOBytes(), undefined],
  ['a part of the system', machOBytes({ flags: 0, platform: 1 }), 'protected'],
  ['for another machine', machOBytes({ cpu: X64 }), 'architecture'],
  ['static', machOBytes({ dynamic: false }), 'static'],
  ['damaged', machOBytes().subarray(0, 40), 'format'],
  ['other bytes', 'MZ\0\0', 'format'],
];
for (const [what, bytes, code] of judged)
  test(`covered or not: ${what}`, () => {
    const told = coverage('/p', probe(bytes));
    assert.is(told.ok ? undefined : told.code, code);
  });

const zig = await findZig();
if (typeof zig === 'string') {
  console.log(`skipped: no real Mach-O file to read, ${zig}`);
} else {
  test("a linker's own files", () => {
    const out = mkdtempSync(join(tmpdir(), 'mach-o-'));
    try {
      writeFileSync(join(out, 'main.c'), 'int main(void) { return 0; }\n');
      for (const [target, machine] of [
        ['aarch64-macos', 'arm64'],
        ['x86_64-macos', 'x64'],
      ] as const) {
        const program = join(out, machine);
        assert.is(zig.compile(target, ['-o', program, join(out, 'main.c')]), '');
        const bytes = readFileSync(program);
        assert.ok(isMachO(bytes));
        assert.equal(parse(bytes, machine), { machines: [machine], dynamic: true });
      }
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  });
}
test.run();
