/** Names by way of /proc/self/fd, and descriptors that another process hands over: tmpfs is the oracle. */
import { mkdtempSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bare, TestSession } from '../support/session.ts';

const script = fileURLToPath(new URL('programs/handed.py', import.meta.url));
const real = mkdtempSync('/dev/shm/shimfs-handed-');
const session = await TestSession.open();
const handed = suite('descriptors by other ways');
handed.after(async () => {
  await session.close();
  rmSync(real, { recursive: true, force: true });
});
handed('as on tmpfs', async () => {
  const wanted = await bare('python3', [script, `${real}/t`]);
  assert.is(wanted.status, 0, wanted.stderr);
  const got = await session.run('python3', [script, '/v/t']);
  assert.is(got.stdout, wanted.stdout, got.stderr);
});
handed.run();
