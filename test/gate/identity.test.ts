/** A process that changes its user: the kernel's answers on tmpfs and ours, for the ids of the moment. */
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bare, compiled, TestSession } from '../support/session.ts';

const MODES = ['setuid', 'seteuid', 'groups', 'fork', 'thread', 'exec', 'spawn'];
const identity = suite('change of user');

if (process.getuid?.() !== 0) {
  console.log('skipped: only root can change its user');
} else {
  // The other user must be able to execute it.
  const open = mkdtempSync('/dev/shm/shimfs-identity-');
  chmodSync(open, 0o755);
  const program = join(open, 'identity');
  copyFileSync(
    compiled(fileURLToPath(new URL('programs/identity.c', import.meta.url)), ['-pthread']),
    program,
  );
  chmodSync(program, 0o755);
  const session = await TestSession.open();
  identity.after(async () => {
    await session.close();
    rmSync(open, { recursive: true, force: true });
  });
  for (const mode of MODES)
    identity(mode, async () => {
      const real = mkdtempSync('/dev/shm/shimfs-identity-');
      chmodSync(real, 0o777);
      try {
        const kernel = await bare(program, [real, mode]);
        assert.is(kernel.status, 0, kernel.stderr);
        await session.run('sh', ['-c', `mkdir -m 777 /v/${mode}; chmod 777 /v/${mode}`]);
        const ours = await session.run(program, [`/v/${mode}`, mode]);
        assert.is(ours.stderr, '');
        assert.equal(ours.stdout.split('\n'), kernel.stdout.split('\n'));
        assert.is(ours.status, 0);
      } finally {
        rmSync(real, { recursive: true, force: true });
      }
    });
}
if (process.getuid?.() === 0)
  identity('programs of the system that change the user: setpriv, runuser, su', async () => {
    const session = await TestSession.open();
    try {
      const script = `mkdir -m 777 /v/d; cp /bin/cat /v/d/own; chmod 755 /v/d/own
        setpriv --reuid 65534 --regid 65534 --clear-groups sh -c 'echo one > /v/d/one; env -i cat /v/d/one; /v/d/own /v/d/one'
        runuser -u nobody -- sh -c 'echo two > /v/d/two; stat -c %u /v/d/two'
        su nobody -s /bin/sh -c 'cat /v/d/two; rm /v/d/two; id -u'
        python3 -c 'import os; os.setuid(65534); os.closerange(3, 1024); os.execvp("cat", ["cat", "/v/d/one"])'`;
      const run = await session.run('sh', ['-c', script]);
      assert.is(run.stderr, '');
      assert.is(run.stdout, 'one\none\n65534\ntwo\n65534\none\n');
    } finally {
      await session.close();
    }
  });
identity.run();
