/**
 * Whether dyld inserts the gate is judged twice: by the injector for the first program, in TypeScript, and by the gate
 * for those it starts, in C. They must agree.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cHeader } from '../../../core/wire-header.ts';
import { packageFile } from '../../../injector/package-root.ts';
import { type MachO, parseMachO } from '../../../injector/platform/mach-o.ts';
import { fatBytes, type MachOParts, machOBytes } from '../../injector/platform/mach-o-bytes.ts';

const X64 = 0x01000007;
const ARM64 = 0x0100000c;
const SAYS: Record<NonNullable<MachO['refusal']> | 'inserted', RegExp> = {
  platform: /part of macOS/,
  restricted: /marked as restricted/,
  hardened: /hardened runtime/,
  'library-validation': /own team/,
  inserted: /^inserted$/,
};
const parts: fc.Arbitrary<MachOParts> = fc.record({
  flags: fc
    .subarray([0x2, 0x10, 0x800, 0x2000, 0x10000, 0x20000])
    .map((bits) => bits.reduce((sum, bit) => sum | bit, 0)),
  platform: fc.constantFrom(0, 0, 0, 1, 14),
  segments: fc.constantFrom(['__TEXT'], ['__TEXT', '__RESTRICT'], ['__RESTRICTED_NOT']),
  entitlements: fc.subarray(
    ['allow-dyld-environment-variables', 'disable-library-validation', 'allow-jit'].map(
      (key) => `com.apple.security.cs.${key}`,
    ),
  ),
});

const out = mkdtempSync(join(tmpdir(), 'signature-'));
test.after(() => rmSync(out, { recursive: true, force: true }));
const judge = join(out, 'judge');
const file = join(out, 'program');

function gateSays(bytes: Uint8Array, cpu: number): string {
  writeFileSync(file, bytes);
  const run = spawnSync(judge, [file, String(cpu)], { encoding: 'utf8' });
  assert.is(run.status, 0, run.stderr);
  return run.stdout.trim();
}
const injectorSays = (bytes: Uint8Array, machine: 'x64' | 'arm64'): RegExp =>
  SAYS[
    parseMachO((offset, length) => bytes.subarray(offset, offset + length), machine)?.refusal ?? 'inserted'
  ];

test('the gate reads signatures outside of macOS too, to be tested', () => {
  writeFileSync(join(out, 'wire.h'), cHeader());
  const gate = (...names: string[]): string => packageFile('agent', 'gate', ...names);
  const sources = [
    fileURLToPath(new URL('judge.c', import.meta.url)),
    gate('darwin', 'signature.c'),
    gate('text.c'),
  ];
  const flags = ['-std=gnu11', '-O1', '-Wall', '-Wextra', '-Werror', '-fno-builtin', `-I${out}`, '-o', judge];
  const run = spawnSync(process.env.CC || 'cc', [...flags, ...sources], { encoding: 'utf8' });
  assert.is(run.stderr, '');
});

test('both say the same of any signature', () => {
  fc.assert(
    fc.property(parts, (one) => {
      const bytes = machOBytes(one);
      assert.match(gateSays(bytes, ARM64), injectorSays(bytes, 'arm64'));
    }),
    { numRuns: 150 },
  );
});

test('both judge the part for this machine', () => {
  fc.assert(
    fc.property(parts, parts, (one, other) => {
      const bytes = fatBytes([
        [X64, machOBytes({ ...one, cpu: X64 })],
        [ARM64, machOBytes(other)],
      ]);
      assert.match(gateSays(bytes, X64), injectorSays(bytes, 'x64'));
      assert.match(gateSays(bytes, ARM64), injectorSays(bytes, 'arm64'));
    }),
    { numRuns: 60 },
  );
});

test('the gate survives any cut and any changed byte', () => {
  const whole = fatBytes([
    [ARM64, machOBytes({ flags: 0x10000, entitlements: ['com.apple.security.cs.allow-jit'] })],
  ]);
  fc.assert(
    fc.property(fc.nat(whole.length), fc.nat(whole.length - 1), fc.nat(255), (length, at, value) => {
      const bytes = whole.slice(0, length);
      if (at < length) bytes[at] = value;
      gateSays(bytes, ARM64);
    }),
    { numRuns: 150 },
  );
});
test.run();
