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

const PARTLY = `
import os
def say(call):
    try: return call()
    except OSError as e: return e.strerror
f = os.open('/v/f', os.O_RDWR | os.O_CREAT); os.write(f, b'x' * 900)
print(say(lambda: os.write(f, b'y' * 200)), os.fstat(f).st_size, say(lambda: os.write(f, b'z')), say(lambda: os.pwrite(f, b'z', 5)))
os.ftruncate(f, 900); os.lseek(f, 0, os.SEEK_END)
print(say(lambda: os.writev(f, [b'1' * 60, b'2' * 60, b'3' * 60])), os.pread(f, 9, 955), say(lambda: os.writev(f, [b'z'])))
os.ftruncate(f, 900)
print(say(lambda: os.pwrite(f, b'y' * 200, 1000)), os.fstat(f).st_size, say(lambda: os.pwrite(f, b'y', 1024)))
os.ftruncate(f, 900); os.lseek(f, 0, os.SEEK_END); s = os.open('/etc/services', os.O_RDONLY)
print(say(lambda: os.sendfile(f, s, 0, 500)), os.fstat(f).st_size, say(lambda: os.posix_fallocate(f, 0, 2000)))
os.ftruncate(f, 0); print(say(lambda: os.pwrite(f, b'y' * 1024, 0)), os.fstat(f).st_size)
`;

tests('a write that does not fit writes what fits', async () => {
  const session = await TestSession.open({ maxBytes: 1024 });
  const ran = await session.run('python3', ['-c', PARTLY]);
  await session.close();
  assert.is(ran.stderr, '');
  assert.equal(ran.stdout.split('\n'), [
    '124 1024 No space left on device 1',
    "124 b'111112222' No space left on device",
    '24 1024 No space left on device',
    '124 1024 No space left on device',
    '1024 1024',
    '',
  ]);
});

tests.run();
