import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Slots } from '../../../core/content/slots.ts';
import { constants as C, type FsView } from '../../../core/index.ts';
import { connection } from '../../support/numbers.ts';
import { line, outcome, put, setup, text } from '../fixture.ts';

const scratch = fs.mkdtempSync(`${fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir()}/shimfs-content-`);
let sessions = 0;

function shared() {
  const directory = `${scratch}/${sessions++}`;
  const made = setup({ backstore: { kind: 'shared', directory } });
  const objects = () => fs.readdirSync(`${directory}/o`);
  const object = (oid: number) => `${directory}/o/${oid}`;
  return { ...made, objects, object };
}

/** Opens as a process does, and registers it as a holder: returns the object. */
function openAs(
  core: ReturnType<typeof setup>['core'],
  view: FsView,
  path: string,
  pid: number,
  flags = C.O_RDWR,
) {
  const { attr } = view.open({ path }, flags);
  core.opened(attr.oid, connection(pid));
  return attr;
}

const Content = suite('content');
Content.after(() => fs.rmSync(scratch, { recursive: true, force: true }));

Content('a native open promotes: the bytes move, both sides see them', () => {
  const { core, view, object } = shared();
  put(view, '/f', 'from memory');
  const { oid, size, ino } = openAs(core, view, '/f', 5);
  assert.is(size, 11);
  assert.is(fs.readFileSync(object(oid), 'utf8'), 'from memory');
  assert.is(fs.statSync(object(oid)).mode & 0o777, 0o700);
  fs.appendFileSync(object(oid), ', and native');
  assert.is(text(view, '/f'), 'from memory, and native');
  assert.is(view.stat({ path: '/f' }).size, 23);
  view.write(ino, Buffer.from('FROM'), 0, 4, 0);
  assert.is(fs.readFileSync(object(oid), 'utf8'), 'FROM memory, and native');
});

Content('the same object for every open, and after a rename', () => {
  const { core, view } = shared();
  const first = openAs(core, view, '/f', 5, C.O_CREAT | C.O_RDWR);
  view.rename({ path: '/f' }, { path: '/g' });
  assert.is(openAs(core, view, '/g', 6).oid, first.oid);
});

Content('types without bytes, and O_PATH, are not promoted', () => {
  const { view, objects } = shared();
  put(view, '/f', 'x');
  view.mkdir({ path: '/d' });
  view.mknod({ path: '/p' }, C.S_IFIFO | 0o600);
  assert.is(view.open({ path: '/f' }, C.O_PATH).attr.oid, 0);
  assert.is(view.open({ path: '/d' }, C.O_DIRECTORY).attr.oid, 0);
  assert.is(view.open({ path: '/p' }, C.O_PATH).attr.oid, 0);
  // Only a path: the process that opens it creates the file there.
  assert.ok(view.open({ path: '/p' }, C.O_RDWR).attr.oid > 0);
  assert.equal(objects(), []);
});

Content('with a memory backstore nothing is promoted', () => {
  const { view } = setup();
  const { attr, created } = view.open({ path: '/f' }, C.O_CREAT | C.O_RDWR);
  assert.ok(created);
  assert.equal([attr.oid, attr.slot], [0, 0xffffffff]);
});

Content('native writes are reported once, with their effect', () => {
  const { core, view, events, object } = shared();
  const { oid } = openAs(core, view, '/f', 5, C.O_CREAT | C.O_RDWR);
  events.length = 0;
  assert.not(core.touched(oid, 5));
  fs.writeFileSync(object(oid), 'eight...');
  assert.ok(core.touched(oid, 5));
  assert.not(core.touched(oid, 5));
  fs.truncateSync(object(oid), 2);
  core.touched(oid, 5);
  core.touched(oid, 5, { force: true });
  view.unlink({ path: '/f' });
  fs.appendFileSync(object(oid), 'x');
  core.touched(oid, 6);
  assert.equal(events.map(line), [
    'Modified /f (Extended Native)',
    'Modified /f (Truncated Native)',
    'Modified /f (Native)',
    'Removed /f',
    'Modified /f (Extended Orphan Native)',
  ]);
  assert.equal(
    events.map(({ pid }) => pid),
    [5, 5, 5, 1, 6],
  );
});

Content("the core's own writes to an object are not told twice", () => {
  const { core, view, events } = shared();
  const { oid, ino } = openAs(core, view, '/f', 5, C.O_CREAT | C.O_RDWR);
  view.write(ino, Buffer.from('abc'), 0, 3, 0);
  view.truncate({ path: '/f' }, 1);
  view.utimens({ path: '/f' }, { sec: 1, nsec: 5 }, { sec: 2, nsec: 7 });
  events.length = 0;
  assert.not(core.touched(oid, 5));
  assert.equal(events, []);
});

Content('times are kept to the nanosecond, and set on the object to the microsecond', () => {
  const { core, view, object } = shared();
  const { oid } = openAs(core, view, '/f', 5, C.O_CREAT | C.O_RDWR);
  view.utimens(
    { path: '/f' },
    { sec: 1_600_000_000, nsec: 123_456_789 },
    { sec: 1_600_000_001, nsec: 987_654_321 },
  );
  const { atime, mtime } = view.stat({ path: '/f' });
  assert.equal(
    [atime, mtime],
    [
      { sec: 1_600_000_000, nsec: 123_456_789 },
      { sec: 1_600_000_001, nsec: 987_654_321 },
    ],
  );
  assert.ok(Math.abs(fs.statSync(object(oid)).mtimeMs - 1_600_000_001_987.654) < 0.01);
});

