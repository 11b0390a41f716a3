/** Interpretation of a backend's reports against the known and the present state. */
import { mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Backend, BackendEvent } from '../../../core/watch/backend.ts';
import { DirectorySource } from '../../../core/watch/directory-source.ts';
import { type FileState, Inventory, type Tree } from '../../../core/watch/inventory.ts';
import { below, parentOf } from '../../../core/watch/paths.ts';

/** `path: inode` with a trailing `*` for changed bytes, `'` for changed attributes; directories end in a slash. */
type Sketch = Readonly<Record<string, string>>;

function fileState(path: string, note: string): FileState {
  const directory = path.endsWith('/');
  return {
    ino: BigInt(Number.parseInt(note, 10)),
    type: directory ? 'directory' : 'file',
    size: note.includes('*') ? 1n : 0n,
    mtime: note.includes('*') ? 1n : 0n,
    ctime: note.includes("'") || note.includes('*') ? 1n : 0n,
    birth: 0n,
    links: directory ? 2 : 1,
  };
}

function treeOf(sketch: Sketch): Tree {
  const entries = new Map(
    Object.entries(sketch).map(([path, note]) => [path.replace(/\/$/, ''), fileState(path, note)] as const),
  );
  return {
    look: (path) => entries.get(path),
    list: (dir, flat) =>
      [...entries]
        .filter(([path]) => (flat ? parentOf(path) === dir : below(dir, path)))
        .map(([path, { type }]) => ({ path, type })),
  };
}

const TYPES = { '+': 'create', '~': 'update', '-': 'delete' } as const;
/** `+/r/a -/r/b ~/r/c` */
const parse = (script: string): BackendEvent[] =>
  script.split(' ').map((word) => ({ type: TYPES[word[0] as keyof typeof TYPES], path: word.slice(1) }));

interface Case {
  readonly name: string;
  readonly before?: Sketch;
  readonly after: Sketch;
  readonly told: string;
  readonly expected: readonly string[];
  /** A state exists that was never reported. */
  readonly unreported?: boolean;
}

const CASES: readonly Case[] = [
  { name: 'a new file', after: { '/r/a': '1' }, told: '+/r/a', expected: ['create /r/a'] },
  { name: 'came and went', after: {}, told: '+/r/a', expected: [] },
  {
    name: 'changed bytes',
    before: { '/r/a': '1' },
    after: { '/r/a': '1*' },
    told: '~/r/a',
    expected: ['update /r/a'],
  },
  {
    name: 'changed mode',
    before: { '/r/a': '1' },
    after: { '/r/a': "1'" },
    told: '~/r/a',
    expected: ['attrib /r/a'],
  },
  { name: 'told twice', before: { '/r/a': '1' }, after: { '/r/a': '1' }, told: '+/r/a', expected: [] },
  { name: 'deleted', before: { '/r/a': '1' }, after: {}, told: '-/r/a', expected: ['delete /r/a'] },
  { name: 'deleted, never known', after: {}, told: '-/r/a', expected: ['delete /r/a unknown'] },
  {
    name: 'another one',
    before: { '/r/a': '1' },
    after: { '/r/a': '2' },
    told: '~/r/a',
    expected: ['delete /r/a', 'create /r/a'],
  },
  {
    name: 'renamed',
    before: { '/r/a': '1' },
    after: { '/r/b': '1' },
    told: '+/r/b -/r/a',
    expected: ['rename /r/a -> /r/b'],
  },
  {
    name: 'renamed onto another one',
    before: { '/r/a': '1', '/r/b': '2' },
    after: { '/r/b': '1' },
    told: '-/r/a ~/r/b',
    expected: ['rename /r/a -> /r/b'],
  },
  {
    name: 'names exchanged',
    before: { '/r/a': '1', '/r/b': '2' },
    after: { '/r/a': '2', '/r/b': '1' },
    told: '~/r/a ~/r/b',
    expected: ['delete /r/b', 'delete /r/a', 'create /r/a', 'create /r/b'],
  },
  {
    name: 'renamed directory',
    before: { '/r/d/': '1', '/r/d/f': '2' },
    after: { '/r/e/': '1', '/r/e/f': '2' },
    told: '+/r/e -/r/d',
    expected: ['rename /r/d -> /r/e', 'arrived /r/e'],
  },
  {
    name: 'reported under its old name',
    before: { '/r/e/': '1' },
    after: { '/r/e/': '1', '/r/e/g': '3' },
    told: '+/r/d/g',
    expected: [],
    unreported: true,
  },
  {
    name: 'new directory with a tree',
    after: { '/r/d/': '1', '/r/d/e/': '2', '/r/d/e/f': '3' },
    told: '+/r/d',
    expected: ['create /r/d', 'create /r/d/e', 'create /r/d/e/f', 'arrived /r/d'],
  },
  {
    name: 'moved into a new directory',
    before: { '/r/a': '1' },
    after: { '/r/n/': '2', '/r/n/a': '1' },
    told: '-/r/a +/r/n',
    expected: ['create /r/n', 'rename /r/a -> /r/n/a'],
  },
  {
    name: 'moved out of a deleted directory',
    before: { '/r/d/': '1', '/r/d/a': '2' },
    after: { '/r/a': '2' },
    told: '-/r/d -/r/d/a +/r/a',
    expected: ['delete /r/d/a', 'delete /r/d', 'create /r/a'],
  },
  {
    name: 'children go before their directory',
    before: { '/r/d/': '1', '/r/d/a': '2' },
    after: {},
    told: '-/r/d -/r/d/a',
    expected: ['delete /r/d/a', 'delete /r/d'],
  },
];

