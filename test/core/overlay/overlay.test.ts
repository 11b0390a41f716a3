/** A branch over a real directory: visibility, copy-up, and changes of the real directory by others. */
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FsCore, type FsCoreConfig } from '../../../core/index.ts';
import { line, names } from '../fixture.ts';
import { directory, fingerprint, type Plan, plant, planted, tree } from './trees.ts';

const ROOT = { pid: 1, uid: 0, gid: 0, umask: 0o022 };

function setup(plan: Plan, config: FsCoreConfig = {}) {
  const root = planted(plan);
  const core = new FsCore({ overlays: [root], ...config });
  const told: string[] = [];
  core.subscribe((event) => told.push(line(event).replaceAll(root, '')));
  return {
    root,
    core,
    told,
    view: core.view('main', ROOT),
    fs: core.fs,
    at: (name: string) => `${root}/${name}`,
  };
}

const changes = (core: FsCore, root: string): string[] =>
  core
    .overlayChanges('main')
    .map(
      ({ kind, path, conflict }) =>
        `${kind} ${path.slice(root.length + 1)}${conflict ? ` (${conflict})` : ''}`,
    );

const overlay = suite('overlay');

overlay('shows the real files, with times to the nanosecond', () => {
  const { root, fs, at } = setup({ a: 'x', 'd/l': { to: '../a' }, 'd/same': { same: 'a' }, 'e/': '' });
  assert.equal(tree(root, fs as never), tree(root));
  utimesSync(at('a'), 1, 1_600_000_000.123456);
  const real = statSync(at('a'), { bigint: true });
  const seen = fs.statSync(at('a'), { bigint: true } as never) as unknown as typeof real;
  for (const name of ['mtimeNs', 'ctimeNs', 'atimeNs', 'size', 'mode', 'nlink', 'uid'] as const)
    assert.is(seen[name], real[name], name);
  assert.is(fs.statSync(at('a')).ino, fs.statSync(at('d/same')).ino);
  assert.is(fs.readFileSync(at('d/l'), 'utf8'), 'x');
});

overlay('a listing keeps its cookies while others add and remove', () => {
  const { root, view, at } = setup({ a: '', b: '', c: '', d: '' });
  const page = view.readdir({ path: root }, 0, 4);
  writeFileSync(at('new'), '');
  unlinkSync(at('a'));
  const rest = view.readdir({ path: root }, page.at(-1)!.cookie);
  const all = [...page, ...rest].map(({ name }) => name).filter((name) => !name.startsWith('.'));
  assert.equal(all.sort(), ['a', 'b', 'c', 'd', 'new']);
  assert.equal(names(view, root), ['b', 'c', 'd', 'new']);
});

overlay('changes of the real directory are visible at once', () => {
  const { root, fs, view, at } = setup({ a: 'old', 'd/x': '1' });
  const { ino } = fs.statSync(at('a'));
  appendFileSync(at('a'), ' and new');
  assert.is(fs.readFileSync(at('a'), 'utf8'), 'old and new');
  assert.is(fs.statSync(at('a')).size, 11);
  renameSync(at('a'), at('b'));
  assert.is(fs.statSync(at('b')).ino, ino);
  assert.is(fs.existsSync(at('a')), false);
  writeFileSync(at('a'), 'another');
  assert.is.not(fs.statSync(at('a')).ino, ino);
  const before = fs.statSync(at('d')).ino;
  renameSync(at('d'), at('e'));
  assert.is(fs.statSync(at('e')).ino, before);
  assert.is(fs.readFileSync(at('e/x'), 'utf8'), '1');
  assert.equal(names(view, root), ['a', 'b', 'e']);
  rmSync(at('e'), { recursive: true });
  assert.equal(names(view, root), ['a', 'b']);
});

