import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { constants as C, type FsView } from '../../../core/index.ts';
import { line, plant, put, ROOT, setup } from '../fixture.ts';

interface Row {
  readonly name: string;
  /** Existing files. */
  readonly tree?: readonly string[];
  readonly act: (view: FsView) => void;
  readonly expect: readonly string[];
}

const open = (view: FsView, path: string, flags: number) => view.openLocal({ path }, flags);
const ino = (view: FsView, path: string) => view.stat({ path }).ino;

const ROWS: readonly Row[] = [
  { name: 'mkdir', act: (v) => v.mkdir({ path: '/d' }), expect: ['Created /d'] },
  {
    name: 'create by open',
    act: (v) => open(v, '/f', C.O_CREAT | C.O_TRUNC | C.O_RDWR),
    expect: ['Created /f'],
  },
  {
    name: 'open of an existing file',
    tree: ['/f'],
    act: (v) => open(v, '/f', C.O_CREAT | C.O_RDWR),
    expect: [],
  },
  { name: 'mknod', act: (v) => v.mknod({ path: '/p' }, C.S_IFIFO | 0o600), expect: ['Created /p'] },
  { name: 'symlink', act: (v) => v.symlink('x', { path: '/s' }), expect: ['Created /s'] },
  {
    name: 'link',
    tree: ['/f'],
    act: (v) => v.link({ path: '/f' }, { path: '/g' }),
    expect: ['Created /g (Link)'],
  },
  { name: 'unlink', tree: ['/f'], act: (v) => v.unlink({ path: '/f' }), expect: ['Removed /f'] },
  {
    name: 'unlink one of two names',
    tree: ['/f'],
    act(v) {
      v.link({ path: '/f' }, { path: '/g' });
      v.unlink({ path: '/f' });
      v.unlink({ path: '/g' });
    },
    expect: ['Created /g (Link)', 'Removed /f (Link)', 'Removed /g'],
  },
  { name: 'rmdir', tree: ['/d/'], act: (v) => v.rmdir({ path: '/d' }), expect: ['Removed /d'] },
  {
    name: 'writes: growing, in place, none',
    tree: ['/f'],
    act(v) {
      const bytes = Buffer.from('four');
      v.write(ino(v, '/f'), bytes, 0, 4, 'append');
      v.write(ino(v, '/f'), bytes, 0, 2, 0);
      v.write(ino(v, '/f'), bytes, 0, 0, 0);
    },
    expect: ['Modified /f (Extended)', 'Modified /f'],
  },
  {
    name: 'write after the last name went',
    tree: ['/f'],
    act(v) {
      const number = ino(v, '/f');
      v.hold(number);
      v.unlink({ path: '/f' });
      v.write(number, Buffer.from('more and more'), 0, 13, 'append');
      v.release(number);
    },
    expect: ['Removed /f', 'Modified /f (Extended Orphan)'],
  },
  {
    name: 'truncate: shorter, longer, the same',
    tree: ['/f'],
    act(v) {
      for (const length of [1, 9, 9]) v.truncate({ path: '/f' }, length);
    },
    expect: ['Modified /f (Truncated)', 'Modified /f (Extended Truncated)', 'Modified /f (Truncated)'],
  },
  {
    name: 'O_TRUNC of an existing file',
    tree: ['/f'],
    act: (v) => open(v, '/f', C.O_TRUNC | C.O_WRONLY),
    expect: ['Modified /f (Truncated)'],
  },
  {
    name: 'metadata',
    tree: ['/f'],
    act(v) {
      const f = { path: '/f' };
      v.chmod(f, 0o600);
      v.chown(f, 1, 2);
      v.utimens(f, 'now', 'omit');
      v.utimens(f, 'omit', 'omit');
      v.setxattr(f, 'user.a', Buffer.from('1'));
      v.removexattr(f, 'user.a');
    },
    expect: [
      'Attrib /f (Mode)',
      'Attrib /f (Owner)',
      'Attrib /f (Times AccessTime)',
      'Attrib /f (Xattr)',
      'Attrib /f (Xattr)',
    ],
  },
  {
    name: 'metadata by the second name',
    tree: ['/f'],
    act(v) {
      v.link({ path: '/f' }, { path: '/g' });
      v.chmod({ path: '/g' }, 0o600);
      v.symlink('/g', { path: '/s' });
      v.chmod({ path: '/s' }, 0o640);
    },
    expect: ['Created /g (Link)', 'Attrib /g (Mode)', 'Created /s', 'Attrib /g (Mode)'],
  },
  {
    name: 'rename within and across',
    tree: ['/f', '/d/'],
    act(v) {
      v.rename({ path: '/f' }, { path: '/g' });
      v.rename({ path: '/g' }, { path: '/d/h' });
    },
    expect: ['Renamed /f -> /g', 'Renamed /g -> /d/h'],
  },
  {
    name: 'rename to itself and to another name of itself',
    tree: ['/f'],
    act(v) {
      v.link({ path: '/f' }, { path: '/g' });
      v.rename({ path: '/f' }, { path: '/f' });
      v.rename({ path: '/f' }, { path: '/g' });
    },
    expect: ['Created /g (Link)'],
  },
  {
    name: 'exchange',
    tree: ['/f', '/d/', '/d/x'],
    act(v) {
      v.rename({ path: '/f' }, { path: '/d' }, C.RENAME_EXCHANGE);
      v.unlink({ path: '/f/x' });
    },
    expect: ['Renamed /f -> /d (Exchanged)', 'Removed /f/x'],
  },
  {
    name: 'paths are canonical and follow a moved directory',
    tree: ['/d/', '/d/e/', '/d/e/f'],
    act(v) {
      v.chmod({ path: '//d/./e/../e/f' }, 0o600);
      v.rename({ path: '/d' }, { path: '/D' });
      v.chmod({ dir: ino(v, '/D/e'), path: 'f' }, 0o644);
      v.chmod({ dir: ino(v, '/D/e/f'), path: '' }, 0o600);
    },
    expect: ['Attrib /d/e/f (Mode)', 'Renamed /d -> /D', 'Attrib /D/e/f (Mode)', 'Attrib /D/e/f (Mode)'],
  },
  {
    name: 'a failed operation emits nothing',
    tree: ['/f', '/d/', '/d/x'],
    act(v) {
      const calls = [
        () => v.mkdir({ path: '/d' }),
        () => v.rmdir({ path: '/d' }),
        () => v.unlink({ path: '/d' }),
        () => v.rename({ path: '/d' }, { path: '/f' }),
        () => v.chmod({ path: '/none' }, 0),
        () => v.link({ path: '/d' }, { path: '/e' }),
        () => open(v, '/f', C.O_CREAT | C.O_EXCL),
      ];
      for (const call of calls) assert.throws(call);
    },
    expect: [],
  },
];

