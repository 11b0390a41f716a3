/**
 * The NOTE_* bits of each change, through the whole path: core, host, agent, kevent. Each row runs with the change made by
 * the core, by the watching process, by another process, and on another branch, where no watcher may get an event; the
 * stand-in on a real directory must give the same bits.
 */
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  NOTE_ATTRIB,
  NOTE_DELETE,
  NOTE_EXTEND,
  NOTE_LINK,
  NOTE_RENAME,
  NOTE_WRITE,
} from '../../agent/kqueue/constants.ts';
import type { FsView } from '../../core/fs-view.ts';
import { noteNames } from '../fixtures/darwin/kevent-names.ts';
import { removeTree } from '../support/self.ts';
import type { TestSession } from '../support/session.ts';
import { DESCRIPTOR_ROWS, ROWS, type Row, WATCHED } from './rows.ts';
import { freshTree, openBridge, play, ScriptedProgram, startBare, startProgram, viewOf } from './support.ts';

const session: TestSession = await openBridge();
session.core.createBranch('aside', { parent: 'main' });
const watcher = startProgram(session);
const other = startProgram(session);
const aside = startProgram(session, { branch: 'aside' });
const bare = startBare();

const named = (
  bits: ReadonlyMap<string, number> | Readonly<Record<string, number>>,
): Record<string, string> =>
  Object.fromEntries(
    (bits instanceof Map ? [...bits] : Object.entries(bits))
      .map(([name, value]) => [name, noteNames(value)])
      .sort(),
  );

type Actor = ScriptedProgram | FsView;
const MODES = ['evtonly', 'rdonly'];
let played = 0;

/** @returns the bits of each watcher of the row */
async function hear(
  row: Row,
  listener: ScriptedProgram,
  actor: Actor,
  directory: string,
): Promise<Map<string, number>> {
  const mode = MODES[played++ % MODES.length]!;
  const watched = { ...WATCHED, ...row.also };
  const by = { actor };
  const D = { D: directory };
  await play((row.before ?? []).join('\n'), by, D);
  await play('kqueue k', { listener });
  for (const [name, path] of Object.entries(watched))
    await listener.watch('k', name, directory + path, { mode });
  try {
    assert.equal(named(await listener.heard('k')), {}, 'an event before any change');
    await play(row.change.join('\n'), by, D);
    // The other process is asked last: its reports to the host precede this answer.
    if (actor instanceof ScriptedProgram && actor !== listener) await actor.send('chmod /v/barrier 0644');
    return await listener.heard('k');
  } finally {
    for (const name of ['k', ...Object.keys(watched)]) await listener.send(`close ${name}`);
    if (row.before?.some((line) => / w /.test(line)) && actor instanceof ScriptedProgram)
      await actor.send('close w');
  }
}

function table(name: string, rows: readonly Row[], body: (row: Row) => Promise<void>): void {
  const cases = suite(name);
  for (const row of rows) cases(row.name, () => body(row));
  cases.run();
}

const check = async (row: Row, actor: Actor, expected: Row['hears'] = row.hears): Promise<void> =>
  assert.equal(named(await hear(row, watcher, actor, freshTree(session))), named(expected));

table('changed by the core', ROWS, (row) => check(row, viewOf(session)));
table('changed by the watching process', [...ROWS, ...DESCRIPTOR_ROWS], (row) => check(row, watcher));
table('changed by another process', [...ROWS, ...DESCRIPTOR_ROWS], (row) => check(row, other));
table('changed on another branch: no events', [...ROWS, ...DESCRIPTOR_ROWS], async (row) => {
  // The tree before the change must be visible to the watchers, which are all on the main branch.
  const directory = freshTree(session);
  const tree = row.before?.filter((line) => !/ w /.test(line)) ?? [];
  await play(tree.join('\n'), { host: viewOf(session) }, { D: directory });
  const opened = row.before?.filter((line) => / w /.test(line)) ?? [];
  assert.equal(named(await hear({ ...row, before: opened }, watcher, aside, directory)), {});
});

/** The same tree on a real file system, in memory if possible. */
function realTree(): string {
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'bridge-'));
  writeFileSync(join(directory, 'f'), 'hello');
  writeFileSync(join(directory, 'g'), '');
  mkdirSync(join(directory, 'd'));
  writeFileSync(join(directory, 'd', 'x'), 'x');
  mkdirSync(join(directory, 'e'));
  return directory;
}