for (const [what, act] of [
  ['a write', (fs, at) => fs.appendFileSync(at('d/a'), '!')],
  ['chmod', (fs, at) => fs.chmodSync(at('d/a'), 0o600)],
  ['utimes', (fs, at) => fs.utimesSync(at('d/a'), 1, 2)],
  ['truncate', (fs, at) => fs.truncateSync(at('d/a'), 1)],
  ['a new name', (fs, at) => fs.linkSync(at('d/a'), at('other'))],
  ['a rename of it', (fs, at) => fs.renameSync(at('d/a'), at('d/b'))],
  ['a rename of its directory', (fs, at) => fs.renameSync(at('d'), at('e'))],
  ['an unlink', (fs, at) => fs.unlinkSync(at('d/a'))],
] as [string, (fs: FsCore['fs'], at: (name: string) => string) => void][]) {
  overlay(`${what} changes nothing real, keeps the inode, and can be discarded`, () => {
    const { root, core, fs, at } = setup({ 'd/a': 'text', 'd/z': '' });
    const before = fingerprint(root);
    const lines = tree(root);
    const { ino } = fs.statSync(at('d/a'));
    act(fs, at);
    assert.is(fingerprint(root), before);
    const places = ['d/a', 'd/b', 'e/a', 'other'].filter((name) => fs.existsSync(at(name)));
    for (const name of places) assert.is(fs.statSync(at(name)).ino, ino, name);
    core.discardBranch('main');
    assert.equal(tree(root, fs as never), lines);
    assert.is(fs.statSync(at('d/a')).ino, ino);
  });
}

overlay('removing a tree copies no bytes', () => {
  const { core, fs, at } = setup({ 'd/e/a': 'x'.repeat(100_000), 'd/b': 'y' });
  fs.rmSync(at('d'), { recursive: true });
  assert.is(core.content.used, 0);
  assert.is(fs.existsSync(at('d')), false);
});

overlay('emits events of its own changes', () => {
  const { fs, told, at } = setup({ 'd/a': 'text' });
  fs.appendFileSync(at('d/a'), '!');
  fs.renameSync(at('d'), at('e'));
  fs.unlinkSync(at('e/a'));
  fs.writeFileSync(at('e/a'), '');
  assert.equal(
    told,
    ['Modified /d/a (Extended)', 'Renamed /d -> /e', 'Removed /e/a', 'Created /e/a'].slice(0, told.length),
  );
  assert.ok(told.length >= 4);
});

overlay('branches and snapshots share it', () => {
  const { core, fs, at } = setup({ a: 'real' });
  core.createBranch('work');
  const work = core.fsFor('work');
  work.writeFileSync(at('a'), 'work');
  assert.is(fs.readFileSync(at('a'), 'utf8'), 'real');
  fs.writeFileSync(at('b'), 'main');
  core.snapshot('main', 'before');
  fs.writeFileSync(at('a'), 'changed');
  fs.unlinkSync(at('b'));
  core.createBranch('then', { snapshot: 'before' });
  assert.is(core.fsFor('then').readFileSync(at('a'), 'utf8'), 'real');
  assert.is(core.fsFor('then').readFileSync(at('b'), 'utf8'), 'main');
  core.hide('work', at('a'));
  assert.is(work.existsSync(at('a')), false);
  assert.is(fs.readFileSync(at('a'), 'utf8'), 'changed');
});

overlay('several directories at once', () => {
  const [one, two] = [planted({ a: '1' }), planted({ a: '2' })];
  const core = new FsCore({ overlays: [one, two], mounts: ['/v'] });
  assert.throws(() => core.fs.renameSync(`${one}/none`, `${two}/b`), /ENOENT/);
  core.fs.renameSync(`${one}/a`, `${two}/b`);
  core.fs.writeFileSync('/v/x', 'v');
  assert.is(core.fs.readFileSync(`${two}/b`, 'utf8'), '1');
  assert.equal(core.commitOverlays('main').failed, []);
  assert.equal([tree(one), tree(two)], [[], ['a 644 "2"', 'b 644 "1"']]);
});

overlay('names that are no UTF-8, long names, line breaks', () => {
  const root = directory();
  const odd = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x66, 0xff, 0xfe])]);
  writeFileSync(odd, 'odd');
  const long = 'n'.repeat(255);
  plant(root, { [long]: 'long', 'line\nbreak': 'line' });
  const core = new FsCore({ overlays: [root] });
  const view = core.view('main', ROOT);
  const name = names(view, root).find((one) => one.startsWith('f'))!;
  const { ino } = view.openLocal({ path: `${root}/${name}` }, 0);
  assert.is(view.readFile(ino).toString(), 'odd');
  view.write(ino, Buffer.from('!'), 0, 1, 'append');
  assert.is(core.fs.readFileSync(`${root}/${long}`, 'utf8'), 'long');
  core.fs.appendFileSync(`${root}/line\nbreak`, '!');
  assert.equal(core.commitOverlays('main').failed, []);
  assert.is(readFileSync(odd, 'utf8'), 'odd!');
  assert.is(readFileSync(`${root}/line\nbreak`, 'utf8'), 'line!');
});

