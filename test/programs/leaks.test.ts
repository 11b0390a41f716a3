/** Resources that a session holds after its last program has ended, and the memory that a file takes. */
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OBJECT_NAMES } from '../../core/protocol.ts';
import { SELF } from '../support/self.ts';
import { TestSession } from '../support/session.ts';

const tests = suite('leaks');

/** Descriptors of this process, by kind; the core keeps some objects open on purpose. */
function descriptors(): { sockets: number; objects: number; others: number } {
  const found = { sockets: 0, objects: 0, others: 0 };
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      if (target.startsWith('socket:')) found.sockets++;
      else if (target.includes(`/${OBJECT_NAMES.objects}/`)) found.objects++;
      else found.others++;
    } catch {
      // The listing's own.
    }
  }
  return found;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

tests('250 children leave nothing behind', async () => {
  const session = await TestSession.open();
  try {
    const child = (n: string): string =>
      `mkdir /v/d${n}; (cd /v/d${n}; echo ${n} > f; ln f g; mv g h; exec 5< f; cat f > /dev/null; ls > l; rm f h l; cat <&5 > /dev/null); rmdir /v/d${n}`;
    await session.sh('ls /v; cd /v');
    const before = descriptors();
    for (let i = 0; i < 200; i++) {
      const { status, stderr } = await session.run('sh', ['-c', child(`s${i}`)]);
      assert.is(`${status}${stderr}`, '0');
    }
    const all = await Promise.all(Array.from({ length: 50 }, (_, i) => session.sh(child(`p${i}`))));
    assert.is(all.map(({ status, stderr }) => `${status}${stderr}`).join(''), '0'.repeat(50));
    const { host, core } = session;
    // The end of the last connection may arrive after the end of the last program.
    for (let i = 0; i < 1000 && host.session.bindings.users('main') > 0; i++) await turn();
    assert.is(host.session.bindings.users('main'), 0, 'connections');
    assert.equal(core.fs.readdirSync('/v'), []);
    assert.equal(readdirSync(join(host.session.objects, OBJECT_NAMES.objects)), [], 'object files');
    assert.is(core.content.used, 0, 'bytes');
    assert.equal(descriptors(), before);
    const left = readdirSync(join(host.session.objects, OBJECT_NAMES.directories));
    console.log(`placeholders after 250 children: ${left.length}`);
    assert.ok(left.length <= 2, `${left.length} placeholders of directories that are gone`);
  } finally {
    await session.close();
  }
});

tests('a million files: heap of each, and a program among them', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const session = await TestSession.open();
  try {
    const FILES = 1_000_000;
    const view = session.core.view('main', { ...SELF, umask: 0 });
    gc();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < FILES / 1000; i++) {
      const dir = view.mkdir({ path: `/v/d${i}` }).ino;
      for (let k = 0; k < 1000; k++) view.mknod({ dir, path: `file-${k}` }, 0o100644);
    }
    gc();
    const each = (process.memoryUsage().heapUsed - before) / FILES;
    console.log(`a file costs ${Math.round(each)} B of heap`);
    assert.ok(each <= 1024, `${each} bytes`);
    const ran = await session.sh(
      'ls /v | wc -l; ls /v/d7 | wc -l; stat -c "%n %s" /v/d999/file-999; find /v/d5 /v/d6 -type f | wc -l; echo x > /v/d1/file-1; cat /v/d1/file-1; rm -r /v/d2; ls -d /v/d2 2>&1 | wc -l',
    );
    assert.is(ran.stderr, '');
    assert.is(ran.stdout, '1000\n1000\n/v/d999/file-999 0\n2000\nx\n1\n');
  } finally {
    await session.close();
  }
});

tests.run();
