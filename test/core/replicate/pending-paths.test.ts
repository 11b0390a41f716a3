import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PendingPaths } from '../../../core/replicate/pending-paths.ts';
import type { Change } from '../../../core/watch/change.ts';
import { relativeTo } from '../../../core/watch/paths.ts';

const within = (path: string): string => relativeTo('/r', path);
let lastId = 0;
/** `update a`, `rename a b`, `swap a b` */
function change(text: string): Change {
  const [word, one = '', two] = text.split(' ');
  const kind = word === 'swap' ? 'rename' : (word as Change['kind']);
  const facts = { kind, type: 'file', id: ++lastId, time: 0 } as const;
  if (two === undefined) return { ...facts, path: one === '' ? '/r' : `/r/${one}` };
  return { ...facts, path: `/r/${two}`, from: `/r/${one}`, ...(word === 'swap' && { exchanged: true }) };
}

/** Items as `path`, `path/` if compared with everything below, `from>path` with a rename hint. */
const CASES: readonly [name: string, changes: readonly string[], items: readonly string[]][] = [
  ['once for each path', ['update a', 'update b', 'attrib a'], ['a', 'b']],
  ['a creation: with what is in it', ['create d'], ['d/']],
  ['created and deleted is looked at', ['create a', 'delete a'], ['a/']],
  ['a rename: the new name first', ['rename a b'], ['a>b/', 'a/']],
  ['touched before it was renamed', ['update a', 'rename a b'], ['a>b/', 'a/']],
  ['a chain is one hint', ['rename a b', 'rename b c'], ['a>c/', 'b/', 'a/']],
  ['touched after it was renamed', ['rename a b', 'update b'], ['a>b/', 'a/']],
  ['an exchange is no hint', ['swap a b'], ['b/', 'a/']],
  ['lost: everything below', ['rescan d', 'overflow'], ['d/', '/']],
  ['roots and ends of history say nothing', ['root-removed', 'root-moved', 'history-done'], []],
];

const agendas = suite('pending');

for (const [name, changes, expected] of CASES)
  agendas(name, () => {
    const pending = new PendingPaths();
    for (const text of changes) pending.add(change(text), within);
    const { items, lastId: last } = pending.take();
    const lines = items.map(
      ({ path, deep, from }) => `${from === undefined ? '' : `${from}>`}${path}${deep ? '/' : ''}`,
    );
    assert.equal(lines, expected);
    assert.is(last, lastId);
    assert.ok(pending.empty);
  });

agendas('too much to remember: everything', () => {
  const pending = new PendingPaths(3);
  for (const name of ['a', 'b', 'c', 'd']) pending.add(change(`update ${name}`), within);
  assert.equal(pending.take().items, [{ path: '', deep: true }]);
});

agendas('files with several names carry their inode', () => {
  const pending = new PendingPaths();
  pending.add({ ...change('update a'), ino: 7, links: 2 }, within);
  pending.add({ ...change('update b'), ino: 8, links: 1 }, within);
  assert.equal(
    pending.take().items.map(({ ino }) => ino),
    [7, undefined],
  );
});

agendas.run();
