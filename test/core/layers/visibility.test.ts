/** Which branch sees which event: exactly the paths whose resolved view changed. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { constants as C, type FsCore, type FsEvent, type FsView } from '../../../core/index.ts';
import type { Namespace } from '../../../core/layers/namespace.ts';
import { line, plant, put, setup } from '../fixture.ts';
import { commands, type Step } from '../model-steps.ts';
import { apply, type KnownTree } from '../replay.ts';

interface Scene {
  readonly core: FsCore;
  /** The lower branch and the branch above it. */
  readonly main: FsView;
  readonly over: FsView;
}

function scene(tree: readonly string[]): Scene & { heard: FsEvent[]; belowHeard: FsEvent[] } {
  const { core, view: main } = setup();
  plant(main, tree);
  core.createBranch('over');
  const heard: FsEvent[] = [];
  const belowHeard: FsEvent[] = [];
  core.subscribe((event) => heard.push(event), { branch: 'over' });
  core.subscribe((event) => belowHeard.push(event), { branch: 'main' });
  return { core, main, over: core.view('over', main.who), heard, belowHeard };
}

interface Row {
  readonly name: string;
  /** Changes made in the upper branch before. */
  readonly before?: (scene: Scene) => void;
  readonly act: (scene: Scene) => void;
  /** Events visible in `over`. */
  readonly expect: readonly string[];
}

const at = (path: string) => ({ path });
const TREE = ['/d/', '/d/f', '/d/g', '/e/', '/top'];