Content('an unlinked object lives until its last holder lets go', () => {
  const { core, view, objects } = shared();
  const { oid, ino } = openAs(core, view, '/f', 5, C.O_CREAT | C.O_RDWR);
  core.opened(oid, connection(5));
  core.opened(oid, connection(6));
  view.unlink({ path: '/f' });
  assert.is(view.stat({ dir: ino, path: '' }).nlink, 0);
  core.closed(oid, connection(5));
  assert.equal(objects(), [String(oid)]);
  core.released(connection(6));
  assert.equal(objects(), []);
  assert.is(
    outcome(() => view.stat({ dir: ino, path: '' })),
    'ENOENT',
  );
});

Content('an unlinked object without holders is freed at once, an object with a name stays', () => {
  const { core, view, objects } = shared();
  const { oid } = openAs(core, view, '/f', 5, C.O_CREAT | C.O_RDWR);
  core.closed(oid, connection(5));
  assert.equal(objects(), [String(oid)]);
  view.rename({ path: '/f' }, { path: '/g' });
  put(view, '/h', 'over it');
  view.rename({ path: '/h' }, { path: '/g' });
  assert.equal(objects(), []);
});

Content('reading here does not hide a native write from stat', () => {
  const { core, view, object } = shared();
  const { oid, mtime } = openAs(core, view, '/f', 5, C.O_CREAT | C.O_RDWR);
  fs.writeFileSync(object(oid), 'x');
  assert.is(text(view, '/f'), 'x');
  assert.not.equal(view.stat({ path: '/f' }).mtime, mtime);
  assert.ok(core.touched(oid, 5));
});

Content('writes of the last holder are visible after it closed', () => {
  const { core, view, object } = shared();
  const { oid } = openAs(core, view, '/f', 5, C.O_CREAT | C.O_RDWR);
  fs.writeFileSync(object(oid), 'last words');
  core.closed(oid, connection(5));
  assert.is(view.stat({ path: '/f' }).size, 10);
});

Content('O_TMPFILE has no name until it is linked', () => {
  const { core, view, events } = shared();
  const { attr } = view.open({ path: '/' }, C.O_TMPFILE | C.O_RDWR, 0o600);
  core.opened(attr.oid, connection(5));
  assert.is(attr.nlink, 0);
  assert.equal(events, []);
  view.link({ dir: attr.ino, path: '' }, { path: '/named' });
  core.closed(attr.oid, connection(5));
  assert.is(view.stat({ path: '/named' }).ino, attr.ino);
});

Content('the quota applies to writes in this process', () => {
  const { core, view } = setup({ maxBytes: 10 });
  const ino = put(view, '/f', '12345678');
  assert.is(
    outcome(() => view.write(ino, Buffer.from('abc'), 0, 3, 'append')),
    'ENOSPC',
  );
  assert.is(
    outcome(() => view.truncate({ path: '/f' }, 11)),
    'ENOSPC',
  );
  assert.is(text(view, '/f'), '12345678');
  view.unlink({ path: '/f' });
  assert.is(core.content.used, 0);
  put(view, '/g', '1234567890');
  assert.is(view.statfs({ path: '/' }).free, 0);
});

Content('a file that grows large becomes a sparse object by itself', () => {
  const { view, objects } = shared();
  put(view, '/f', 'x');
  view.truncate({ path: '/f' }, 1 << 30);
  assert.is(objects().length, 1);
  const { size, blocks } = view.stat({ path: '/f' });
  assert.is(size, 1 << 30);
  assert.ok(blocks < 100);
});

Content('more objects than descriptors are kept open', () => {
  const { view } = shared();
  const inos = Array.from({ length: 600 }, (_, i) => {
    const { attr } = view.open({ path: `/f${i}` }, C.O_CREAT | C.O_RDWR);
    view.write(attr.ino, Buffer.from(`file ${i}`), 0, 6 + String(i).length - 1, 0);
    return attr.ino;
  });
  assert.is(view.readFile(inos[0]).toString(), 'file 0');
  assert.is(view.readFile(inos[599]).toString(), 'file 599');
});

Content("the system's errors are told as the core's, and nothing is half done", () => {
  const { core, view } = shared();
  const directory = `${scratch}/${sessions - 1}/o`;
  put(view, '/f', 'kept');
  fs.rmdirSync(directory);
  assert.is(
    outcome(() => view.open({ path: '/f' }, C.O_RDWR)),
    'ENOENT',
  );
  assert.is(text(view, '/f'), 'kept');
  fs.mkdirSync(directory);
  assert.is(openAs(core, view, '/f', 5).size, 4);
});

Content('slots are given again, and run out', () => {
  const slots = new Slots(2);
  assert.equal([slots.take(), slots.take(), slots.take()], [0, 1, 0xffffffff]);
  slots.give(0);
  slots.give(0xffffffff);
  assert.equal([slots.take(), slots.take()], [0, 0xffffffff]);
});

Content('memfs reads the contents of a layer', () => {
  const { core, view } = setup();
  view.mkdir({ path: '/d' });
  put(view, '/d/f', 'shared bytes');
  view.symlink('d/f', { path: '/s' });
  const volume = core.branches.get('main').upper.volume(1);
  assert.is(volume.readFileSync('/s', 'utf8'), 'shared bytes');
  assert.equal(volume.readdirSync('/'), ['d', 's']);
  assert.is(volume.statSync('/d/f').size, 12);
});

Content.run();
