import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FsView } from '../../../core/index.ts';
import { names, plant, put, setup } from '../fixture.ts';

/** A listing in pages, with an action between them. */
function list(
  view: FsView,
  path: string,
  limit: number | { bytes: number },
  between: (page: number) => void,
) {
  const found: string[] = [];
  for (let cookie = 0, page = 0; ; page++) {
    const entries = view.readdir({ path }, cookie, limit);
    if (entries.length === 0) return found;
    found.push(...entries.map((entry) => entry.name));
    cookie = entries.at(-1)!.cookie;
    between(page);
  }
}

const Directory = suite('directory');

Directory('begins with itself and its parent', () => {
  const { view } = setup();
  plant(view, ['/d/', '/d/f']);
  const [dot, dotdot, f] = view.readdir({ path: '/d' });
  assert.equal([dot.name, dot.ino], ['.', view.stat({ path: '/d' }).ino]);
  assert.equal([dotdot.name, dotdot.ino], ['..', 1]);
  assert.equal([f.name, f.ino, f.type], ['f', view.stat({ path: '/d/f' }).ino, 'file']);
});

Directory('pages by bytes hold as many records as fit', () => {
  const { view } = setup();
  plant(view, ['/a', '/bbbbbbbbbbbbbbbb']);
  const page = (bytes: number) => view.readdir({ path: '/' }, 0, { bytes }).map((entry) => entry.name);
  assert.equal(page(31), []);
  assert.equal(page(64), ['.', '..']);
  assert.equal(page(96 + 47), ['.', '..', 'a']);
  assert.equal(page(96 + 48), ['.', '..', 'a', 'bbbbbbbbbbbbbbbb']);
});

for (const where of ['main', 'merged'])
  Directory(`entries that stay are listed once while others are added and removed (${where})`, () => {
    const change = fc.record({
      add: fc.array(fc.nat(40)),
      remove: fc.array(fc.nat(40)),
      rename: fc.array(fc.nat(40)),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), fc.integer({ min: 1, max: 7 }), (changes, limit) => {
        const { core, view: main } = setup({ trackEvents: false });
        for (let i = 0; i < 30; i++) put(main, `/f${i}`, '');
        core.createBranch('merged');
        const view = core.view(where, { pid: 0, uid: 0, gid: 0, umask: 0 });
        const start = new Set(names(view, '/'));
        const touched = new Set<string>();
        const found = list(view, '/', limit, (page) => {
          const { add, remove, rename } = changes[page] ?? { add: [], remove: [], rename: [] };
          const there = (name: string) => names(view, '/').includes(name);
          for (const i of add) if (!there(`n${i}`)) put(view, `/n${i}`, '');
          for (const i of remove)
            if (there(`f${i}`)) {
              touched.add(`f${i}`);
              view.unlink({ path: `/f${i}` });
            }
          for (const i of rename)
            if (there(`f${i}`)) {
              touched.add(`f${i}`);
              view.rename({ path: `/f${i}` }, { path: `/r${i}` });
            }
        });
        assert.is(new Set(found).size, found.length, 'listed twice');
        for (const name of start) if (!touched.has(name)) assert.ok(found.includes(name), `${name} skipped`);
      }),
      { numRuns: 60 },
    );
  });

Directory('can be emptied while it is listed, as rm does', () => {
  const { view } = setup({ trackEvents: false });
  view.mkdir({ path: '/d' });
  for (let i = 0; i < 5000; i++) put(view, `/d/f${i}`, '');
  let cookie = 0;
  for (;;) {
    const entries = view.readdir({ path: '/d' }, cookie, 100);
    if (entries.length === 0) break;
    cookie = entries.at(-1)!.cookie;
    for (const { name } of entries) if (!name.startsWith('.')) view.unlink({ path: `/d/${name}` });
  }
  view.rmdir({ path: '/d' });
});

Directory('pages of a large directory cost no more than pages of a small directory', () => {
  const { core, view } = setup({ trackEvents: false });
  for (let i = 0; i < 20_000; i++) put(view, `/f${i}`, '');
  const table = core.branches.get('main').root.table!;
  let steps = 0;
  const get = table.names.values.bind(table.names);
  table.names.values = () => {
    steps++;
    return get();
  };
  assert.is(list(view, '/', 50, () => {}).length, 20_002);
  assert.is(steps, 1, 'all names are gone through once, not for each page');
});

Directory.run();