const ROWS: readonly Row[] = [
  {
    name: 'lower creation',
    act: ({ main }) => put(main, '/d/n', ''),
    expect: ['Created /d/n', 'Modified /d/n (Truncated)'],
  },
  { name: 'lower removal', act: ({ main }) => main.unlink(at('/d/f')), expect: ['Removed /d/f'] },
  { name: 'lower write', act: ({ main }) => put(main, '/d/f', 'x'), expect: ['Modified /d/f (Truncated)'] },
  { name: 'lower chmod', act: ({ main }) => main.chmod(at('/d/f'), 0), expect: ['Attrib /d/f (Mode)'] },
  {
    name: 'lower write under an upper copy',
    before: ({ over }) => put(over, '/d/f', 'mine'),
    act: ({ main }) => put(main, '/d/f', 'x'),
    expect: [],
  },
  {
    name: 'lower chmod under a copy made by chmod',
    before: ({ over }) => over.chmod(at('/d/f'), 0o600),
    act: ({ main }) => main.chmod(at('/d/f'), 0),
    expect: [],
  },
  {
    name: 'lower removal under an upper copy',
    before: ({ over }) => put(over, '/d/f', 'mine'),
    act: ({ main }) => main.unlink(at('/d/f')),
    expect: [],
  },
  {
    name: 'lower write beside an upper copy',
    before: ({ over }) => put(over, '/d/f', 'mine'),
    act: ({ main }) => put(main, '/d/g', ''),
    expect: ['Modified /d/g (Truncated)'],
  },
  {
    name: 'lower write under a whiteout',
    before: ({ core }) => core.hide('over', '/d/f'),
    act: ({ main }) => put(main, '/d/f', ''),
    expect: [],
  },
  {
    name: 'lower removal under a whiteout',
    before: ({ over }) => over.unlink(at('/d/f')),
    act: ({ main }) => main.unlink(at('/d/f')),
    expect: [],
  },
  {
    name: 'everything below a hidden directory',
    before: ({ core }) => core.hide('over', '/d'),
    act({ main }) {
      put(main, '/d/f', '');
      put(main, '/d/n', '');
      main.unlink(at('/d/g'));
    },
    expect: [],
  },
  {
    name: 'everything below a directory created again',
    before({ core, over }) {
      core.hide('over', '/d');
      over.mkdir(at('/d'));
    },
    act: ({ main }) => put(main, '/d/n', ''),
    expect: [],
  },
  {
    name: 'lower creation of a name the upper has',
    before: ({ over }) => put(over, '/d/n', 'mine'),
    act: ({ main }) => put(main, '/d/n', ''),
    expect: [],
  },
  { name: 'a whiteout itself', act: ({ core }) => core.hide('over', '/d/f'), expect: ['Removed /d/f'] },
  { name: 'an upper removal', act: ({ over }) => over.unlink(at('/d/f')), expect: ['Removed /d/f'] },
  {
    name: 'lower rename, both ends in view',
    act: ({ main }) => main.rename(at('/d/f'), at('/e/f')),
    expect: ['Renamed /d/f -> /e/f'],
  },
  {
    name: 'lower rename out of a hidden directory',
    before: ({ core }) => core.hide('over', '/d'),
    act: ({ main }) => main.rename(at('/d/f'), at('/e/f')),
    expect: ['Created /e/f'],
  },
  {
    name: 'lower rename into a hidden directory',
    before: ({ core }) => core.hide('over', '/e'),
    act: ({ main }) => main.rename(at('/d/f'), at('/e/f')),
    expect: ['Removed /d/f'],
  },
  {
    name: 'lower rename onto a name the upper has',
    before: ({ over }) => put(over, '/e/f', 'mine'),
    act: ({ main }) => main.rename(at('/d/f'), at('/e/f')),
    expect: ['Removed /d/f'],
  },
  {
    name: 'lower rename between hidden directories',
    before({ core }) {
      core.hide('over', '/d');
      core.hide('over', '/e');
    },
    act: ({ main }) => main.rename(at('/d/f'), at('/e/f')),
    expect: [],
  },
  {
    name: 'lower move of a directory that the upper has moved',
    before: ({ over }) => over.rename(at('/d'), at('/moved')),
    act: ({ main }) => main.rename(at('/d'), at('/e/d')),
    expect: [],
  },
  {
    name: 'changes below a directory that the upper has moved carry its new path',
    before: ({ over }) => over.rename(at('/d'), at('/e/moved')),
    act({ main }) {
      put(main, '/d/n', '');
      main.rename(at('/d/n'), at('/d/m'));
      main.unlink(at('/d/f'));
    },
    expect: [
      'Created /e/moved/n',
      'Modified /e/moved/n (Truncated)',
      'Renamed /e/moved/n -> /e/moved/m',
      'Removed /e/moved/f',
    ],
  },
  {
    name: 'lower move of a directory that the upper has changed',
    before: ({ over }) => put(over, '/d/mine', ''),
    act: ({ main }) => main.rename(at('/d'), at('/e/d')),
    expect: [],
  },
  {
    name: 'lower move, over another, of a directory that the upper has placed',
    before: ({ over }) => put(over, '/d/mine', ''),
    act: ({ main }) => main.rename(at('/d'), at('/e')),
    expect: ['Removed /e'],
  },
  {
    name: 'lower exchange with a directory that the upper has placed',
    before: ({ over }) => put(over, '/d/mine', ''),
    act: ({ main }) => main.rename(at('/d'), at('/e'), C.RENAME_EXCHANGE),
    expect: ['Removed /e'],
  },
  {
    name: 'lower exchange below a directory, with one that the upper has placed elsewhere',
    before: ({ over }) => over.rename(at('/d'), at('/moved')),
    act({ main }) {
      main.rename(at('/d'), at('/e'), C.RENAME_EXCHANGE);
      put(main, '/e/n', '');
    },
    expect: ['Removed /e', 'Created /moved/n', 'Modified /moved/n (Truncated)'],
  },
  {
    name: 'lower write through a name that is hidden, of a file with another',
    before({ main, core }) {
      main.link(at('/d/f'), at('/e/link'));
      core.hide('over', '/d');
    },
    act: ({ main }) => main.chmod(at('/d/f'), 0o600),
    expect: ['Attrib /e/link (Mode)'],
  },
  {
    name: 'lower exchange of which one end is hidden',
    before: ({ core }) => core.hide('over', '/d'),
    act: ({ main }) => main.rename(at('/d/f'), at('/top'), C.RENAME_EXCHANGE),
    expect: ['Created /top'],
  },
];

const Visibility = suite('visibility');

for (const row of ROWS)
  Visibility(row.name, () => {
    const its = scene(TREE);
    row.before?.(its);
    its.heard.length = 0;
    row.act(its);
    assert.equal(its.heard.map(line), row.expect);
  });

Visibility('changes of the upper branch are not visible below, nor in a sibling', () => {
  const { core, over, belowHeard } = scene(TREE);
  core.createBranch('beside');
  const beside: FsEvent[] = [];
  core.subscribe((event) => beside.push(event), { branch: 'beside' });
  put(over, '/d/f', 'x');
  over.rename(at('/d'), at('/moved'));
  core.hide('over', '/e');
  assert.equal([belowHeard, beside], [[], []]);
});

Visibility('the same answer for an event that is asked about right away', () => {
  const { core, main } = scene(TREE);
  const answers: unknown[] = [];
  core.subscribe((event) => answers.push(core.visible(event, 'over')?.path ?? null), { branch: 'main' });
  core.hide('over', '/d');
  main.chmod(at('/d/f'), 0);
  main.chmod(at('/top'), 0);
  assert.equal(answers, [null, '/top']);
});

Visibility("a branch over a snapshot does not see later changes of the snapshot's branch", () => {
  const { core, main } = scene(TREE);
  core.snapshot('main', 'then');
  core.createBranch('since', { snapshot: 'then' });
  const since: FsEvent[] = [];
  core.subscribe((event) => since.push(event), { branch: 'since' });
  put(main, '/d/f', 'x');
  main.unlink(at('/top'));
  assert.equal(since, []);
});