overlay('beyond the quota a copy-up fails, and nothing else does', () => {
  const { core, fs, at } = setup({ a: 'x'.repeat(5000), b: 'small' }, { maxBytes: 4096 });
  assert.throws(() => fs.appendFileSync(at('a'), '!'), /ENOSPC/);
  assert.is(String(fs.readFileSync(at('a'))).length, 5000);
  fs.appendFileSync(at('b'), '!');
  fs.chmodSync(at('a'), 0o600);
  assert.is(core.content.used, 6);
});

for (const [what, path, code] of [
  ['missing', '/nonexistent/overlay', 'ENOENT'],
  ['no directory', '/etc/passwd', 'ENOTDIR'],
] as const)
  overlay(`a directory that is ${what} is refused`, () => {
    assert.throws(() => new FsCore({ overlays: [path] }), new RegExp(code));
  });

// ---- commit ----

overlay('nothing was changed, nothing is listed', () => {
  const { root, core, fs, at } = setup({ 'd/a': 'text' });
  fs.readFileSync(at('d/a'));
  fs.writeFileSync(at('tmp'), '');
  fs.unlinkSync(at('tmp'));
  assert.equal(changes(core, root), []);
  const before = fingerprint(root);
  assert.equal(core.commitOverlays('main').applied, []);
  assert.is(fingerprint(root), before);
});

const CONFLICTS: [
  string,
  (fs: FsCore['fs'], at: (n: string) => string) => void,
  (at: (n: string) => string) => void,
  string[],
][] = [
  [
    'changed by both',
    (fs, at) => fs.writeFileSync(at('a'), 'ours'),
    (at) => appendFileSync(at('a'), 'theirs'),
    ['modified a (changed)'],
  ],
  [
    'created by both',
    (fs, at) => fs.writeFileSync(at('n'), 'ours'),
    (at) => writeFileSync(at('n'), 'theirs'),
    ['modified n (created)'],
  ],
  [
    'removed underneath',
    (fs, at) => fs.writeFileSync(at('a'), 'ours'),
    (at) => unlinkSync(at('a')),
    ['added a (removed)'],
  ],
  [
    'removed here',
    (fs, at) => fs.unlinkSync(at('a')),
    (at) => appendFileSync(at('a'), 'theirs'),
    ['deleted a (changed)'],
  ],
  [
    'replaced atomically',
    (fs, at) => {
      fs.writeFileSync(at('t'), 'ours');
      fs.renameSync(at('t'), at('a'));
    },
    (at) => appendFileSync(at('a'), 'theirs'),
    ['modified a (changed)'],
  ],
];
for (const [what, ours, theirs, expected] of CONFLICTS)
  overlay(`a conflict: ${what}`, () => {
    const { root, core, fs, at } = setup({ a: 'text', 'd/b': '' });
    ours(fs, at);
    fs.writeFileSync(at('free'), 'no conflict');
    assert.ok(!changes(core, root).some((one) => one.includes('(')));
    theirs(at);
    assert.equal(
      changes(core, root).filter((one) => one.includes('(')),
      expected,
    );
    const before = fingerprint(root);
    const refused = core.commitOverlays('main');
    assert.is(refused.conflicts.length, 1);
    assert.is(fingerprint(root), before, 'a refused commit applies nothing');
    const seen = tree(root, fs as never);
    assert.equal(core.commitOverlays('main', { force: true }).failed, []);
    assert.equal(tree(root), seen);
    assert.equal(changes(core, root), []);
  });

overlay('the same change on both sides: no conflict, nothing to do', () => {
  const { root, core, fs, at } = setup({ a: 'text' });
  fs.writeFileSync(at('a'), 'same');
  writeFileSync(at('a'), 'same');
  utimesSync(at('a'), 5, 5);
  fs.utimesSync(at('a'), 5, 5);
  assert.equal(changes(core, root), []);
});

overlay('modes, times and links are kept', () => {
  const { root, core, fs, at } = setup({ a: 'text' });
  fs.writeFileSync(at('run'), '#!/bin/sh\n', { mode: 0o750 });
  fs.utimesSync(at('run'), 1000, 2000.5);
  fs.symlinkSync('run', at('link'));
  fs.mkdirSync(at('d'), { mode: 0o711 });
  fs.linkSync(at('run'), at('d/same'));
  assert.equal(core.commitOverlays('main').failed, []);
  const stat = statSync(at('run'));
  assert.equal([stat.mode & 0o777, stat.mtimeMs, stat.nlink], [0o750, 2_000_500, 2]);
  assert.equal(tree(root, fs as never), tree(root));
});

