/** The measure of comments and documents, on small texts. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { excesses, proseOf, rates, sum, tally } from './prose.ts';

const prose = suite('prose');
const words = (path: string, text: string): string => (proseOf(path, text) ?? '').replace(/\s+/g, ' ').trim();

prose('comments of TypeScript, but not strings and patterns that look like comments', () => {
  const text = [
    '/** Above. */',
    `const a = 'http://one'; // beside`,
    'const b = `what // in a template`;',
    `const c = /['"]\\/\\/who/.test(a) ? "/* told */" : b; /* after */`,
  ].join('\n');
  assert.is(words('a.ts', text), '* Above. beside after');
});

prose('comments of C and assembler', () => {
  assert.is(words('a.c', `char q = '"'; /* one */ char *s = "// no"; // two`), 'one two');
  assert.is(words('a.S', 'ret // back\n/* end */'), 'back end');
});

prose('comments and docstrings of Python', () => {
  assert.is(words('a.py', `def f():\n  """Reads."""\n  return '# no'  # yes`), 'Reads. yes');
});

prose('Markdown without its code blocks', () => {
  assert.is(words('a.md', 'Before\n```sh\nwhat\n```\nafter'), 'Before after');
});

prose('a file of another kind has no prose', () => {
  assert.is(proseOf('a.json', '// what'), undefined);
});

prose('counts each family per 1,000 words, without text in backquotes', () => {
  const counted = tally('Whose key is it? Nobody told `who` what one sees.');
  assert.equal(counted, { words: 9, counts: { told: 1, who: 2, what: 1, one: 1 } });
  const total = sum([counted, tally('ones '.repeat(11))]);
  assert.equal(rates(total), { told: 50, who: 100, what: 50, one: 600 });
});

prose('a rate above its ceiling is an excess, one at its ceiling is not', () => {
  const ceilings = { told: 1, who: 1, what: 1, one: 1 };
  assert.equal(excesses(ceilings, ceilings), []);
  const [excess, ...rest] = excesses({ ...ceilings, who: 1.5 }, ceilings);
  assert.match(excess!, /who, whoever, whom, whose, nobody: 1.50 per 1,000 words, ceiling 1.00/);
  assert.equal(rest, []);
});

prose.run();
