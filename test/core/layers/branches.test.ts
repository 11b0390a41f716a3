import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { constants as C, type FsCore, type FsView, kindName } from '../../../core/index.ts';
import { connection } from '../../support/numbers.ts';
import { line, names, outcome, plant, put, ROOT, setup, text } from '../fixture.ts';

const at = (path: string) => ({ path });
const TREE = ['/d/', '/d/f', '/d/g', '/e/', '/top'];

function branched() {
  const { core, view: main, events } = setup();
  plant(main, TREE);
  core.createBranch('over');
  return { core, main, over: core.view('over', ROOT), events };
}

interface Row {
  readonly name: string;
  readonly act: (its: { main: FsView; over: FsView; core: FsCore }) => void;
  /** Directories and their listings: in main and in the branch above it. */
  readonly main: Readonly<Record<string, string>>;
  readonly over: Readonly<Record<string, string>>;
}

const ROWS: readonly Row[] = [
  {
    name: 'a new branch shows its parent',
    act: () => {},
    main: { '/': 'd e top' },
    over: { '/': 'd e top', '/d': 'f g' },
  },
  {
    name: 'later changes of the parent show through',
    act({ main }) {
      put(main, '/d/n', 'x');
      main.unlink(at('/top'));
    },
    main: { '/': 'd e', '/d': 'f g n' },
    over: { '/': 'd e', '/d': 'f g n' },
  },
  {
    name: 'changes of the branch are its own',
    act({ over }) {
      put(over, '/d/n', 'x');
      over.unlink(at('/d/f'));
      over.mkdir(at('/new'));
    },
    main: { '/': 'd e top', '/d': 'f g' },
    over: { '/': 'd e new top', '/d': 'g n' },
  },
  {
    name: 'a whiteout outlives the file it hides, and ends when the name is created again',
    act({ main, over, core }) {
      core.hide('over', '/top');
      main.unlink(at('/top'));
      put(main, '/top', 'again');
      core.hide('over', '/d/f');
      put(over, '/d/f', 'mine');
    },
    main: { '/': 'd e top', '/d': 'f g' },
    over: { '/': 'd e', '/d': 'f g' },
  },
  {
    name: 'a directory created in place of a hidden directory is empty',
    act({ over, core }) {
      core.hide('over', '/d');
      over.mkdir(at('/d'));
    },
    main: { '/d': 'f g' },
    over: { '/': 'd e top', '/d': '' },
  },
  {
    name: 'a moved directory takes its contents along',
    act({ main, over }) {
      over.rename(at('/d'), at('/e/d'));
      put(main, '/d/later', 'x');
    },
    main: { '/': 'd e top', '/d': 'f g later' },
    over: { '/': 'e top', '/e': 'd', '/e/d': 'f g later' },
  },
  {
    name: 'a file that the branch has changed stays although the parent removes it',
    act({ main, over }) {
      put(over, '/d/f', 'mine');
      for (const path of ['/d/f', '/d/g']) main.unlink(at(path));
      main.rmdir(at('/d'));
    },
    main: { '/': 'e top' },
    over: { '/': 'd e top', '/d': 'f' },
  },
  {
    name: 'a directory changed by the branch stays where it is although the parent moves it',
    act({ main, over }) {
      put(over, '/d/mine', 'x');
      main.rename(at('/d'), at('/e/d'));
    },
    main: { '/': 'e top', '/e': 'd', '/e/d': 'f g' },
    over: { '/': 'd e top', '/e': '', '/d': 'f g mine' },
  },
];

const Branches = suite('branches');

for (const row of ROWS)
  Branches(row.name, () => {
    const its = branched();
    row.act(its);
    for (const side of ['main', 'over'] as const)
      for (const [path, expect] of Object.entries(row[side]))
        assert.is(names(its[side], path).join(' '), expect, `${side} ${path}`);
  });

Branches('copy-up keeps identity, metadata, extended attributes and hard links', () => {
  const { main, over } = branched();
  main.link(at('/d/f'), at('/e/link'));
  main.setxattr(at('/d/f'), 'user.a', Buffer.from('1'));
  main.chmod(at('/d/f'), 0o751);
  const before = over.stat(at('/d/f'));
  over.write(before.ino, Buffer.from('OVER'), 0, 4, 0);
  const after = over.stat(at('/e/link'));
  assert.equal(
    [after.ino, after.mode, after.nlink, over.getxattr(at('/d/f'), 'user.a').toString()],
    [before.ino, before.mode, 2, '1'],
  );
  assert.equal([text(over, '/d/f'), text(over, '/e/link')], ['OVER', 'OVER']);
  assert.equal([text(main, '/d/f'), text(main, '/e/link')], ['/d/f', '/d/f']);
  over.unlink(at('/d/f'));
  assert.is(over.stat(at('/e/link')).nlink, 1);
  assert.is(main.stat(at('/e/link')).nlink, 2);
});

