/** openat2 with its RESOLVE_ flags: the kernel on tmpfs is the oracle. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bare, TestSession } from '../support/session.ts';

const script = fileURLToPath(new URL('programs/openat2.py', import.meta.url));
const real = mkdtempSync('/dev/shm/shimfs-openat2-');
const over = `${real}/over`;
mkdirSync(over);
const session = await TestSession.open({ mounts: ['/v'], overlays: [over] });
const openat2 = suite('openat2');
openat2.after(async () => {
  await session.close();
  rmSync(real, { recursive: true, force: true });
});

const wanted = (await bare('python3', [script, `${real}/native`])).stdout;
if (wanted.includes(' ENOSYS')) console.log('skipped: this kernel has no openat2');
else {
  for (const [where, top] of [
    ['in a mount', '/v/tree'],
    ['in an overlay', `${over}/tree`],
  ] as const)
    openat2(where, async () => {
      const got = await session.run('python3', [script, top]);
      assert.is(got.status, 0, got.stderr);
      const lines = (text: string): string[] =>
        text
          .split('\n')
          .map((line) => line.replaceAll(/\/\S*\/(native|tree)/g, 'TOP').replaceAll('/v/tree', 'TOP'));
      assert.equal(lines(got.stdout), lines(wanted));
      assert.equal(readdirSync(over), [], 'the real directory is as it was');
    });
}
openat2.run();
