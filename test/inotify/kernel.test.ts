/** The corpus against the kernel alone: two runs are equal, and equal to the expected events in the corpus. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { removeTree } from '../support/self.ts';
import { bare } from '../support/session.ts';
import { corpus, parse } from './corpus.ts';
import { matrix } from './matrix.ts';
import { difference, eventsOf, inParts, type Run, watchscript } from './transcript.ts';

const program = watchscript();
const root = mkdtempSync('/dev/shm/shimfs-watch-');
const cases = [...corpus(), ...matrix()];
const runIn = (name: string, ...options: string[]): Run => {
  for (const part of ['tree', 'real']) mkdirSync(`${root}/${name}/${part}`, { recursive: true });
  return (input) =>
    bare(program, [...options, `${root}/${name}/tree`, `${root}/${name}/real`], { input, limitMs: 120_000 });
};
const [once, twice, other] = await Promise.all([
  inParts(runIn('once'), cases),
  inParts(runIn('twice'), cases),
  inParts(runIn('other', '--other'), cases),
]);

const kernel = suite('the corpus on the kernel');
kernel.after(() => removeTree(root));

kernel('a line that belongs to no case is reported with its place', () => {
  assert.throws(() => parse('x', '# c\n  creat @/f\n'), /x\.watch:2: no case: {3}creat @\/f/);
});

kernel('hundreds of cases', () => assert.ok(cases.length > 500, `${cases.length} cases`));

cases.forEach(({ theme, name, expected }, i) => {
  kernel(`${theme}: ${name}`, () => {
    assert.is(difference(once[i]!, twice[i]!), '', difference(once[i]!, twice[i]!));
    for (const said of [once[i]!, other[i]!]) {
      assert.not.ok(
        said.some((line) => /DIED|unknown verb|fence|unknown E/.test(line)),
        said.join('\n'),
      );
      assert.ok(said.length > 0, 'it said nothing');
    }
    if (expected) assert.equal(eventsOf(once[i]!), expected);
  });
});

kernel.run();
