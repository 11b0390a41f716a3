/** Every way to reach a file leads to the same file: bare on tmpfs and covered on a mount, the output is equal. */
import { mkdtempSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bare, compiled, TestSession } from '../support/session.ts';

const source = (name: string): string => fileURLToPath(new URL(`programs/${name}.c`, import.meta.url));
const program = compiled(source('entries'), [
  '-O2',
  '-U_FORTIFY_SOURCE',
  '-D_FORTIFY_SOURCE=2',
  '-Wno-unused-result',
]);
const plugin = compiled(source('plugin'), ['-shared', '-fPIC']);
const real = mkdtempSync('/dev/shm/shimfs-entries-');
const session = await TestSession.open();

const entries = suite('entries');
entries.after(async () => {
  await session.close();
  rmSync(real, { recursive: true, force: true });
});

const wanted = await bare(program, [real, plugin]);
const got = await session.run(program, ['/v', plugin]);

entries('both runs go to their end', () => {
  assert.is(wanted.status, 0, wanted.stderr);
  assert.is(got.status, 0, got.stderr);
});

entries('each step says the same', () => {
  const ours = got.stdout.split('\n');
  const kernels = wanted.stdout.replaceAll(real, '/v').split('\n');
  const different = kernels.flatMap((line, i) =>
    line === ours[i] ? [] : [`kernel: ${line}`, `shimfs: ${ours[i]}`],
  );
  assert.is(different.join('\n'), '', different.join('\n'));
  assert.is(ours.length, kernels.length);
});

entries('no path of an object or a placeholder shows', () => {
  assert.not.match(got.stdout + got.stderr, session.host.session.objects);
});

entries.run();
