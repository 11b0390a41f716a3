import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Change } from '../../../core/watch/change.ts';
import { collapse } from '../../../core/watch/collapse.ts';
import { applyTo, histories, plant, state } from './tree-model.ts';

/** `create /a`, `mkdir /d`, `rename /a /b`, `replace /a /b`, `rmdir /d`, `overflow`: one change each. */
function parse(script: string): Change[] {
  return script
    .split(',')
    .map((step) => step.trim())
    .filter((step) => step !== '')
    .map((step, i) => {
      const [word, one, two] = step.split(' ') as [string, string, string?];
      const kind = { mkdir: 'create', rmdir: 'delete', replace: 'rename', mvdir: 'rename', swap: 'rename' }[
        word
      ];
      const type = ['mkdir', 'rmdir', 'mvdir'].includes(word) ? 'directory' : 'file';
      return {
        kind: (kind ?? word) as Change['kind'],
        path: two ?? one ?? '/',
        ...(two && { from: one }),
        type,
        id: i + 1,
        time: i + 1,
        ...(word === 'replace' && { replaced: 'file' as const }),
        ...(word === 'swap' && { replaced: 'file' as const, exchanged: true }),
      };
    });
}

const show = (changes: readonly Change[]): string =>
  changes
    .map(({ kind, path, from, type, replaced, exchanged }) => {
      if (kind === 'rename')
        return `${exchanged ? 'swap' : replaced ? 'replace' : type === 'directory' ? 'mvdir' : 'rename'} ${from} ${path}`;
      if (kind === 'overflow') return 'overflow';
      const word = type === 'directory' ? { create: 'mkdir', delete: 'rmdir' }[kind as string] : undefined;
      return `${word ?? kind} ${path}`;
    })
    .join(', ');

const CASES: readonly [rule: string, before: string, after: string][] = [
  ['nothing', '', ''],
  ['one', 'create /a', 'create /a'],
  ['create, update', 'create /a, update /a, attrib /a, update /a', 'create /a'],
  ['updates', 'update /a, update /a', 'update /a'],
  ['attrib, update', 'attrib /a, update /a', 'update /a'],
  ['update, attrib', 'update /a, attrib /a', 'update /a'],
  ['attribs', 'attrib /a, attrib /a', 'attrib /a'],
  ['create, delete', 'create /a, delete /a', ''],
  ['create, update, delete', 'create /a, update /a, delete /a', ''],
  ['update, delete', 'update /a, delete /a', 'delete /a'],
  ['delete, create', 'delete /a, create /a', 'update /a'],
  ['delete, create, update', 'delete /a, create /a, update /a', 'update /a'],
  ['delete, create, delete', 'delete /a, create /a, delete /a', 'delete /a'],
  ['delete file, create directory', 'delete /a, mkdir /a', 'delete /a, mkdir /a'],
  ['delete directory, create directory', 'rmdir /a, mkdir /a', 'rmdir /a, mkdir /a'],
  ['create told twice', 'create /a, create /a', 'create /a'],
  ['delete told twice', 'delete /a, delete /a', 'delete /a'],
  ['rename', 'rename /a /b', 'rename /a /b'],
  ['rename chain', 'rename /a /b, rename /b /c', 'rename /a /c'],
  ['long rename chain', 'rename /a /b, rename /b /c, rename /c /d', 'rename /a /d'],
  ['rename chain home', 'rename /a /b, rename /b /a', ''],
  ['rename chain home, touched', 'rename /a /b, update /b, rename /b /a', 'update /a'],
  ['create, rename', 'create /a, rename /a /b', 'create /b'],
  ['create, update, rename', 'create /a, update /a, rename /a /b, update /b', 'create /b'],
  ['atomic save', 'create /t, update /t, replace /t /a', 'update /a'],
  ['atomic save with a backup', 'rename /a /a~, create /a, update /a', 'rename /a /a~, create /a'],
  ['atomic save, backup deleted', 'rename /a /a~, create /a, update /a, delete /a~', 'update /a'],
  ['rename, delete', 'rename /a /b, delete /b', 'delete /a'],
  ['update, rename, delete', 'update /a, rename /a /b, update /b, delete /b', 'delete /a'],
  ['update, rename, update', 'update /a, rename /a /b, update /b', 'rename /a /b, update /b'],
  ['delete, rename onto it', 'delete /b, rename /a /b', 'replace /a /b'],
  ['replace, delete', 'replace /a /b, delete /b', 'delete /b, delete /a'],
  ['replace a new one', 'create /b, replace /a /b', 'rename /a /b'],
  ['delete below', 'update /d/a, create /d/b, delete /d/c, rmdir /d', 'rmdir /d'],
  ['delete a new tree', 'mkdir /d, mkdir /d/e, create /d/e/f, rmdir /d', ''],
  ['rm -r', 'delete /d/a, delete /d/b, rmdir /d/e, rmdir /d', 'rmdir /d'],
  ['rm -r of siblings', 'delete /d/a, delete /dd/a, rmdir /d', 'delete /dd/a, rmdir /d'],
  ['move out, delete the rest', 'rename /d/a /a, delete /d/b, rmdir /d', 'rename /d/a /a, rmdir /d'],
  ['move into what is deleted', 'rename /a /d/a, rmdir /d', 'delete /a, rmdir /d'],
  [
    'rename a new directory',
    'mkdir /d, create /d/a, mvdir /d /e, create /e/b',
    'mkdir /e, create /e/a, create /e/b',
  ],
  ['rename a directory, delete in it', 'update /d/a, mvdir /d /e, delete /e/a', 'mvdir /d /e, delete /e/a'],
  ['create, rename its directory, delete', 'create /d/a, mvdir /d /e, delete /e/a', 'mvdir /d /e'],
  ['unrelated between', 'create /a, update /x, delete /y, update /a', 'create /a, update /x, delete /y'],
  ['name taken again', 'rename /a /b, create /a, rename /b /c', 'rename /a /c, create /a'],
  ['target taken between', 'rename /a /b, rename /c /d, rename /b /c', 'rename /c /d, rename /a /c'],
  ['a cycle stays', 'rename /a /t, rename /b /a, rename /t /b', 'rename /a /t, rename /b /a, rename /t /b'],
  ['exchange', 'swap /a /b, update /a', 'swap /a /b, update /a'],
  [
    'contents move on with their directory',
    'rename /c /b, create /b/x, rename /b /d',
    'rename /c /d, create /d/x',
  ],
  ['contents go home with their directory', 'rename /c /b, create /b/x, rename /b /c', 'create /c/x'],
  ['overflow is not crossed', 'create /a, overflow, delete /a', 'create /a, overflow, delete /a'],
  ['100 bursts', 'update /a, '.repeat(100), 'update /a'],
];