const inventories = suite('inventory');

for (const { name, before = {}, after, told, expected, unreported } of CASES)
  inventories(name, () => {
    let tree = treeOf(before);
    const inventory = new Inventory({
      look: (path) => tree.look(path),
      list: (path, flat) => tree.list(path, flat),
    });
    inventory.learn('/r');
    tree = treeOf(after);
    const { changes, arrived } = inventory.take(parse(told));
    const lines = changes.map(
      ({ kind, from, path, type }) =>
        `${kind} ${from ? `${from} -> ` : ''}${path}${type === 'unknown' ? ' unknown' : ''}`,
    );
    assert.equal([...lines, ...arrived.map((dir) => `arrived ${dir}`)], expected);
    if (unreported) return;
    const paths = Object.keys(after).map((path) => path.replace(/\/$/, ''));
    assert.equal(inventory.take(paths.map((path) => ({ type: 'create', path }))).changes, [], 'told again');
  });

inventories(
  'found when looked again: what is not known; not what only shows that something came into a directory',
  () => {
    let tree = treeOf({ '/r/a': '1', '/r/d/': '2', '/r/e/': '3', '/r/f': '4' });
    const inventory = new Inventory({
      look: (path) => tree.look(path),
      list: (path, flat) => tree.list(path, flat),
    });
    inventory.learn('/r');
    tree = treeOf({ '/r/a': '1*', '/r/d/': '2*', '/r/e/': "3'", '/r/n': "5'" });
    assert.equal(
      inventory.unreported('/r', 1n).map(({ type, path }) => `${type} ${path}`),
      ['create /r/a', 'create /r/e', 'create /r/n', 'delete /r/f'],
    );
  },
);

inventories('a backend that fails: rescan, then live again', async () => {
  let tell: Parameters<Backend['subscribe']>[1] = () => {};
  const backend: Backend = {
    subscribe: (_dir, sink) => {
      tell = sink;
      return Promise.resolve({ unsubscribe: () => Promise.reject(new Error('gone already')) });
    },
  };
  const root = process.cwd();
  const lines: string[] = [];
  const source = new DirectorySource({ backend });
  const attachment = source.attach(root, ({ kind, path }) => lines.push(`${kind} ${path.replace(root, '')}`));
  await attachment.ready;
  tell(new Error('events were dropped'), []);
  tell(null, [{ type: 'update', path: `${root}/package.json` }]);
  assert.equal(lines, ['rescan ', 'update /package.json']);
  attachment.close();
  await attachment.closed;
  tell(null, [{ type: 'update', path: `${root}/package.json` }]);
  assert.is(lines.length, 2);
});

inventories('an event that a backend loses beside a reported event is found', async () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'inventory-')));
  writeFileSync(join(root, 'old'), '');
  let tell: Parameters<Backend['subscribe']>[1] = () => {};
  const backend: Backend = {
    subscribe: (_dir, sink) => {
      tell = sink;
      return Promise.resolve({ unsubscribe: () => Promise.resolve() });
    },
  };
  const lines: string[] = [];
  let wake = () => {};
  const source = new DirectorySource({ backend, now: () => Date.now() - 50 });
  const attachment = source.attach(root, ({ kind, path }) => {
    lines.push(`${kind} ${path.replace(root, '')}`);
    wake();
  });
  await attachment.ready;
  utimesSync(join(root, 'old'), 1, 1);
  for (const name of ['told', 'lost']) writeFileSync(join(root, name), '');
  tell(null, [
    { type: 'update', path: `${root}/old` },
    { type: 'create', path: `${root}/told` },
  ]);
  assert.equal(lines, ['create /told', 'update /old']);
  await new Promise<void>((resolve) => (wake = resolve));
  assert.equal(lines.slice(2), ['create /lost']);
  rmSync(join(root, 'lost'));
  writeFileSync(join(root, 'told'), 'x');
  tell(null, [{ type: 'update', path: `${root}/told` }]);
  await new Promise<void>((resolve) => (wake = resolve));
  assert.equal(lines.slice(3), ['update /told', 'delete /lost']);
  attachment.close();
  await attachment.closed;
  rmSync(root, { recursive: true });
});

inventories('a backend that cannot start', async () => {
  const source = new DirectorySource({
    backend: { subscribe: () => Promise.reject(new Error('no more watches')) },
  });
  const attachment = source.attach(process.cwd(), () => assert.unreachable());
  const error = await attachment.ready.then(
    () => null,
    (reason: Error) => reason,
  );
  assert.match(error?.message ?? '', 'no more watches');
  await attachment.closed;
  assert.is(source.watches, 0);
});

inventories.run();