Branches('bytes shared after copy-up are separate after a write', () => {
  const { main, over } = branched();
  const { ino } = main.stat(at('/d/f'));
  over.chmod(at('/d/f'), 0o600);
  main.write(ino, Buffer.from('M'), 0, 1, 0);
  over.write(ino, Buffer.from('O'), 0, 1, 1);
  assert.equal([text(main, '/d/f'), text(over, '/d/f')], ['Md/f', '/O/f']);
  over.truncate(at('/d/f'), 0);
  assert.equal([text(main, '/d/f'), text(over, '/d/f')], ['Md/f', '']);
});

Branches('a snapshot is not changed by later operations', () => {
  const { core, main } = branched();
  core.snapshot('main', 'then');
  put(main, '/d/f', 'changed');
  main.rename(at('/d'), at('/moved'));
  main.unlink(at('/top'));
  core.createBranch('back', { snapshot: 'then' });
  const back = core.view('back', ROOT);
  assert.equal(
    [names(back, '/'), names(back, '/d'), text(back, '/d/f')],
    [['d', 'e', 'top'], ['f', 'g'], '/d/f'],
  );
  put(back, '/d/f', 'of the branch');
  core.createBranch('again', { snapshot: 'then' });
  assert.is(text(core.view('again', ROOT), '/d/f'), '/d/f');
  assert.is(text(main, '/moved/f'), 'changed');
});

Branches('a snapshot costs the same however much there is', () => {
  const { core, view } = setup({ trackEvents: false });
  for (let i = 0; i < 3000; i++) put(view, `/f${i}`, 'x');
  core.snapshot('main', 'one');
  assert.is(core.branches.get('main').upper.inodes.size, 0);
});

Branches('inode numbers and handles outlive snapshots and moves', () => {
  const { core, main } = branched();
  const { ino } = main.stat(at('/d/f'));
  core.snapshot('main', 'one');
  assert.is(main.stat(at('/d/f')).ino, ino);
  main.write(ino, Buffer.from('still'), 0, 5, 0);
  main.rename(at('/d'), at('/D'));
  assert.equal(main.pathOf(ino), { path: '/D/f', orphan: false });
  core.snapshot('main', 'two');
  main.unlink(at('/D/f'));
  assert.is(main.stat(at('/D')).nlink, 2);
  core.createBranch('b', { snapshot: 'two' });
  assert.is(core.view('b', ROOT).pathOf(ino).path, '/D/f');
});

