/** The mirror as pure state: the real operations that each change causes, and that names equal the branch's. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FsCore, FsView } from '../../../core/index.ts';
import { InotifyMirrors } from '../../../core/inotify/mirrors.ts';
import { plant, ROOT, setup } from '../fixture.ts';
import { NamesInMemory } from './names-in-memory.ts';

const HOW = { follow: true, directory: false };

function watched(view: FsView, core: FsCore, ...paths: string[]) {
  const real = new NamesInMemory('/m');
  const troubles: unknown[] = [];
  const counts = new Map<number, number>();
  const mirrors = new InotifyMirrors({
    core,
    real,
    directory: '/m',
    count: (ino, delta) => counts.set(ino, (counts.get(ino) ?? 0) + delta),
    held: () => undefined,
    onTrouble: (error) => troubles.push(error),
  });
  for (const path of paths) mirrors.watch(view, { path }, HOW);
  /** Operations caused by `change`, without the mirror's number. */
  const after = (change: () => void): string[] => {
    real.asked.length = 0;
    change();
    assert.equal(troubles, []);
    return real.asked.map((line) => line.replaceAll(/\b1\//g, ''));
  };
  return { real, mirrors, troubles, counts, after };
}

const mirror = suite('mirror');

mirror('contains the ancestors of a watched directory, and all its entries', () => {
  const { core, view } = setup();
  plant(view, ['/a/', '/a/b/', '/a/b/f', '/a/b/sub/', '/a/b/sub/deep', '/a/other', '/c/']);
  view.symlink('f', { path: '/a/b/l' });
  const { real } = watched(view, core, '/a/b');
  assert.equal(real.list('/m/1'), ['a/']);
  assert.equal(real.list('/m/1/a'), ['b/']);
  assert.equal(real.list('/m/1/a/b'), ['f', 'l', 'sub/']);
  assert.equal(real.list('/m/1/a/b/sub'), []);
});

const one: Readonly<Record<string, readonly [(view: FsView) => unknown, ...string[]]>> = {
  'a file is made': [(v) => v.openLocal({ path: '/d/n' }, 0o101), 'file d/n'],
  'a directory is made': [(v) => v.mkdir({ path: '/d/n' }), 'directory d/n'],
  'a link is made': [(v) => v.symlink('x', { path: '/d/n' }), 'symlink d/n'],
  'a FIFO is made': [(v) => v.mknod({ path: '/d/n' }, 0o010644), 'special d/n'],
  'a name is added': [(v) => v.link({ path: '/d/f' }, { path: '/d/n' }), 'link d/f d/n'],
  'a file is removed': [(v) => v.unlink({ path: '/d/f' }), 'unlink d/f'],
  'a directory is removed': [(v) => v.rmdir({ path: '/d/s' }), 'rmdir d/s'],
  'a file is renamed': [(v) => v.rename({ path: '/d/f' }, { path: '/d/n' }), 'rename d/f d/n'],
  'a file is renamed over another': [(v) => v.rename({ path: '/d/f' }, { path: '/d/g' }), 'rename d/f d/g'],
  'a file leaves': [(v) => v.rename({ path: '/d/f' }, { path: '/e/f' }), 'directory e', 'rename d/f e/f'],
  'a file comes': [
    (v) => v.rename({ path: '/e/x' }, { path: '/d/x' }),
    'directory e',
    'file e/x',
    'rename e/x d/x',
  ],
  'a file comes over another': [
    (v) => v.rename({ path: '/e/x' }, { path: '/d/f' }),
    'directory e',
    'file e/x',
    'rename e/x d/f',
  ],
  'two files change places': [(v) => v.rename({ path: '/d/f' }, { path: '/d/g' }, 2), 'exchange d/f d/g'],
  'one changes places with one outside': [
    (v) => v.rename({ path: '/d/f' }, { path: '/e/x' }, 2),
    'directory e',
    'file e/x',
    'exchange d/f e/x',
  ],
  'a mode is set': [(v) => v.chmod({ path: '/d/f' }, 0o600), 'attrib d/f'],
  'an owner is not set': [(v) => v.chown({ path: '/d/f' }, -1, -1)],
  'an attribute is set': [(v) => v.setxattr({ path: '/d/f' }, 'user.a', Buffer.from('1')), 'attrib d/f'],
  'both times are set': [(v) => v.utimens({ path: '/d/f' }, 'now', 'now'), 'attrib d/f'],
  'the time of access is set': [(v) => v.utimens({ path: '/d/f' }, 'now', 'omit'), 'times-access d/f'],
  'the time of change is set': [(v) => v.utimens({ path: '/d/f' }, 'omit', 'now'), 'times-modify d/f'],
  'the directory itself is changed': [(v) => v.chmod({ path: '/d' }, 0o700), 'attrib d'],
  'a file is truncated': [(v) => v.truncate({ path: '/d/f' }, 1), 'truncate d/f'],
  'a file is written': [
    (v) => v.write(v.stat({ path: '/d/f' }).ino, Buffer.from('y'), 0, 1, 0),
    'written d/f',
  ],
  'something elsewhere is changed': [
    (v) => {
      v.mkdir({ path: '/e/n' });
      v.rename({ path: '/e/n' }, { path: '/e/m' });
      v.rmdir({ path: '/e/m' });
      v.chmod({ path: '/e/x' }, 0o600);
      v.unlink({ path: '/e/x' });
    },
  ],
  'something below a directory in it is changed': [(v) => v.openLocal({ path: '/d/s/n' }, 0o101)],
};
for (const [name, [change, ...wanted]] of Object.entries(one))
  mirror(name, () => {
    const { core, view } = setup();
    plant(view, ['/d/', '/d/f', '/d/g', '/d/s/', '/e/', '/e/x']);
    const { after } = watched(view, core, '/d');
    assert.equal(
      after(() => change(view)),
      wanted,
    );
  });

mirror('a watched file has all of its names, wherever they are', () => {
  const { core, view } = setup();
  plant(view, ['/d/', '/d/f', '/e/', '/h/']);
  view.link({ path: '/d/f' }, { path: '/e/g' });
  const { real, after } = watched(view, core, '/d/f');
  assert.equal(real.list('/m/1/e'), ['g']);
  const { ino } = view.stat({ path: '/d/f' });
  assert.equal(
    after(() => view.link({ path: '/d/f' }, { path: '/h/k' })),
    ['directory h', 'link d/f h/k'],
  );
  assert.equal(
    after(() => view.unlink({ path: '/d/f' })),
    ['unlink d/f'],
  );
  assert.equal(
    after(() => view.chmod({ path: '/e/g' }, 0o600)),
    ['attrib e/g'],
  );
  assert.is(view.stat({ path: '/h/k' }).ino, ino);
});

mirror('a change through a name outside the mirror notifies no watcher', () => {
  const { core, view } = setup();
  plant(view, ['/d/', '/d/f', '/e/']);
  view.link({ path: '/d/f' }, { path: '/e/g' });
  const { after } = watched(view, core, '/d');
  assert.equal(
    after(() => view.chmod({ path: '/e/g' }, 0o600)),
    [],
  );
});

mirror("each branch's mirror repeats the events visible in it, and no others", () => {
  const { core, view } = setup();
  plant(view, ['/d/', '/d/f', '/d/g']);
  core.createBranch('try');
  const other = core.view('try', ROOT);
  const { mirrors, real, after } = watched(view, core, '/d');
  mirrors.watch(other, { path: '/d' }, HOW);
  const both = (change: () => void): string[] => {
    real.asked.length = 0;
    change();
    return [...real.asked];
  };
  assert.equal(
    both(() => view.mkdir({ path: '/d/n' })),
    ['directory 1/d/n', 'directory 2/d/n'],
  );
  assert.equal(
    both(() => other.unlink({ path: '/d/f' })),
    ['unlink 2/d/f'],
  );
  assert.equal(
    both(() => view.chmod({ path: '/d/f' }, 0o600)),
    ['attrib 1/d/f'],
    'what a whiteout hides is silence',
  );
  assert.equal(
    both(() => core.hide('try', '/d/g')),
    ['unlink 2/d/g'],
    'a whiteout is a removal',
  );
  assert.equal(after(() => other.mkdir({ path: '/d/only' })).length, 1);
});

mirror('a stand-in for another branch’s bytes makes its writers report writes, while it exists', () => {
  const { core, view } = setup();
  plant(view, ['/d/', '/d/f']);
  core.createBranch('try');
  const other = core.view('try', ROOT);
  const { counts } = watched(other, core, '/d');
  const { ino } = view.stat({ path: '/d/f' });
  assert.is(counts.get(ino), 1);
  other.unlink({ path: '/d/f' });
  assert.is(counts.get(ino), 0);
});

mirror('an error of the real filesystem is reported once', () => {
  const { core, view } = setup();
  plant(view, ['/d/']);
  const { real, troubles } = watched(view, core, '/d');
  real.directory(Buffer.from('/m/1/d/a'));
  view.mkdir({ path: '/d/a' });
  view.mkdir({ path: '/d/b' });
  assert.is(troubles.length, 1);
  assert.match(String(troubles[0]), 'EEXIST');
  assert.equal(real.list('/m/1/d'), ['a/', 'b/']);
});

mirror('watches that cannot be', () => {
  const { core, view } = setup();
  plant(view, ['/d/', '/d/f']);
  view.chmod({ path: '/d/f' }, 0o200);
  const { mirrors } = watched(view, core);
  const code = (path: string, how = HOW, who = view): string => {
    try {
      mirrors.watch(who, { path }, how);
      return 'none';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  assert.is(code('/none'), 'ENOENT');
  assert.is(code('/d/f/x'), 'ENOTDIR');
  assert.is(code('/d/f', { follow: true, directory: true }), 'ENOTDIR');
  assert.is(code('/d/f', HOW, core.view('main', { ...ROOT, uid: 7, gid: 7 })), 'EACCES');
  assert.is(code('/d'), 'none');
});

/** A random step among few names, so that steps interact. */
const PLACES = ['/', '/a', '/b', '/a/c'].flatMap((dir) =>
  ['x', 'y', 'a', 'c'].map((n) => `${dir === '/' ? '' : dir}/${n}`),
);
const place = fc.constantFrom(...PLACES);
const step = fc.oneof(
  fc.record({
    what: fc.constantFrom('mkdir', 'make', 'unlink', 'rmdir', 'chmod', 'watch', 'write'),
    path: place,
  }),
  fc.record({ what: fc.constantFrom('rename', 'exchange', 'link'), path: place, to: place }),
);

mirror("names in complete directories equal the branch's, after random operations", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { core, view } = setup();
      plant(view, ['/a/', '/a/c/', '/b/', '/a/x', '/b/y']);
      const { mirrors, real, troubles } = watched(view, core, '/a');
      const complete = new Set<number>([view.stat({ path: '/a' }).ino]);
      for (const one of steps) {
        const { what, path } = one;
        const to = 'to' in one ? one.to : '';
        try {
          if (what === 'mkdir') view.mkdir({ path });
          else if (what === 'make') view.openLocal({ path }, 0o101);
          else if (what === 'unlink') view.unlink({ path });
          else if (what === 'rmdir') view.rmdir({ path });
          else if (what === 'chmod') view.chmod({ path }, 0o700);
          else if (what === 'write') view.writeFile(view.stat({ path }).ino, Buffer.from('w'));
          else if (what === 'rename') view.rename({ path }, { path: to });
          else if (what === 'exchange') view.rename({ path }, { path: to }, 2);
          else if (what === 'link') view.link({ path }, { path: to });
          else {
            mirrors.watch(view, { path }, HOW);
            complete.add(view.stat({ path }).ino);
          }
        } catch (error) {
          if (!(error as { code?: string }).code?.startsWith('E')) throw error;
        }
        assert.equal(troubles, []);
      }
      for (const ino of complete) {
        const at = view.ns.node(ino);
        if (!at?.table || at.nlink === 0) continue;
        const { path } = view.pathOf(ino);
        const wanted = view
          .readdir({ path })
          .filter(({ name }) => name !== '.' && name !== '..')
          .map(({ name, type }) => (type === 'directory' ? `${name}/` : name))
          .sort();
        assert.equal(real.list(`/m/1${path}`), wanted, path);
      }
    }),
    { numRuns: 400 },
  );
});

mirror.run();
