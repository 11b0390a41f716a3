/** Fixed tables of the gate, at their limits and above: never a real file in place of a virtual one. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LIMITS } from '../../core/protocol.ts';
import { TestSession } from '../support/session.ts';

const limits = suite('limits of the gate');
const base = mkdtempSync(join(tmpdir(), 'limits-'));
limits.after(() => rmSync(base, { recursive: true, force: true }));

limits('every mount is covered, up to the last', async () => {
  const mounts = Array.from({ length: LIMITS.MAX_MOUNTS }, (_, i) => `/many/m${i}`);
  const session = await TestSession.open({ mounts });
  try {
    const ran = await session.sh(
      'for i in 0 63 64 65 1023; do echo $i > /many/m$i/f && cat /many/m$i/f; done',
    );
    assert.is(ran.stdout, '0\n63\n64\n65\n1023\n', ran.stderr);
    assert.is(session.core.fs.readFileSync('/many/m1023/f', 'utf8'), '1023\n');
  } finally {
    await session.close();
  }
});

limits('every overlay is covered: the real directories stay as they were', async () => {
  const overlays = Array.from({ length: 100 }, (_, i) => join(base, `o${i}`));
  for (const directory of overlays) mkdirSync(directory);
  const session = await TestSession.open({ overlays });
  try {
    const ran = await session.sh(`for i in $(seq 0 99); do echo $i > ${base}/o$i/f; done; cat ${base}/o99/f`);
    assert.is(ran.stdout, '99\n', ran.stderr);
    for (const directory of overlays) assert.equal(readdirSync(directory), []);
  } finally {
    await session.close();
  }
});

const DESCRIPTORS = `
import os, resource
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
try:
    hard = ${LIMITS.MAX_FDS}
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
except (OSError, ValueError) as e:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
f = os.open('/v/f', os.O_RDWR | os.O_CREAT)
for n in (4095, 4096, 65535, 65536, ${LIMITS.MAX_FDS} - 1):
    if n >= hard: print('above', hard); break
    os.dup2(f, n); os.write(n, b'x'); print(n, os.fstat(n).st_ino == os.stat('/v/f').st_ino)
`;

limits('descriptors with large numbers', async () => {
  const session = await TestSession.open();
  try {
    const ran = await session.run('python3', ['-c', DESCRIPTORS]);
    const expected = [4095, 4096, 65535, 65536, LIMITS.MAX_FDS - 1].map((n) => `${n} True`);
    const lines = ran.stdout.trim().split('\n');
    const above = lines.at(-1)?.startsWith('above') ? lines.pop() : undefined;
    if (above) console.log(`\nskipped: descriptors ${above}, which RLIMIT_NOFILE does not allow here`);
    assert.ok(lines.length >= 2, ran.stderr);
    assert.equal(lines, expected.slice(0, lines.length));
    assert.is(session.core.fs.statSync('/v/f').size, lines.length);
  } finally {
    await session.close();
  }
});

limits('a directory with a long path, inherited over exec in an overlay', async () => {
  const over = join(base, 'deep');
  const deep = join(over, ...Array.from({ length: 4 }, (_, i) => String(i).repeat(200)));
  mkdirSync(deep, { recursive: true });
  writeFileSync(join(deep, 'real'), 'text\n');
  const session = await TestSession.open({ overlays: [over] });
  try {
    const ran = await session.run(
      'bash',
      ['-c', 'exec 7<.; exec python3 -c "import os; print(os.listdir(7))"'],
      { cwd: deep },
    );
    assert.is(ran.stdout, "['real']\n", ran.stderr);
  } finally {
    await session.close();
  }
});
limits.run();