table('the stand-in on a real directory gives the same bits', [...ROWS, ...DESCRIPTOR_ROWS], async (row) => {
  const directory = realTree();
  try {
    assert.equal(named(await hear(row, bare, bare, directory)), named(row.standin?.hears ?? row.hears));
  } finally {
    removeTree(directory);
  }
});

const real = suite('real files inside a session');
real('get their own events and no virtual ones', async () => {
  const directory = realTree();
  const virtual = freshTree(session);
  try {
    await watcher.send('kqueue k');
    await watcher.watch('k', 'f', `${directory}/f`);
    await watcher.watch('k', 'v', `${virtual}/g`);
    await play('append $V/f more\nchmod $V/f 0600\nunlink $V/f', { host: viewOf(session) }, { V: virtual });
    assert.equal(named(await watcher.heard('k')), {});
    writeFileSync(join(directory, 'f'), 'hello, hello');
    await play('append $V/g more', { host: viewOf(session) }, { V: virtual });
    const heard = named(await watcher.heard('k'));
    assert.is(heard.v, 'WRITE|EXTEND');
    assert.ok(heard.f !== undefined, 'the real file is silent');
    for (const name of ['k', 'f', 'v']) await watcher.send(`close ${name}`);
  } finally {
    removeTree(directory);
  }
});
real.run();

const masks = suite('masks');
for (const [bit, change] of [
  [NOTE_DELETE, 'unlink $D/f'],
  [NOTE_LINK, 'unlink $D/f'],
  [NOTE_WRITE, 'append $D/f more'],
  [NOTE_EXTEND, 'append $D/f more'],
  [NOTE_ATTRIB, 'truncate $D/f 50'],
  [NOTE_EXTEND, 'truncate $D/f 50'],
  [NOTE_RENAME, 'rename $D/f $D/n'],
] as const)
  masks(`${noteNames(bit)} of ${change}`, async () => {
    const D = { D: freshTree(session) };
    await watcher.send('kqueue k');
    await watcher.watch('k', 'f', `${D.D}/f`, { mask: bit });
    await play(change, { host: viewOf(session) }, D);
    assert.equal(named(await watcher.heard('k')), named({ f: bit }));
    await play('close k\nclose f', { watcher });
  });
masks('an empty mask, or unknown bits only', async () => {
  const D = { D: freshTree(session) };
  await watcher.send('kqueue k');
  await watcher.watch('k', 'f', `${D.D}/f`, { mask: 0 });
  await watcher.watch('k', 'g', `${D.D}/g`, { mask: 0x40000000 });
  await play('append $D/f more\nunlink $D/f\nunlink $D/g', { host: viewOf(session) }, D);
  assert.equal(named(await watcher.heard('k')), {});
  await play('close k\nclose f\nclose g', { watcher });
});
masks.run();

const opens = suite('ways to open');
opens('O_SYMLINK watches the link itself', async () => {
  const D = { D: freshTree(session) };
  await play('symlink $D/f $D/s', { host: viewOf(session) }, D);
  await watcher.send('kqueue k');
  await watcher.watch('k', 's', `${D.D}/s`, { mode: 'symlink' });
  await play('append $D/f more\nchmod $D/s 0600', { host: viewOf(session) }, D);
  assert.equal(named(await watcher.heard('k')), {}, 'the target is another file');
  await play('rename $D/s $D/t', { host: viewOf(session) }, D);
  assert.equal(named(await watcher.heard('k')), { s: 'RENAME' });
  await play('unlink $D/t', { host: viewOf(session) }, D);
  assert.equal(named(await watcher.heard('k')), { s: 'DELETE|LINK' });
  await play('close k\nclose s', { watcher });
});
opens('without it the target is watched', async () => {
  const D = { D: freshTree(session) };
  await play('symlink $D/f $D/s', { host: viewOf(session) }, D);
  await watcher.send('kqueue k');
  await watcher.watch('k', 's', `${D.D}/s`);
  await play('rename $D/s $D/t\nunlink $D/t', { host: viewOf(session) }, D);
  assert.equal(named(await watcher.heard('k')), {});
  await play('append $D/f more', { host: viewOf(session) }, D);
  assert.equal(named(await watcher.heard('k')), { s: 'WRITE|EXTEND' });
  await play('close k\nclose s', { watcher });
});
opens('O_EVTONLY can be read, by default', async () => {
  await play(
    'open f $D/f evtonly\nread f 5 => read 5\nwrite f x => EBADF\nclose f',
    { watcher },
    { D: freshTree(session) },
  );
});
opens.run();

