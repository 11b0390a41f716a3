/** The gate compiles and links for every machine it is meant for, and stands before names that Apple really exports. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DARWIN_CALLS } from '../../../core/gate/system-calls.ts';
import { DISPATCH, FSEVENTS, KQUEUE } from '../../../core/gate/system-functions.ts';
import { packageFile } from '../../../injector/package-root.ts';
import { buildGateFor, crossFlags, GATE_TARGETS } from '../../../injector/run/gate-cross.ts';
import { MAX_FRAME_BYTES } from '../../../injector/run/gate-library.ts';
import { findZig } from '../../support/zig.ts';
import { exportedSymbols, interposedNames } from './apple-exports.ts';
import { lateSymbols } from './late-symbols.ts';

const darwin = (name: string): string => readFileSync(packageFile('agent', 'gate', 'darwin', name), 'utf8');
const fsevents = FSEVENTS.map(({ name }) => `_${name}`).sort();
const names = interposedNames(darwin('interpose.c'), darwin('native.h') + darwin('sys.h'));

test('a stub tells what each machine exports', () => {
  const stub = `exports:
  - targets:         [ x86_64-macos, arm64e-macos ]
    symbols:         [ _both, '_quoted$NOCANCEL',
                       _next ]
  - targets:         [ x86_64-macos ]
    symbols:         [ '_stat$INODE64' ]
`;
  assert.equal([...exportedSymbols(stub, 'arm64')], ['_both', '_quoted$NOCANCEL', '_next']);
  assert.ok(exportedSymbols(stub, 'x86_64').has('_stat$INODE64'));
});

test('a table tells its names, renamed ones by their symbol', () => {
  const table = 'tuples[] = { MY(open), MY(close_nocancel), TUPLE(mine, kqueue) };';
  const declared = 'int close_nocancel(int) __asm("_close$NOCANCEL");';
  const all = interposedNames(table, declared);
  const rows = DARWIN_CALLS.filter((call) => !call.variadic).length;
  assert.equal(all.slice(rows, -(KQUEUE.length + DISPATCH.length)), ['_open', '_close$NOCANCEL', '_kqueue']);
  assert.is(all.length, rows + 3 + KQUEUE.length + DISPATCH.length);
  assert.ok(all.includes('_close$NOCANCEL'));
});

test('each name on macOS is stood before once', () => {
  assert.ok(names.length > 90, `${names.length} names`);
  assert.equal(
    names.filter((name, at) => names.indexOf(name) !== at),
    [],
  );
  for (const name of [
    '_open',
    '_openat$NOCANCEL',
    '___getdirentries64',
    '_kevent64',
    '_posix_spawn',
    '_execve',
  ])
    assert.ok(names.includes(name), name);
});

test('FSEvents.h has 22 functions', () => assert.is(fsevents.length, 22));

const zig = await findZig();
if (typeof zig === 'string') {
  console.log(`skipped: the gate cannot be compiled for other machines, ${zig}`);
} else {
  const out = mkdtempSync(join(tmpdir(), 'gate-'));
  test.after(() => rmSync(out, { recursive: true, force: true }));
  for (const target of GATE_TARGETS)
    test(`compiles without a warning and links: ${target.triple}`, () => {
      const { library, messages } = buildGateFor(target, join(out, target.triple), zig.compile);
      assert.is(messages, '');
      assert.ok(statSync(library).size > 50_000);
      // Everything else is in a library that is named; these a program may not have loaded.
      if (target.platform === 'darwin') assert.equal(lateSymbols(readFileSync(library)), fsevents);
    });
  test('a function with a frame above the limit is refused', () => {
    const source = join(out, 'frame.c');
    const frame = (bytes: number): string =>
      `void use(char *); void function(void) { char frame[${bytes}]; use(frame); }`;
    for (const target of GATE_TARGETS) {
      const flags = crossFlags(target, out).filter((flag) => !/^-(shared|Wl,.*)$/.test(flag));
      const compile = (text: string): string => {
        writeFileSync(source, text);
        return zig.compile(target.triple, [...flags, '-c', '-o', join(out, 'frame.o'), source]);
      };
      assert.is(compile(frame(MAX_FRAME_BYTES - 200)), '');
      assert.match(compile(frame(MAX_FRAME_BYTES + 1)), /stack frame size/);
    }
  });
  for (const arch of ['arm64', 'x86_64'])
    test(`every name that we stand before is exported by libSystem, ${arch}`, () => {
      const exported = exportedSymbols(zig.libSystem(), arch);
      assert.ok(exported.has('_open') && !exported.has('_no_such_function'));
      assert.equal(
        names.filter((name) => !exported.has(name)),
        [],
      );
      // On x86-64 the compiler picks the variants with 64-bit inodes.
      if (arch === 'x86_64')
        for (const name of ['_stat', '_fstatat', '_readdir'])
          assert.ok(exported.has(`${name}$INODE64`), name);
    });
}
test.run();
