/** The end of a host, orderly or by a kill, as its programs and followers see it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Command, ended, lines, stop } from '../cli/command.ts';

const test = suite('end of a host');
const shimfs = await Command.prepare();

for (const signal of ['SIGTERM', 'SIGKILL'] as const)
  test(`${signal}: EIO for its programs, and the name is free`, async () => {
    const name = `end-${signal.toLowerCase()}`;
    const host = await shimfs.host(name);
    await shimfs.run(['fs', 'write', '/v/a', '--session', name], 'old\n');
    const child = shimfs.start([
      'run',
      '--session',
      name,
      '--',
      'bash',
      '-c',
      'echo ready; while read -r word; do { read -r line < /v/a && echo "$line"; } 2>&1; echo "$word"; done',
    ]);
    const end = ended(child);
    const next = lines(child);
    assert.is(await next(), 'ready');
    child.stdin!.write('first\n');
    assert.is(await next(), 'old');
    assert.is(await next(), 'first');

    const follower = shimfs.start(['events', '--session', name, '--since', '0', '--follow']);
    const followed = ended(follower);
    await lines(follower)();
    await stop(host, signal);
    assert.is((await followed).status, 0);

    // A new host of the same name starts with an empty tree.
    const heir = await shimfs.host(name);
    assert.is((await shimfs.run(['fs', 'ls', '/v', '--session', name])).text, '');
    child.stdin!.write('second\n');
    assert.match((await next())!, /\/v\/a: Input\/output error/);
    assert.is(await next(), 'second');
    child.stdin!.end();
    assert.is((await end).status, 0);
    await stop(heir);
    assert.is((await shimfs.run(['fs', 'ls', '--session', name])).status, 1);
  });

test('a second host of a name is refused, and the first goes on', async () => {
  const host = await shimfs.host('twice');
  const { status, stderr, text } = await shimfs.run(['host', '--session', 'twice', '--mount', '/v']);
  assert.is(status, 1);
  assert.is(text, '');
  assert.match(stderr, new RegExp(`served already by process ${host.pid}\\n {2}\\S`));
  assert.is((await shimfs.run(['fs', 'ls', '--session', 'twice'])).text, '/v\n');
  assert.is((await stop(host, 'SIGINT')).status, 0);
});

test('only the lock is left in the run directory', async () => {
  const host = await shimfs.host('tidy');
  await stop(host);
  const left = readdirSync(join(shimfs.scratch, 'shimfs')).filter((file) => file.startsWith('tidy'));
  assert.equal(left, ['tidy.lock']);
});

test('a host that cannot start reports the cause and leaves nothing behind', async () => {
  for (const [args, expected, cause] of [
    [['--mount', 'relative'], 2, /it is relative/],
    [['--import', '/nowhere:/v'], 1, /\/nowhere does not exist/],
    [['--mount', '/v', '--import', `${process.execPath}:/v/x`], 1, /is not a directory/],
  ] as const) {
    const { status, stderr } = await shimfs.run(['host', '--session', 'unborn', ...args]);
    assert.is(status, expected, stderr);
    assert.match(stderr, cause);
  }
  const host = await shimfs.host('unborn');
  await stop(host);
});

test.run();