Visibility('events pass through three branches', () => {
  const { core, main } = scene(TREE);
  core.createBranch('third', { parent: 'over' });
  const third: FsEvent[] = [];
  core.subscribe((event) => third.push(event), { branch: 'third' });
  main.unlink(at('/d/f'));
  core.hide('over', '/top');
  main.unlink(at('/top'));
  assert.equal(third.map(line), ['Removed /d/f', 'Removed /top']);
});

function known(ns: Namespace, from = '/'): KnownTree {
  const found: KnownTree = new Map();
  const view = (dir: ReturnType<Namespace['node']>, path: string): void => {
    for (const entry of ns.list(dir!, 0)) {
      const node = ns.node(entry.ino)!;
      const to = path === '/' ? `/${entry.name}` : `${path}/${entry.name}`;
      const type = node.table ? 'directory' : node.isSymlink() ? 'symlink' : 'file';
      found.set(to, { ino: node.ino, type });
      if (node.table) view(node, to);
    }
  };
  let dir = ns.root;
  for (const name of from.split('/').filter(Boolean)) dir = ns.lookup(dir, name)!;
  view(dir, from);
  return found;
}

const sorted = (tree: KnownTree): string =>
  [...tree]
    .map(([path, { ino, type }]) => `${path} ${ino} ${type}`)
    .sort()
    .join('\n');

// Steps of the random test: operations in a branch, whiteouts, and changes of whole layers.
const branchName = fc.constantFrom('main', 'main', 'over', 'third');
const command = fc.tuple(branchName, fc.oneof(...commands));
const hide = fc.record({ hide: fc.constantFrom('a', 'b', 'a/b', 'c', 'a/c', 'b/a') });
const layers = fc.record({
  layers: fc.constantFrom('snapshot', 'restore', 'discard'),
  of: fc.constantFrom('main', 'over', 'third'),
});
const step = fc.oneof(
  { weight: 24, arbitrary: command },
  { weight: 2, arbitrary: hide },
  { weight: 1, arbitrary: layers },
);
const script = fc.array(step, {
  minLength: 20,
  maxLength: 100,
  size: 'max',
});

const attempt = (action: () => unknown): void => {
  try {
    action();
  } catch {
    // Random operations may fail; another test compares their errors with the kernel's.
  }
};

Visibility("a branch's events reproduce its tree, after random operations in it and below it", () => {
  fc.assert(
    fc.property(script, (steps) => {
      let snapshots = 0;
      const wrong: unknown[] = [];
      const { core } = setup({ onSinkError: (error, event) => wrong.push(`${error} at ${line(event)}`) });
      core.fs.mkdirSync('/x/y', { recursive: true });
      for (const dir of ['a/b/c', 'b/a', 'c']) core.fs.mkdirSync(`/x/y/${dir}`, { recursive: true });
      for (const file of ['a/a', 'a/b/a', 'b/b', 'b/c', 'c/a']) core.fs.writeFileSync(`/x/y/${file}`, file);
      core.createBranch('over');
      core.createBranch('third', { parent: 'over' });
      const trees = new Map<string, KnownTree>();
      const faces = new Map(['main', 'over', 'third'].map((name) => [name, core.fsFor(name)]));
      for (const name of faces.keys()) {
        const ns = core.branches.get(name);
        const tree = known(ns);
        trees.set(name, tree);
        core.subscribe((event) => apply(tree, event, (path) => known(ns, path)), { branch: name });
      }
      for (const step of steps) {
        if ('hide' in step) attempt(() => core.hide('over', `/x/y/${step.hide}`));
        else if ('layers' in step)
          attempt(() => {
            if (step.layers === 'snapshot') core.snapshot(step.of, `${step.of} ${++snapshots}`);
            else if (step.layers === 'discard') core.discardBranch(step.of);
            else
              core.restoreSnapshot(
                step.of,
                core.listSnapshots().find(({ branch }) => branch === step.of)!.name,
              );
          });
        else attempt(() => (step[1] as Step).act(faces.get(step[0])!, (path) => `/x/y/${path}`));
      }
      assert.equal(wrong, []);
      for (const [name, tree] of trees) assert.is(sorted(tree), sorted(known(core.branches.get(name))), name);
      // The difference of the two views must lead from the first to the second.
      const tree = known(core.branches.get('main'));
      for (const change of core.diff('main', 'third')) apply(tree, change);
      assert.is(sorted(tree), sorted(known(core.branches.get('third'))));
    }),
    { numRuns: 150, ...(process.env.FC_SEED && { seed: Number(process.env.FC_SEED) }) },
  );
});

Visibility.run();
