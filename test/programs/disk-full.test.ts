/** No room, by the quota or by the object directory's own filesystem: programs get ENOSPC, and nothing is corrupted. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestSession } from '../support/session.ts';

const tests = suite('disk full');

function mayMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

if (!mayMount()) console.log('skipped: a full object directory: this user may not mount');
else
  tests('a full object directory', () => {
    const program = fileURLToPath(new URL('small-host.ts', import.meta.url));
    const text = execFileSync('unshare', ['-m', process.execPath, '--import', 'tsx', program], {
      encoding: 'utf8',
    });
    const { ours, kernels, used, told } = JSON.parse(text.trim().split('\n').at(-1)!);
    assert.match(kernels.stdout, /No space left on device\nstatus 1\npartly/);
    assert.match(kernels.stdout, /intact/);
    assert.match(kernels.stdout, /again/);
    assert.is(ours.stdout, kernels.stdout, ours.stderr);
    assert.is(ours.stderr, kernels.stderr);
    assert.ok(used < 20_000, `${used} bytes are counted after all was removed`);
    assert.match(told.join(), /only \d+ MiB free/);
  });

tests('a quota of 1 MiB', async () => {
  const session = await TestSession.open({ maxBytes: 1 << 20 });
  try {
    const ran = await session.sh(
      `cd /v; seq 1000 > kept; cp kept reference
dd if=/dev/zero of=big bs=64k count=100 status=none 2>&1 | sed 's/.*: //'; [ "$(stat -c %s big)" -le 1048576 ] && echo within
cp big other 2>&1 | sed 's/.*: //'; truncate -s 2M hole 2>&1 | sed 's/.*: //'; fallocate -l 2M hole 2>&1 | sed 's/.*: //'; cmp kept reference && echo intact
printf x | dd of=kept conv=notrunc status=none && echo overwritten; rm -f big hole other; dd if=/dev/zero of=again bs=64k count=10 status=none; stat -c %s again`,
    );
    assert.is(ran.stderr, '');
    assert.is(
      ran.stdout.replaceAll(/^.*No space left on device.*$/gm, 'full'),
      'full\nwithin\nfull\nfull\nfull\nintact\noverwritten\n655360\n',
    );
    assert.ok(session.core.content.used <= 1 << 20);
  } finally {
    await session.close();
  }
});

tests.run();