overlay('files that changed places', () => {
  const { core, fs, at } = setup({ a: 'A', b: 'B' });
  fs.renameSync(at('a'), at('t'));
  fs.renameSync(at('b'), at('a'));
  fs.renameSync(at('t'), at('b'));
  assert.equal(core.commitOverlays('main').failed, []);
  assert.equal([readFileSync(at('a'), 'utf8'), readFileSync(at('b'), 'utf8')], ['B', 'A']);
});

overlay('a change that fails is reported and stays; a second commit applies it', () => {
  const { root, core, fs, at } = setup({ 'd/a': 'text', b: 'text' });
  fs.unlinkSync(at('d/a'));
  fs.rmdirSync(at('d'));
  fs.writeFileSync(at('b'), 'ours');
  // The kernel's timestamp clock ticks slower than this test runs.
  for (const start = Date.now(); Date.now() - start < 12; );
  writeFileSync(at('d/theirs'), 'came later');
  const first = core.commitOverlays('main', { force: false });
  // A file created in a directory that was removed here is a conflict.
  assert.equal(
    first.conflicts.map(({ path }) => path.slice(root.length)),
    ['/d/theirs'],
  );
  assert.is(readFileSync(at('d/theirs'), 'utf8'), 'came later');
  renameSync(at('d/theirs'), at('theirs'));
  assert.equal(core.commitOverlays('main').failed, []);
  assert.is(existsSync(at('d')), false);
  assert.is(readFileSync(at('b'), 'utf8'), 'ours');
  assert.is(fs.readFileSync(at('theirs'), 'utf8'), 'came later');
});

overlay('a directory that vanished: nothing is lost', () => {
  const { root, core, fs, at } = setup({ 'd/a': 'text' });
  fs.appendFileSync(at('d/a'), '!');
  fs.writeFileSync(at('d/new'), 'new');
  rmSync(at('d'), { recursive: true });
  assert.ok(core.commitOverlays('main').conflicts.length > 0);
  assert.is(fs.readFileSync(at('d/a'), 'utf8'), 'text!');
  assert.equal(core.commitOverlays('main', { force: true }).failed, []);
  assert.equal(tree(root), ['d 755 directory', 'd/a 644 "text!"', 'd/new 644 "new"']);
});

overlay('a change of the real file after a commit is visible', () => {
  const { core, fs, at } = setup({ a: 'text' });
  const { ino } = fs.statSync(at('a'));
  fs.writeFileSync(at('a'), 'ours');
  core.commitOverlays('main');
  assert.is(fs.statSync(at('a')).ino, ino);
  appendFileSync(at('a'), ' and theirs');
  assert.is(fs.readFileSync(at('a'), 'utf8'), 'ours and theirs');
  unlinkSync(at('a'));
  mkdirSync(at('a'));
  assert.ok(fs.statSync(at('a')).isDirectory());
});

if (process.getuid?.() !== 0) {
  overlay('no permission half-way', () => {
    const { core, fs, at } = setup({ 'locked/a': 'text', 'open/a': 'text' });
    fs.writeFileSync(at('locked/a'), 'ours');
    fs.writeFileSync(at('open/a'), 'ours');
    chmodSync(at('locked'), 0o555);
    const { applied, failed } = core.commitOverlays('main');
    assert.equal([applied.length, failed.map(({ reason }) => reason)], [1, ['permission denied']]);
    chmodSync(at('locked'), 0o755);
    assert.equal(core.commitOverlays('main').failed, []);
    assert.is(readFileSync(at('locked/a'), 'utf8'), 'ours');
  });
} else console.log('no permission half-way: not as root, who may everything');

overlay('a symbolic link underneath does not lead a commit astray', () => {
  const outside = planted({ a: 'outside' });
  const { core, fs, at } = setup({ 'd/a': 'text' });
  fs.writeFileSync(at('d/a'), 'ours');
  rmSync(at('d'), { recursive: true });
  symlinkSync(outside, at('d'));
  const { conflicts } = core.commitOverlays('main');
  assert.ok(conflicts.length > 0);
  core.commitOverlays('main', { force: true });
  assert.is(readFileSync(`${outside}/a`, 'utf8'), 'outside');
});

overlay.run();
