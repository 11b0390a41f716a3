/** `import { run, FsCore } from 'shimfs'`: the library as its users have it. */
import type { Readable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import '../../support/session.ts'; // a run directory of its own

const { attach, ControlClient, FsCore, hostSession, run, UserError } = await import(
  '../../../injector/index.ts'
);
const test = suite('library');

async function textOf(stream: Readable | null): Promise<string> {
  let text = '';
  for await (const chunk of stream!) text += chunk;
  return text;
}

test('prepare, run, and read the program’s files', async () => {
  const { child, core, done, close } = await run({
    mounts: ['/v'],
    command: 'sh',
    args: ['-c', 'cat /v/in; echo out > /v/out'],
    stdio: 'pipe',
    keep: true,
    prepare: (core) => core.fs.writeFileSync('/v/in', 'in\n'),
  });
  const text = await textOf(child.stdout);
  assert.is(await done, 0);
  assert.is(text, 'in\n');
  assert.ok(core instanceof FsCore);
  assert.is(core!.fs.readFileSync('/v/out', 'utf8'), 'out\n');
  await close();
  await close();
});

test('two at once, each in a session of its own', async () => {
  const both = await Promise.all(
    ['one', 'two'].map((word) =>
      run({ mounts: ['/v'], command: 'sh', args: ['-c', `echo ${word} > /v/a; cat /v/*`], stdio: 'pipe' }),
    ),
  );
  assert.equal(await Promise.all(both.map(({ child }) => textOf(child.stdout))), ['one\n', 'two\n']);
  assert.equal(await Promise.all(both.map(({ done }) => done)), [0, 0]);
});

test('a hosted session is entered by its name, until it is closed', async () => {
  const session = await hostSession('library', { mounts: ['/v'] });
  try {
    session.core.fs.writeFileSync('/v/in', 'in\n');
    const { done } = await run({ session: session.name, command: 'cp', args: ['/v/in', '/v/out'] });
    assert.is(await done, 0);
    assert.is(session.core.fs.readFileSync('/v/out', 'utf8'), 'in\n');
    const client = await ControlClient.connect('library');
    const { mounts } = await client.call('session.describe', {});
    client.close();
    assert.equal(mounts, session.mounts);
  } finally {
    await session[Symbol.asyncDispose]();
  }
  await ControlClient.connect('library').then(
    () => assert.unreachable(),
    (error) => assert.is(error.code, 'ENOENT'),
  );
});

test('a subscriber receives the program’s events', async () => {
  const paths: string[] = [];
  const { done, pid } = await run({
    mounts: ['/v'],
    command: 'sh',
    args: ['-c', 'mkdir /v/d && exit 3'],
    prepare: (core) => void core.subscribe((event) => void paths.push(`${event.path} ${event.pid > 0}`)),
  });
  assert.ok(pid > 0);
  assert.is(await done, 3);
  assert.equal(paths, ['/v/d true']);
});

test('failures come before anything is started', async () => {
  const refused = async (
    options: Parameters<typeof run>[0],
    message: RegExp,
    status: number,
  ): Promise<void> => {
    try {
      await run(options);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, UserError);
      assert.match((error as Error).message, message);
      assert.is((error as InstanceType<typeof UserError>).status, status);
    }
  };
  await refused({ command: 'true' }, /neither mount nor overlay/, 2);
  await refused({ mounts: ['v'], command: 'true' }, /relative/, 2);
  await refused({ mounts: ['/v'], command: 'no-such-command' }, /not found/, 127);
  await refused({ mounts: ['/v'], command: '/etc/passwd' }, /not executable/, 126);
  await refused({ session: 'nobody', command: 'true' }, /no session 'nobody'/, 1);
  await refused(
    { session: 'nobody', mounts: ['/v'], command: 'true' },
    /the host of session 'nobody' decides it/,
    2,
  );
});

test('attach refuses a number that is not a process id', async () => {
  for (const pid of [0, -1, 1.5, Number.NaN]) {
    try {
      await attach({ pid, mounts: ['/v'] });
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, /not a process id/);
    }
  }
});

test.run();