const Events = suite('events');

for (const row of ROWS)
  Events(row.name, () => {
    const { events, view } = setup();
    plant(view, row.tree ?? []);
    events.length = 0;
    row.act(view);
    assert.equal(events.map(line), row.expect);
  });

Events('carry process, path, time and kind', () => {
  const { core, events } = setup();
  const view = core.view('main', { ...ROOT, pid: 42 });
  plant(view, ['/d/', '/d/f', '/g']);
  const [d, f, g] = ['/d', '/d/f', '/g'].map((path) => ino(view, path));
  events.length = 0;
  view.rename({ path: '/d/f' }, { path: '/g' });
  const { id, time, ...rest } = events[0];
  assert.equal(rest, {
    kind: 4,
    path: '/g',
    ino: f,
    parent: 1,
    type: 'file',
    nlink: 1,
    pid: 42,
    branch: 'main',
    detail: 0,
    from: '/d/f',
    fromParent: d,
    replaced: { ino: g, type: 'file', nlink: 0 },
  });
  assert.ok(id > 0);
  assert.ok(Number.isInteger(time) && time >= 1_700_000_000_000);
});

Events('have rising ids, in the order of the operations, also from within a sink', () => {
  const { core, view } = setup();
  const order: string[] = [];
  let nested = false;
  core.subscribe((event) => {
    order.push(`first ${event.path}`);
    if (nested) return;
    nested = true;
    view.mkdir({ path: '/inner' });
    order.push('inner made');
  });
  core.subscribe((event) => order.push(`second ${event.path}`));
  view.mkdir({ path: '/outer' });
  assert.equal(order, ['first /outer', 'inner made', 'second /outer', 'first /inner', 'second /inner']);
});

Events('a sink that throws is reported once, and harms neither the others nor the operation', () => {
  const reported: string[] = [];
  const { core, view, events } = setup({ onSinkError: (error) => reported.push(String(error)) });
  let calls = 0;
  core.subscribe(() => {
    calls++;
    throw new Error('not today');
  });
  const after: string[] = [];
  core.subscribe((event) => after.push(event.path));
  view.mkdir({ path: '/a' });
  view.mkdir({ path: '/b' });
  assert.equal(reported, ['Error: not today']);
  assert.equal(after, ['/a', '/b']);
  assert.is(calls, 2);
  assert.is(events.length, 2);
});

Events('end with the subscription', () => {
  const { core, view } = setup();
  let heard = 0;
  const stop = core.subscribe(() => heard++);
  view.mkdir({ path: '/a' });
  stop();
  view.mkdir({ path: '/b' });
  assert.is(heard, 1);
});

Events('come as an observable too', () => {
  const { core, view } = setup();
  const seen: string[] = [];
  const subscription = core.events$.subscribe((event) => seen.push(line(event)));
  put(view, '/f', '');
  subscription.unsubscribe();
  view.unlink({ path: '/f' });
  assert.equal(seen, ['Created /f', 'Modified /f (Truncated)']);
});

Events.run();
