/** fork, vfork, exec, threads, mass closes and small limits: each on tmpfs without us, to prove the test, and on a mount. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bare, compiled, TestSession } from '../support/session.ts';

const program = compiled(fileURLToPath(new URL('programs/processes.c', import.meta.url)), [
  '-Wno-unused-result',
]);
const real = mkdtempSync('/dev/shm/shimfs-processes-');
const session = await TestSession.open();

const processes = suite('processes');
processes.after(async () => {
  await session.close();
  rmSync(real, { recursive: true, force: true });
});

const table: [name: string, args: string[]][] = [
  ['fork, with and without libc, while four threads hammer', ['fork']],
  ["a vfork child's dup2, close and chdir are its own", ['vfork']],
  ['a daemon', ['daemon']],
  ['descriptors and working directory after exec', ['inherit']],
  ['every descriptor closed, three ways', ['closeall']],
  ['every number taken by dup2', ['numbers']],
  ['16 descriptors', ['few', '16']],
  ['64 descriptors', ['few', '64']],
  ['8 threads', ['threads']],
  ['umask and setsid', ['masks']],
];
for (const [name, [command, ...args]] of table)
  processes(name, async () => {
    mkdirSync(`${real}/${command}${args}`);
    session.core.fs.mkdirSync(`/v/${command}${args}`);
    const wanted = await bare(program, [command!, `${real}/${command}${args}`, ...args]);
    assert.is(wanted.stdout, 'ok\n', wanted.stderr);
    const got = await session.run(program, [command!, `/v/${command}${args}`, ...args]);
    assert.is(got.stdout, 'ok\n', `status ${got.status} ${got.stderr}`);
    assert.is(got.stderr, '');
    assert.is(got.status, 0);
  });

processes.run();
