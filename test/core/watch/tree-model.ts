/**
 * A consumer of changes: a tree that records for each file its original place, and whether it must be
 * read again.
 */
import fc from 'fast-check';
import type { Change } from '../../../core/watch/change.ts';
import { covers, moved, parentOf } from '../../../core/watch/paths.ts';

interface Node {
  readonly type: Change['type'];
  /** Path at the beginning; null for a new file. */
  readonly origin: string | null;
  readonly dirty: boolean;
}

export type Tree = Map<string, Node>;

export const plant = (paths: readonly string[]): Tree =>
  new Map(
    paths.map((path) => {
      const at = path.endsWith('/') ? path.slice(0, -1) : path;
      return [at, { type: path.endsWith('/') ? 'directory' : 'file', origin: at, dirty: false }];
    }),
  );

const cut = (tree: Tree, path: string): [string, Node][] => {
  const found = [...tree].filter(([at]) => covers(path, at));
  for (const [at] of found) tree.delete(at);
  return found;
};

/** @throws Error if the change does not fit the tree */
export function applyTo(tree: Tree, change: Change): void {
  const { kind, path, from, type } = change;
  const parent = parentOf(path);
  if (kind !== 'delete' && parent !== '/' && tree.get(parent)?.type !== 'directory')
    throw new Error(`${kind} ${path}: nothing to put it into`);
  if (kind === 'create') {
    if (tree.has(path)) throw new Error(`create ${path}: there is one`);
    tree.set(path, { type, origin: null, dirty: true });
  } else if (kind === 'update' || kind === 'attrib') {
    const node = tree.get(path);
    if (!node) throw new Error(`${kind} ${path}: not there`);
    tree.set(path, { ...node, type, dirty: true });
  } else if (kind === 'delete') {
    if (cut(tree, path).length === 0) throw new Error(`delete ${path}: not there`);
  } else if (kind === 'rename') {
    const source = cut(tree, from!);
    if (source.length === 0) throw new Error(`rename ${from}: not there`);
    const target = cut(tree, path);
    if (target.length > 0 && change.replaced === undefined) throw new Error(`rename onto ${path}: not told`);
    for (const [at, node] of source) tree.set(moved(at, from!, path), node);
    if (change.exchanged) for (const [at, node] of target) tree.set(moved(at, path, from!), node);
  }
}

/** Paths, types, and the original place of untouched files. A replaced file must be read anyway. */
export const state = (tree: Tree): string[] =>
  [...tree]
    .map(([path, node]) => {
      const read = node.type !== 'directory' && (node.dirty || node.origin === null);
      return `${path} ${node.type} ${read ? 'read' : node.type === 'directory' ? '' : node.origin}`;
    })
    .sort();

const NAMES = ['a', 'b', 'c'];
const PATHS = NAMES.flatMap((one) => [
  `/${one}`,
  ...NAMES.flatMap((two) => [`/${one}/${two}`, ...NAMES.map((three) => `/${one}/${two}/${three}`)]),
]);
const path = fc.constantFrom(...PATHS);
const intent = fc.record({
  kind: fc.constantFrom<Change['kind']>('create', 'create', 'update', 'attrib', 'delete', 'rename', 'rename'),
  path,
  from: path,
  directory: fc.boolean(),
  exchange: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});

/** A tree and random changes to it; steps that the tree does not permit are left out. */
export const histories = fc
  .record({ before: fc.subarray(PATHS), wishes: fc.array(intent, { minLength: 1, maxLength: 24 }) })
  .map(({ before, wishes }) => {
    const tree: Tree = new Map();
    for (const at of before) {
      const parent = parentOf(at);
      const directory = before.some((other) => other !== at && covers(at, other)) || at.length % 4 === 0;
      if (parent === '/' || tree.get(parent)?.type === 'directory')
        tree.set(at, { type: directory ? 'directory' : 'file', origin: at, dirty: false });
    }
    const start: Tree = new Map(tree);
    const changes: Change[] = [];
    for (const [i, wish] of wishes.entries()) {
      const change = grant(tree, wish, i + 1);
      if (!change) continue;
      applyTo(tree, change);
      changes.push(change);
    }
    return { start, changes, end: tree };
  });

type Wish = typeof intent extends fc.Arbitrary<infer T> ? T : never;

function grant(tree: Tree, wish: Wish, id: number): Change | undefined {
  const { kind, path, from } = wish;
  const parent = parentOf(path);
  const base = { kind, path, id, time: id };
  const node = tree.get(path);
  const roomy = parent === '/' || tree.get(parent)?.type === 'directory';
  if (kind === 'create')
    return roomy && !node ? { ...base, type: wish.directory ? 'directory' : 'file' } : undefined;
  if (kind !== 'rename') return node && { ...base, type: node.type };
  const source = tree.get(from);
  if (!source || !roomy || covers(from, path) || covers(path, from)) return undefined;
  if (wish.exchange)
    return node && { ...base, from, type: source.type, replaced: node.type, exchanged: true };
  const inside = [...tree.keys()].some((at) => at !== path && covers(path, at));
  if (node && (node.type !== source.type || inside)) return undefined;
  return { ...base, from, type: source.type, ...(node && { replaced: node.type }) };
}
