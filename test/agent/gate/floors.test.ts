/**
 * The gate's units stand in floors: none needs, by way of others, one that needs it. Judged over the compiled objects:
 * which unit defines a symbol, and which need it.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { crossFlags, GATE_TARGETS, type GateTarget } from '../../../injector/run/gate-cross.ts';
import { gateSources, writeGateHeaders } from '../../../injector/run/gate-library.ts';
import { findZig, type Zig } from '../../support/zig.ts';
import { type ObjectSymbols, objectSymbols } from './object-symbols.ts';

/** From a unit to the units it needs, with the symbols. */
type Needs = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

function needsOf(units: ReadonlyMap<string, ObjectSymbols>): Needs {
  const owner = new Map<string, string>();
  for (const [unit, { defined }] of units) for (const symbol of defined) owner.set(symbol, unit);
  const all = new Map<string, Map<string, string[]>>();
  for (const [unit, { needed }] of units) {
    const mine = new Map<string, string[]>();
    for (const symbol of needed) {
      const other = owner.get(symbol);
      if (other !== undefined && other !== unit) mine.set(other, [...(mine.get(other) ?? []), symbol]);
    }
    all.set(unit, mine);
  }
  return all;
}

/** Edges that are part of a circle, as `a needs f of b`: b leads back to a. */
function circles(needs: Needs): string[] {
  const leads = (from: string, to: string, seen = new Set<string>()): boolean => {
    if (from === to) return true;
    if (seen.has(from)) return false;
    seen.add(from);
    return [...needs.get(from)!.keys()].some((next) => leads(next, to, seen));
  };
  return [...needs].flatMap(([unit, others]) =>
    [...others]
      .filter(([other]) => leads(other, unit))
      .map(([other, symbols]) => `${unit} needs ${symbols.join(', ')} of ${other}`),
  );
}

const unit = (defined: string[], needed: string[]): ObjectSymbols => ({
  defined: new Set(defined),
  needed: new Set(needed),
});

test('a circle is named by its edges, and what hangs on it is not', () => {
  const units = new Map([
    ['roof', unit(['main'], ['a'])],
    ['a', unit(['a'], ['b', 'write'])],
    ['b', unit(['b'], ['c'])],
    ['c', unit(['c', 'c2'], ['a', 'cellar'])],
    ['cellar', unit(['cellar'], [])],
  ]);
  assert.equal(circles(needsOf(units)), ['a needs b of b', 'b needs c of c', 'c needs a of a']);
  assert.equal(circles(needsOf(new Map([...units].filter(([name]) => name !== 'b')))), []);
});

function compile(target: GateTarget, zig: Zig, directory: string): Map<string, ObjectSymbols> {
  writeGateHeaders(directory);
  const flags = crossFlags(target, directory).filter((flag) => !/^-(shared|Werror|Wl,.*)$/.test(flag));
  const units = new Map<string, ObjectSymbols>();
  for (const source of gateSources(target.platform, target.arch)) {
    const name = `${basename(dirname(source))}/${basename(source)}`;
    const object = join(directory, `${name.replace('/', '-')}.o`);
    assert.is(zig.compile(target.triple, [...flags, '-c', '-o', object, source]), '');
    units.set(name, objectSymbols(readFileSync(object)));
  }
  return units;
}

const zig = await findZig();
if (typeof zig === 'string') {
  console.log(`skipped: the gate cannot be compiled for every machine, ${zig}`);
} else {
  const out = mkdtempSync(join(tmpdir(), 'floors-'));
  test.after(() => rmSync(out, { recursive: true, force: true }));
  for (const target of GATE_TARGETS)
    test(`no circle: ${target.triple}`, () => {
      const units = compile(target, zig, mkdtempSync(join(out, 'target-')));
      assert.ok(units.size > 50, `${units.size} units`);
      // Symbols were read: nearly every unit defines some, and needs some of others.
      const needs = needsOf(units);
      assert.ok([...needs.values()].filter((others) => others.size > 0).length > units.size * 0.8);
      assert.equal(circles(needs), []);
    });
}
test.run();