const branches = suite('two processes on two branches');
branches('a whiteout hides a file in one branch: only the other gets events', async () => {
  const directory = freshTree(session);
  const D = { D: directory };
  const view = viewOf(session);
  session.core.hide('aside', `${directory}/d/x`);
  for (const listener of [watcher, aside]) {
    await listener.send('kqueue k');
    await listener.watch('k', 'd', `${directory}/d`);
  }
  await watcher.watch('k', 'x', `${directory}/d/x`);
  await play('open x $D/d/x evtonly => ENOENT', { aside }, D);
  await play('append $D/d/x more\nunlink $D/d/x', { host: view }, D);
  assert.equal(named(await watcher.heard('k')), { d: 'WRITE', x: 'DELETE|WRITE|EXTEND|LINK' });
  assert.equal(named(await aside.heard('k')), {}, 'the branch never had the file');
  await play('create $D/d/x', { host: view }, D);
  assert.equal(named(await watcher.heard('k')), { d: 'WRITE' });
  assert.equal(named(await aside.heard('k')), {}, 'its whiteout still hides the name');
  await play('create $D/d/y', { host: view }, D);
  assert.equal(named(await watcher.heard('k')), { d: 'WRITE' });
  assert.equal(named(await aside.heard('k')), { d: 'WRITE' }, 'a visible file is reported');
  for (const listener of [watcher, aside]) await play('close k\nclose d', { listener });
  await play('close x', { watcher });
});
branches('a copy belongs to its branch', async () => {
  const directory = freshTree(session);
  const D = { D: directory };
  for (const listener of [watcher, aside]) {
    await listener.send('kqueue k');
    await listener.watch('k', 'f', `${directory}/f`, { mode: 'rdonly' });
  }
  await play('append $D/f main', { host: viewOf(session) }, D);
  assert.equal(named(await watcher.heard('k')), { f: 'WRITE|EXTEND' });
  assert.equal(named(await aside.heard('k')), { f: 'WRITE|EXTEND' }, 'one file, visible in both branches');
  await play('append $D/f aside', { host: viewOf(session, 'aside') }, D);
  assert.equal(named(await watcher.heard('k')), {}, 'main does not see the copy');
  assert.equal(named(await aside.heard('k')), { f: 'WRITE|EXTEND' }, 'the watch follows the copy-up');
  await play('append $D/f main', { host: viewOf(session) }, D);
  assert.equal(named(await watcher.heard('k')), { f: 'WRITE|EXTEND' });
  assert.equal(named(await aside.heard('k')), {}, 'its copy hides the change');
  for (const listener of [watcher, aside]) await play('close k\nclose f', { listener });
});
branches('a process bound to another branch gets the differences', async () => {
  const directory = freshTree(session);
  const D = { D: directory };
  session.core.createBranch('third');
  await play('unlink $D/f\ncreate $D/d/more', { host: viewOf(session, 'third') }, D);
  await watcher.send('kqueue k');
  for (const [fd, path] of Object.entries({ f: 'f', d: 'd', x: 'd/x' }))
    await watcher.watch('k', fd, `${directory}/${path}`, { mode: fd === 'd' ? 'evtonly' : 'rdonly' });
  assert.equal(named(await watcher.heard('k')), {}, 'nothing yet');
  session.rebind(watcher.pid, 'third');
  assert.equal(named(await watcher.heard('k')), { f: 'DELETE|LINK', d: 'WRITE' });
  await play('append $D/d/x main', { host: viewOf(session) }, D);
  assert.equal(named(await watcher.heard('k')), { x: 'WRITE|EXTEND' }, 'the file below becomes visible');
  session.rebind(watcher.pid, 'main');
  await play('close k\nclose f\nclose d\nclose x', { watcher });
  session.core.deleteBranch('third');
});
branches.after(async () => {
  for (const subject of [watcher, other, aside, bare]) assert.is(await subject.end(), 0);
  await session.close();
});
branches.run();
