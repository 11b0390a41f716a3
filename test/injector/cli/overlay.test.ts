/** Overlays as people use them: run, look, commit or discard. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { directory, fingerprint, plant, planted, tree } from '../../core/overlay/trees.ts';
import { Command, stop } from './command.ts';

const command = await Command.prepare();
const overlay = suite('overlay commands');
overlay.after(() => command.dispose());

const CHANGE = 'echo three >> a; rm d/b; mkdir n; echo new > n/f; chmod 700 run; ln -s a l; mv e e2';
const PLAN = { a: 'one\ntwo\n', 'd/b': 'b\n', 'd/c': 'c\n', run: '#!/bin/sh\n', 'e/x': 'x\n' };

async function hosted(body: (root: string, session: string) => Promise<void>): Promise<void> {
  const root = planted(PLAN);
  const session = `overlay-${process.pid}`;
  const host = await command.host(session, '--overlay', root);
  try {
    await body(root, session);
  } finally {
    const ended = await stop(host);
    assert.is(ended.status, 0, ended.stderr);
  }
}

overlay('run: all of it shows, none of it stays', async () => {
  const root = planted(PLAN);
  const before = fingerprint(root);
  const ran = await command.run([
    'run',
    '--overlay',
    root,
    '--',
    'sh',
    '-c',
    `cd ${root}; ${CHANGE}; cat a e2/x`,
  ]);
  assert.equal([ran.status, ran.text], [0, 'one\ntwo\nthree\nx\n'], ran.stderr);
  assert.is(fingerprint(root), before);
});

overlay('diff, its patch, commit', () =>
  hosted(async (root, session) => {
    const copy = directory();
    cpSync(root, copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    const made = await command.run(['run', '--session', session, '--', 'sh', '-c', `cd ${root}; ${CHANGE}`]);
    assert.is(made.status, 0, made.stderr);
    const diff = await command.run(['branch', 'diff', '--session', session]);
    assert.equal(diff.text.replaceAll(root, '').split('\n').filter(Boolean).sort(), [
      'A /e2/',
      'A /e2/x',
      'A /l',
      'A /n/',
      'A /n/f',
      'D /d/b',
      'D /e/',
      'D /e/x',
      'M /a',
      'P /run',
    ]);
    const json = JSON.parse((await command.run(['branch', 'diff', '--json', '--session', session])).text);
    assert.equal(
      json.find(({ path }: { path: string }) => path === `${root}/a`),
      { kind: 'modified', path: `${root}/a`, type: 'file' },
    );
    const { text: patch } = await command.run(['branch', 'diff', '--patch', '--session', session]);
    assert.match(patch, /^--- a\/a\n\+\+\+ b\/a\n@@ -1,2 \+1,3 @@\n one\n two\n\+three\n/m);
    execFileSync('git', ['apply', '-'], { cwd: copy, input: patch });
    const committed = await command.run(['branch', 'commit', '--session', session]);
    assert.is(committed.status, 0, committed.stderr);
    assert.is(committed.text.split('\n').filter(Boolean).length, 10);
    assert.equal(
      tree(copy),
      tree(root).map((line) => line.replace('run 700', 'run 755')),
    );
    assert.is((await command.run(['branch', 'diff', '--session', session])).text, '');
  }),
);

overlay('a conflict applies nothing, and --force prefers the branch', () =>
  hosted(async (root, session) => {
    await command.run([
      'run',
      '--session',
      session,
      '--',
      'sh',
      '-c',
      `echo ours > ${root}/a; echo n > ${root}/n`,
    ]);
    appendFileSync(join(root, 'a'), 'theirs\n');
    const before = fingerprint(root);
    const refused = await command.run(['branch', 'commit', '--session', session]);
    assert.is(refused.status, 1);
    assert.match(refused.text, /^M .*\/a {2}\(conflict: the real file was changed\)$/m);
    assert.match(refused.stderr, /nothing was applied.*\n.*--force/);
    assert.is(fingerprint(root), before);
    assert.is((await command.run(['branch', 'commit', '--force', '--session', session])).status, 0);
    assert.is(readFileSync(join(root, 'a'), 'utf8'), 'ours\n');
  }),
);

overlay('discard, and a branch of its own', () =>
  hosted(async (root, session) => {
    const run = (branch: string, line: string) =>
      command.run(['run', '--session', session, '--branch', branch, '--', 'sh', '-c', `cd ${root}; ${line}`]);
    await command.run(['branch', 'create', 'work', '--session', session]);
    await run('work', 'rm -r d; echo w > a');
    assert.is((await run('main', 'ls d; cat a')).text, 'b\nc\none\ntwo\n');
    assert.match((await command.run(['branch', 'diff', 'work', '--session', session])).text, /^D .*\/d\/$/m);
    assert.is((await command.run(['branch', 'diff', '--session', session])).text, '');
    assert.is((await command.run(['branch', 'discard', 'work', '--session', session])).status, 0);
    assert.is((await run('work', 'ls d; cat a')).text, 'b\nc\none\ntwo\n');
    await run('main', 'echo m > a');
    assert.is((await command.run(['branch', 'discard', '--session', session])).status, 0);
    assert.is((await run('main', 'cat a')).text, 'one\ntwo\n');
  }),
);

const file = join(directory(), 'file');
writeFileSync(file, '');
const nested = planted({ 'a/b': '' });
for (const [name, args, status, cause] of [
  ['missing', ['--overlay', '/nonexistent'], 1, /does not exist/],
  ['a file', ['--overlay', file], 1, /not a directory/],
  ['the root', ['--overlay', '/'], 2, /the root/],
  ['within another', ['--overlay', nested, '--overlay', join(nested, 'a')], 1, /overlap/],
  ['empty', ['--overlay', ''], 1, /does not exist/],
] as const)
  overlay(`refused: an overlay that is ${name}`, async () => {
    const ran = await command.run(['run', ...args, '--', 'true']);
    assert.is(ran.status, status);
    assert.match(ran.stderr, cause);
  });

if (process.getuid?.() !== 0)
  overlay('refused: an overlay that may not be read', async () => {
    const locked = directory();
    mkdirSync(join(locked, 'd'));
    plant(locked, {});
    chmodSync(join(locked, 'd'), 0);
    const ran = await command.run(['run', '--overlay', join(locked, 'd'), '--', 'true']);
    assert.match(ran.stderr, /may not read/);
  });
else console.log('an overlay that may not be read: not as root, who may read everything');

overlay('a session without an overlay has nothing to commit', async () => {
  const session = `plain-${process.pid}`;
  const host = await command.host(session);
  for (const verb of ['diff', 'commit']) {
    const ran = await command.run(['branch', verb, '--session', session]);
    assert.is(ran.status, 1);
    assert.match(ran.stderr, /no overlay/);
  }
  await stop(host);
});

overlay.run();
