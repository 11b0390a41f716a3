/** Bad addresses and failures: the kernel's answers, for real files and virtual ones. */
import { mkdtempSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bare, compiled, TestSession } from '../support/session.ts';

const program = compiled(fileURLToPath(new URL('programs/foreign.c', import.meta.url)), [
  '-w',
  '-U_FORTIFY_SOURCE',
]);
const real = mkdtempSync('/dev/shm/shimfs-foreign-');
const session = await TestSession.open();

const foreign = suite('foreign calls');
foreign.after(async () => {
  await session.close();
  rmSync(real, { recursive: true, force: true });
});

foreign('the same errno, line by line', async () => {
  const wanted = await bare(program, [real, real], { cwd: '/' });
  const got = await session.run(program, ['/v', real], { cwd: '/' });
  const ours = got.stdout.split('\n');
  const different = wanted.stdout
    .split('\n')
    .flatMap((line, i) => (line === ours[i] ? [] : [`${i} kernel: ${line}`, `${i} shimfs: ${ours[i]}`]));
  assert.is(different.slice(0, 40).join('\n'), '', different.slice(0, 40).join('\n'));
  assert.is(wanted.status, 0, wanted.stderr);
  assert.is(got.status, 0, got.stderr);
});

foreign.run();
