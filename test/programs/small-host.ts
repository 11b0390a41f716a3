/**
 * Run in a mount namespace of its own: /dev/shm and the temporary directory become a tmpfs of 4 MiB, and a session
 * lives in it. Prints a JSON line: the output of each script, on the virtual tree and on that tmpfs itself.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, statfsSync } from 'node:fs';

const SIZE = '4m';
execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'shimfs-test', '/dev/shm']);
mkdirSync('/dev/shm/tmp');
process.env.TMPDIR = '/dev/shm/tmp';

const { bare, TestSession } = await import('../support/session.ts');
const session = await TestSession.open({ mounts: ['/v'] });
mkdirSync('/dev/shm/real');

/** Fills the filesystem by every kind of write, then checks the earlier files. */
const script = `
cd "$R"; seq 1000 > kept; cp kept reference; ln kept name
try() { "$@" 2>&1 | sed 's/.*: //' | tail -1; echo "status \${PIPESTATUS[0]}"; }
try dd if=/dev/zero of=big bs=64k count=200 status=none; [ "$(stat -c %s big)" -gt 100000 ] && [ "$(stat -c %s big)" -lt 4200000 ] && echo partly
try sh -c 'echo more > small'; try cp big copy; try sh -c 'cat kept >> name'; rm -f small copy; cmp -n 3893 kept reference && echo intact; wc -c < reference
truncate -s 100M hole; stat -c %s hole; try fallocate -l 50M hole2; rm -f hole hole2 big; seq 1000 > kept; cmp kept reference && echo again; rm -f big; dd if=/dev/zero of=again bs=64k count=10 status=none; stat -c %s again; rm again; ls`;
const env = (root: string) => ({ R: root, LC_ALL: 'C', PATH: process.env.PATH });
const ours = await session.sh(script, { env: env('/v') });
const kernels = await bare('bash', ['-c', script], { env: env('/dev/shm/real') });
const free = statfsSync('/dev/shm').bavail * 4096;
const used = session.core.content.used;
await session.close();
console.log(JSON.stringify({ ours, kernels, free, used, told: session.told }));
