/** Errors of inotify, and its ends: limits, fanotify, readers that die, hosts that end. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { removeTree } from '../support/self.ts';
import { bare, TestSession } from '../support/session.ts';
import { Talker } from './talker.ts';
import { watchscript } from './transcript.ts';

const limits = suite('inotify: limits and ends');
const program = watchscript();
const top = mkdtempSync('/dev/shm/shimfs-watch-');
for (const name of ['tree', 'their', 'ours']) mkdirSync(`${top}/${name}`);
const session = await TestSession.open();
limits.after(async () => {
  await session.close();
  removeTree(top);
});

/** A user namespace has limits of its own, so that no other program runs out of watches. */
const limited = (limit: string, root: string, real: string): string[] => [
  '-Ur',
  'sh',
  '-c',
  `echo ${limit.split('=')[1]} > /proc/sys/user/${limit.split('=')[0]} && exec ${program} ${root} ${real}`,
];
const unshare = (await bare('unshare', [
  '-Ur',
  'sh',
  '-c',
  'echo 5 > /proc/sys/user/max_inotify_watches',
]).catch(() => ({ status: 1, stderr: 'no unshare' }))) as { status: number; stderr: string };

async function equal(limit: string, script: readonly string[], says: RegExp): Promise<void> {
  if (unshare.status !== 0) {
    console.log(`skipped: ${limit}: a user namespace of one's own is needed: ${unshare.stderr.trim()}`);
    return;
  }
  const name = limit.replace(/=.*/, '');
  const input = `${[`begin ${name}`, ...script, 'end'].join('\n')}\n`;
  const wanted = await bare('unshare', limited(limit, `${top}/tree`, `${top}/their`), { input });
  const got = await session.run('unshare', limited(limit, '/v', `${top}/ours`), { input });
  assert.is(got.stdout, wanted.stdout, got.stderr);
  assert.match(got.stdout, says);
}

limits('no more watches: ENOSPC, until a watch is removed', () =>
  equal(
    'max_inotify_watches=4',
    [
      ...['mkdir @/a', 'mkdir @/b', 'mkdir @/c', 'mkdir @/d'],
      ...[
        'watch a @/a CREATE',
        'watch b @/b CREATE',
        'watch c @/c CREATE',
        'watch d @/d CREATE',
        'watch a2 @/a DELETE|MASK_ADD',
      ],
      ...['rm b', 'watch d @/d CREATE', 'creat @/d/f', 'creat @/a/f', 'creat @/b/f', 'drain'],
      ...['rmdir @/c', 'watch b @/b CREATE', 'creat @/b/g', 'drain'],
    ],
    /ENOSPC/,
  ),
);

limits('no more instances: EMFILE', () =>
  equal(
    'max_inotify_instances=2',
    [
      'init i1 NONBLOCK',
      'init i2 NONBLOCK',
      'close-instance i1',
      'init i3 NONBLOCK',
      'watch i3 w @ CREATE',
      'creat @/f',
      'drain i3',
    ],
    /EMFILE/,
  ),
);

limits('a virtual path cannot be marked for fanotify', async () => {
  const talker = new Talker(session.start(program, ['/v', `${top}/ours`]).child);
  await talker.say('begin fanotify', 'put @/f x');
  const [virtual, real] = [await talker.say('fanotify @/f'), await talker.say('put ~/f x', 'fanotify ~/f')];
  if (/^init/.test(virtual[0]!)) console.log(`skipped: fanotify: fanotify_init fails here: ${virtual[0]}`);
  else {
    assert.equal(virtual, ['ENODEV']);
    assert.is(real.at(-1), 'ok');
  }
  await talker.end();
});

limits('a reader killed with queued events does not affect others', async () => {
  const reader = new Talker(session.start(program, ['/v', `${top}/ours`]).child);
  const other = new Talker(session.start(program, ['/v', `${top}/ours`]).child);
  await reader.say('begin killed', 'put @/f x', 'watch w @ ALL_EVENTS', 'watch f @/f ALL_EVENTS');
  await other.say('again killed', 'watch w @ CREATE|DELETE');
  await other.say(...Array.from({ length: 50 }, (_, i) => `creat @/n${i}`), 'append @/f y');
  reader.follower.child.kill('SIGKILL');
  await reader.follower.ended;
  assert.is((await other.heard()).length, 50);
  await other.say('unlink @/f', 'creat @/later');
  assert.equal(await other.heard(), ['w DELETE f', 'w CREATE later']);
  await other.end();
});

limits('when the host ends every watch ends, and a blocked reader wakes up', async () => {
  const short = await TestSession.open();
  const talker = new Talker(short.start(program, ['/v', `${top}/ours`]).child);
  await talker.say('begin end', 'init i1', 'watch i1 w @ DELETE_SELF', 'readers i1 1 4096', 'asleep');
  await short.close();
  const said = await talker.say('join i1');
  assert.ok(
    said.some((line) => /DELETE_SELF|IGNORED/.test(line)),
    said.join('\n'),
  );
  assert.equal(await talker.say('watch i1 v @ CREATE'), ['EIO']);
  await talker.end();
});

limits.run();
