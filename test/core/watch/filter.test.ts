import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compileFilter, OBJECT_STORE_RULES, type Rule, simpleRules } from '../../../core/watch/filter.ts';

const hidden: Rule = { kind: 'exclude-hidden' };
const glob = (word: string): Rule => ({ kind: 'exclude-glob', glob: word });
const only = (word: string): Rule => ({ kind: 'include-glob', glob: word });
const path = (at: string): Rule => ({ kind: 'include-path', path: at });
const without = (at: string): Rule => ({ kind: 'exclude-path', path: at });
const git = (text: string, dir?: string): Rule => ({ kind: 'gitignore', text, ...(dir && { dir }) });

/** Paths below the root `/r`, in the order: accepted, not accepted. A trailing slash: a directory. */
const CASES: readonly [
  name: string,
  rules: readonly Rule[],
  told: readonly string[],
  not: readonly string[],
][] = [
  ['no rules', [], ['/r/a', '/r/.a', '/elsewhere'], []],
  ['hidden files', [hidden], ['/r/a', '/r/a.b'], ['/r/.a', '/r/a/.b', '/r/.d/a']],
  [
    'object store',
    OBJECT_STORE_RULES,
    ['/r/a.json', '/r/tmp/a', '/r/a~b'],
    ['/r/a.metadata.json', '/r/d/a~', '/r/a.tmp', '/r/.a'],
  ],
  ['glob of a name, at any depth', [glob('*.log')], ['/r/a.logs'], ['/r/a.log', '/r/d/a.log', '/r/.x.log']],
  [
    'glob of a directory',
    [glob('node_modules')],
    ['/r/node_modules2/a'],
    ['/r/node_modules', '/r/node_modules/a', '/r/d/node_modules/a/b'],
  ],
  ['glob within the root', [glob('build/*.o')], ['/r/a.o', '/r/d/build/a.o'], ['/r/build/a.o']],
  ['glob across directories', [glob('**/build/**')], ['/r/builds/a'], ['/r/d/build/a', '/r/build/x/y']],
  ['absolute glob', [glob('/r/*/x')], ['/r/x', '/s/a/x/b/c'.replace('/s', '/t')], ['/r/a/x', '/r/a/x/y']],
  ['glob with braces', [glob('*.{o,a}')], ['/r/x.oa'], ['/r/x.o', '/r/x.a']],
  ['only some names', [only('*.ts')], ['/r/a.ts', '/r/d/b.ts'], ['/r/a.js', '/r/ts']],
  ['only a path', [path('/r/d')], ['/r/d', '/r/d/a'], ['/r/a', '/r/dd', '/x']],
  ['a path but one below', [path('/r/d'), without('/r/d/x')], ['/r/d/a', '/r/d/xx'], ['/r/d/x', '/r/d/x/y']],
  [
    'an exception of an exception',
    [path('/r/d'), without('/r/d/x'), path('/r/d/x/y')],
    ['/r/d/x/y/z'],
    ['/r/d/x/z'],
  ],
  ['the last rule decides', [glob('*.log'), only('keep.log')], ['/r/keep.log'], ['/r/a.log', '/r/other']],
  [
    'include-path, exclude-hidden, exclude-glob',
    [path('/r/d'), hidden, glob('*.bak')],
    ['/r/d/a'],
    ['/r/a', '/r/d/.a', '/r/d/a.bak'],
  ],
  [
    'an included hidden path is not hidden',
    [path('/r/.config'), hidden],
    ['/r/.config/a'],
    ['/r/.config/.git/a'],
  ],
  [
    'gitignore',
    [git('*.o\n!keep.o\nbuild/\n# note\n')],
    ['/r/a.c', '/r/keep.o', '/r/build'],
    ['/r/a.o', '/r/build/', '/r/build/x'],
  ],
  ['gitignore of a directory', [git('/x', '/r/d')], ['/r/x', '/r/d/e/x'], ['/r/d/x']],
  ['gitignore takes in again', [glob('*.o'), git('!keep.o')], ['/r/keep.o'], ['/r/a.o']],
  [
    'plain words',
    simpleRules(['/r/d', '*.md'], ['**/secret/**']),
    ['/r/d/a', '/r/a.md'],
    ['/r/a.txt', '/r/d/secret/a'],
  ],
];

const filters = suite('filter');

for (const [name, rules, told, not] of CASES)
  filters(name, () => {
    const filter = compileFilter(rules, '/r');
    for (const [paths, expected] of [
      [told, true],
      [not, false],
    ] as const)
      for (const one of paths) {
        const at = one.endsWith('/') ? one.slice(0, -1) : one;
        const directory = one.endsWith('/');
        assert.is(filter.accepts(at, directory), expected, one);
        assert.is(filter.explain(at, directory).allowed, expected, one);
      }
  });

filters('explain names the rule that decided', () => {
  const filter = compileFilter([path('/r/d'), hidden, glob('*.bak')], '/r');
  assert.equal(filter.explain('/r/d/a'), { allowed: true, rule: 0, reason: 'included by include-path /r/d' });
  assert.equal(filter.explain('/r/d/.a'), { allowed: false, rule: 1, reason: 'excluded by exclude-hidden' });
  assert.equal(filter.explain('/r/d/.a.bak').rule, 2);
  assert.equal(filter.explain('/r/x'), {
    allowed: false,
    rule: -1,
    reason: "'x' is not included by any rule",
  });
  assert.equal(compileFilter([]).explain('/x'), { allowed: true, rule: -1, reason: 'no rule excludes it' });
});

filters('a root of / and roots with a slash', () => {
  assert.not(compileFilter([hidden]).accepts('/.a'));
  assert.not(compileFilter([glob('a/b')], '/').accepts('/a/b'));
  assert.not(compileFilter([glob('a/b')], '/r/').accepts('/r/a/b'));
});

filters.run();
