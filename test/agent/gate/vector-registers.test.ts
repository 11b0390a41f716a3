/** A call site on Linux stands where a system call instruction stood, so the gate must not touch a vector register. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { crossFlags, GATE_TARGETS } from '../../../injector/run/gate-cross.ts';
import { gateSources, isFloating, writeGateHeaders } from '../../../injector/run/gate-library.ts';
import { findZig } from '../../support/zig.ts';

const VECTOR = { arm64: /\b[qvdsbh](?:[12]?[0-9]|3[01])\b/, x64: /%[xyz]mm[0-9]+/ };

/** Instructions of an assembly listing: no labels, directives or comments. */
const instructions = (listing: string): string[] =>
  listing
    .split('\n')
    .filter((line) => /^\t[a-z]/.test(line))
    .map((line) => line.replace(/\s(?:\/\/|#).*/, ''));

test('the pattern knows a vector register when it sees one', () => {
  const [stores] = instructions('\tstp\tq0, q1, [sp]\n');
  assert.match(stores as string, VECTOR.arm64);
  assert.not.match(instructions('\tstp\tx0, x1, [sp] // v0\n')[0] as string, VECTOR.arm64);
  assert.match('\tmovaps\t%xmm0, (%rsp)', VECTOR.x64);
});

const zig = await findZig();
if (typeof zig === 'string') {
  console.log(`skipped: nothing can be compiled for other machines, ${zig}`);
} else {
  const out = mkdtempSync(join(tmpdir(), 'vectors-'));
  test.after(() => rmSync(out, { recursive: true, force: true }));
  for (const target of GATE_TARGETS.filter(({ platform }) => platform === 'linux')) {
    test(`no vector register in any function, ${target.arch}`, () => {
      const directory = join(out, target.arch);
      mkdirSync(directory);
      writeGateHeaders(directory);
      // Those for linking go unused here.
      const flags = crossFlags(target, directory).filter((flag) => !/^-(shared|Werror|Wl,.*)$/.test(flag));
      const found: string[] = [];
      let seen = 0;
      const sources = gateSources('linux', target.arch).filter((file) => file.endsWith('.c'));
      for (const source of sources.filter((file) => !isFloating(file))) {
        const listing = join(directory, `${basename(source)}.s`);
        assert.is(zig.compile(target.triple, [...flags, '-S', '-o', listing, source]), '');
        for (const line of instructions(readFileSync(listing, 'utf8'))) {
          seen++;
          if (VECTOR[target.arch].test(line)) found.push(`${basename(source)}:${line}`);
        }
      }
      assert.ok(seen > 1000);
      assert.equal(found, []);
    });
  }
}
test.run();