Branches('a native writer keeps writing to its branch, not to the snapshot', () => {
  const directory = fs.mkdtempSync(`${fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir()}/shimfs-branches-`);
  try {
    const { core, view, events } = setup({ backstore: { kind: 'shared', directory } });
    const { attr } = view.open(at('/f'), C.O_CREAT | C.O_RDWR);
    const object = `${directory}/o/${attr.oid}`;
    core.opened(attr.oid, connection(5));
    fs.writeFileSync(object, 'before');
    core.snapshot('main', 'then');
    fs.writeFileSync(object, 'after it');
    assert.ok(core.touched(attr.oid, 5));
    assert.is(line(events.at(-1)!), 'Modified /f (Extended Native)');
    assert.is(view.stat(at('/f')).oid, attr.oid);
    assert.is(text(view, '/f'), 'after it');
    core.createBranch('back', { snapshot: 'then' });
    assert.is(text(core.view('back', ROOT), '/f'), 'before');
    core.close();
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
});

Branches('reading natively shares the object of the lower branch, writing creates a separate object', () => {
  const directory = fs.mkdtempSync(`${fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir()}/shimfs-branches-`);
  try {
    const { core, view } = setup({ backstore: { kind: 'shared', directory } });
    put(view, '/f', 'lower');
    core.createBranch('over');
    const over = core.view('over', ROOT);
    const below = view.open(at('/f'), C.O_RDWR).attr;
    const reader = over.open(at('/f'), C.O_RDONLY).attr;
    const writer = over.open(at('/f'), C.O_RDWR).attr;
    assert.is(reader.oid, below.oid);
    assert.is.not(writer.oid, below.oid);
    assert.is(writer.ino, below.ino);
    assert.is(fs.readFileSync(`${directory}/o/${writer.oid}`, 'utf8'), 'lower');
    core.deleteBranch('over');
    assert.equal(fs.readdirSync(`${directory}/o`), [String(below.oid)]);
    core.close();
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
});

Branches('rebinding returns the difference of the two views', () => {
  const { core, over } = branched();
  put(over, '/d/f', 'longer than it was');
  over.chmod(at('/d/g'), 0o600);
  over.unlink(at('/top'));
  over.mkdir(at('/n'));
  put(over, '/n/x', '');
  const told = core.diff('main', 'over').map(line).sort();
  assert.equal(told, [
    'Attrib /d/g (Mode)',
    'Created /n',
    'Created /n/x',
    'Modified /d/f (Extended)',
    'Removed /top',
  ]);
  const back = core.diff('over', 'main');
  assert.equal(back.map((event) => `${kindName(event.kind)} ${event.path}`).sort(), [
    'Attrib /d/g',
    'Created /top',
    'Modified /d/f',
    'Removed /n',
    'Removed /n/x',
  ]);
  assert.ok(back.every((event, i) => i === 0 || event.id > back[i - 1].id));
  assert.equal(core.diff('main', 'main'), []);
});

const REFUSED: [name: string, act: (core: FsCore) => unknown, code: string][] = [
  ['a name twice', (core) => core.createBranch('over'), 'EEXIST'],
  ['no name', (core) => core.createBranch(''), 'EINVAL'],
  ['two origins', (core) => core.createBranch('x', { parent: 'main', snapshot: 's' }), 'EINVAL'],
  ['an unknown parent', (core) => core.createBranch('x', { parent: 'none' }), 'ENOENT'],
  ['an unknown snapshot', (core) => core.createBranch('x', { snapshot: 'none' }), 'ENOENT'],
  ['a view of nothing', (core) => core.view('none', ROOT), 'ENOENT'],
  ['a difference to an unknown branch', (core) => core.diff('main', 'none'), 'ENOENT'],
  ['deleting main', (core) => core.deleteBranch('main'), 'EBUSY'],
  [
    'deleting what others lie upon',
    (core) => {
      core.createBranch('third', { parent: 'over' });
      core.deleteBranch('over');
    },
    'EBUSY',
  ],
  ['hiding what is not there', (core) => core.hide('over', '/none'), 'ENOENT'],
  ['hiding the root', (core) => core.hide('over', '/'), 'EBUSY'],
  ['a snapshot twice', (core) => [1, 2].map(() => core.snapshot('over', 's')), 'EEXIST'],
  ['deleting an unknown snapshot', (core) => core.deleteSnapshot('none'), 'ENOENT'],
];

for (const [name, act, code] of REFUSED)
  Branches(`refused: ${name}`, () => {
    assert.is(
      outcome(() => act(branched().core)),
      code,
    );
  });

Branches('hiding works in main too', () => {
  const { core, main, events } = branched();
  core.hide('main', '/d');
  assert.equal(names(main, '/'), ['e', 'top']);
  assert.is(line(events.at(-1)!), 'Removed /d');
});

Branches('restoring a snapshot and discarding changes emit events', () => {
  const { core, main, over, events } = branched();
  core.snapshot('over', 'then');
  put(over, '/d/f', 'mine, and longer');
  over.unlink(at('/top'));
  over.mkdir(at('/n'));
  core.createBranch('upon', { parent: 'over' });
  const upon: string[] = [];
  core.subscribe((event) => upon.push(line(event)), { branch: 'upon' });
  events.length = 0;
  core.restoreSnapshot('over', 'then');
  const expect = ['Created /top', 'Modified /d/f (Truncated)', 'Removed /n'];
  const told = (branch: string) =>
    events
      .filter((event) => event.branch === branch)
      .map(line)
      .sort();
  assert.equal([told('over'), told('upon'), told('main')], [expect, expect, []]);
  assert.equal(upon.sort(), expect);
  assert.equal([names(over, '/'), text(over, '/d/f')], [['d', 'e', 'top'], '/d/f']);
  put(main, '/later', 'x');
  assert.not(names(over, '/').includes('later'));
});

Branches('discarding returns to the live parent', () => {
  const { core, main, over, events } = branched();
  over.rename(at('/d'), at('/moved'));
  core.hide('over', '/top');
  events.length = 0;
  core.discardBranch('over');
  assert.equal(names(over, '/'), ['d', 'e', 'top']);
  assert.equal(
    events
      .map(line)
      .filter((told) => told.endsWith('d') || told.endsWith('/top'))
      .sort(),
    ['Created /d', 'Created /top', 'Removed /moved'],
  );
  put(main, '/later', 'x');
  assert.ok(names(over, '/').includes('later'));
  assert.is(
    outcome(() => core.discardBranch('main')),
    'EINVAL',
  );
});

Branches('layers that nothing shows any more are let go', () => {
  const { core, view } = setup();
  put(view, '/f', 'x'.repeat(100));
  core.snapshot('main', 'one');
  put(view, '/f', 'y'.repeat(10));
  core.snapshot('main', 'two');
  core.createBranch('b', { snapshot: 'one' });
  put(core.view('b', ROOT), '/g', 'z'.repeat(1000));
  core.snapshot('b', 'three');
  core.deleteBranch('b');
  assert.is(core.content.used, 1110);
  core.deleteSnapshot('three');
  assert.is(core.content.used, 110);
  assert.is(text(view, '/f'), 'y'.repeat(10));
});

Branches('the quota of a deleted branch is released', () => {
  const { core, over } = branched();
  const before = core.content.used;
  put(over, '/big', 'x'.repeat(1000));
  core.deleteBranch('over');
  assert.is(core.content.used, before);
});

Branches.run();