const collapses = suite('collapse');

for (const [rule, before, after] of CASES)
  collapses(rule, () => assert.is(show(collapse(parse(before))), after));

collapses('the id is the last of the merged changes', () => {
  const [only] = collapse(parse('create /a, update /a, rename /a /b'));
  assert.is(only.id, 3);
  assert.is(only.path, '/b');
});

collapses('never changes the final state', () => {
  fc.assert(
    fc.property(histories, ({ start, changes, end }) => {
      const tree = new Map(start);
      const fewer = collapse(changes);
      for (const change of fewer) applyTo(tree, change);
      assert.equal(state(tree), state(end), show(changes));
      // A replaced directory is reported as deleted: deletions of its contents may have been reported before.
      const most = changes.length + changes.filter((one) => one.replaced === 'directory').length;
      assert.ok(fewer.length <= most, `${show(changes)} became ${show(fewer)}`);
    }),
    { numRuns: 20000 },
  );
});

collapses('collapsing in parts is collapsing', () => {
  fc.assert(
    fc.property(histories, fc.nat(24), ({ start, changes, end }, cut) => {
      const tree = new Map(start);
      const parts = [...collapse(changes.slice(0, cut)), ...collapse(changes.slice(cut))];
      for (const change of collapse(parts)) applyTo(tree, change);
      assert.equal(state(tree), state(end));
    }),
    { numRuns: 20000 },
  );
});

collapses('a model that can fail: a lost change is seen', () => {
  const tree = plant(['/d/', '/d/a']);
  const end = new Map(tree);
  for (const change of parse('update /d/a')) applyTo(end, change);
  assert.not.equal(state(tree), state(end));
});

collapses('a large deletion takes time in proportion', () => {
  const changes: Change[] = [];
  const add = (kind: Change['kind'], path: string, type: Change['type']) =>
    changes.push({ kind, path, type, id: changes.length + 1, time: 0 });
  for (let d = 0; d < 100; d++) {
    for (let f = 0; f < 100; f++) add('delete', `/r/d${d}/f${f}`, 'file');
    add('delete', `/r/d${d}`, 'directory');
  }
  add('delete', '/r', 'directory');
  const began = performance.now();
  assert.is(show(collapse(changes)), 'rmdir /r');
  assert.ok(performance.now() - began < 2000);
});

collapses.run();
