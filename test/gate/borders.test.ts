/** Ways into a mount from outside it, and out of it again. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bare, compiled, TestSession } from '../support/session.ts';

const ops = compiled(fileURLToPath(new URL('programs/ops.c', import.meta.url)));
const outside = mkdtempSync(join(tmpdir(), 'shimfs-outside-'));
mkdirSync(join(outside, 'real'));
const nested = join(outside, 'mount');
const session = await TestSession.open({ mounts: ['/v', nested] });

symlinkSync('/v', join(outside, 'in'));
symlinkSync('/v/a', join(outside, 'file'));
symlinkSync('in', join(outside, 'twice'));
symlinkSync('/v/new', join(outside, 'dangling'));
writeFileSync(join(outside, 'real/f'), 'real\n');

const borders = suite('borders');
borders.after(async () => {
  await session.close();
  rmSync(outside, { recursive: true, force: true });
});

borders.before(async () => {
  const ran =
    await session.sh(`echo virtual > /v/a; mkdir -p /v/d/e; ln -s ${outside}/real /v/out; ln -s ${outside}/real/f /v/outf;
    ln -s ../../../..${outside}/real /v/d/up; ln -s ${outside}/in/a /v/around; echo second > ${nested}/b`);
  assert.is(ran.stderr, '');
});

const table: [name: string, line: string, out: string][] = [
  ['repeated slashes and dots', 'cat //v/./a /./v//a', 'virtual\nvirtual\n'],
  ['a real directory and back up', 'cat /tmp/../v/a; stat -c %s /tmp/../v/a', 'virtual\n8\n'],
  ['relative, from the root', 'cd /; cat v/a; ls -d v/d; cd v; pwd', 'virtual\nv/d\n/v\n'],
  ['a real symlink to the mount', `cat ${outside}/in/a; cat ${outside}/twice/a`, 'virtual\nvirtual\n'],
  [
    'a real symlink to a file',
    `cat ${outside}/file; stat -Lc %s ${outside}/file; readlink ${outside}/file`,
    'virtual\n8\n/v/a\n',
  ],
  [
    'a new file through a real symlink',
    `echo x > ${outside}/in/made; cat /v/made; rm ${outside}/in/made; ls /v/made 2>&1 | wc -l`,
    'x\n1\n',
  ],
  ['a new file at the end of a real symlink', `echo y > ${outside}/dangling; cat /v/new; rm /v/new`, 'y\n'],
  ['cd through a real symlink', `cd ${outside}/in && cat a && pwd -P`, 'virtual\n/v\n'],
  [
    'a program behind a real symlink',
    `printf '#!/bin/sh\\necho script $1\\n' > /v/script; chmod +x /v/script; cp /bin/echo /v/echo; ${outside}/in/script one; ${outside}/in/echo two; cd ${outside}; PATH=in:$PATH env echo three; cd in; ./script four; rm script echo`,
    'script one\ntwo\nthree\nscript four\n',
  ],
  [
    'mkdir, mv and ln through a real symlink',
    `cd ${outside}/in; mkdir q; mv ${outside}/in/q ${outside}/in/r; ln ${outside}/in/a ${outside}/in/h; mv /v/h ${outside}/twice/i; ls -d /v/r /v/i; rm -r /v/r /v/i`,
    '/v/i\n/v/r\n',
  ],
  [
    'relative, up and in again',
    `cd ${outside}/real; cat ../in/a; cat ../../../../../../v/a`,
    'virtual\nvirtual\n',
  ],
  [
    'a virtual symlink out',
    'cat /v/out/f /v/outf /v/d/up/f; stat -Lc %s /v/outf; ls /v/out',
    'real\nreal\nreal\n5\nf\n',
  ],
  [
    'writing through a virtual symlink out',
    `echo more >> /v/outf; echo n > /v/out/n; cat ${outside}/real/f ${outside}/real/n; rm /v/out/n; printf 'real\\n' > /v/outf`,
    'real\nmore\nn\n',
  ],
  ['out and in again', 'cat /v/around', 'virtual\n'],
  ['cd out by a symlink', `cd /v/out; pwd -P; cat f; cd /v/out/..; pwd -P`, `${outside}/real\nreal\n/v\n`],
  [
    'up from the root of a mount',
    'cd /v; ls -d ../usr; cat ../v/a; cd ..; pwd; ls -d usr',
    '../usr\nvirtual\n/\nusr\n',
  ],
  [
    'up and further up',
    'cat /v/../../v/a; cat /v/d/e/../../a; ls -d /v/../usr',
    'virtual\nvirtual\n/v/../usr\n',
  ],
  [
    'a mount deeper down',
    `cat ${nested}/b; cd ${outside}; cat mount/b; cd mount; cat ../mount/b; cat ../real/f; cd ..; pwd`,
    `second\nsecond\nsecond\nreal\n${outside}\n`,
  ],
  [
    'the mount in the listing above',
    `ls / | grep -x v; ls -a ${outside} | tr '\\n' ' '`,
    'v\n. .. dangling file in mount real twice ',
  ],
  [
    'the mount is a directory of it',
    `find ${outside} -maxdepth 1 -type d | sort`,
    [outside, nested, `${outside}/real`, ''].join('\n'),
  ],
  [
    'a program that starts at the root',
    'find / -maxdepth 2 -path "/v/*" | sort | head -3',
    '/v/a\n/v/around\n/v/d\n',
  ],
  [
    'nothing of it was real',
    `python3 -c 'import os; print(os.listdir("/").count("v"), os.path.ismount("/v"), [e.name for e in os.scandir("/v") if e.is_dir()])'`,
    "1 True ['d', 'out']\n",
  ],
];
for (const [name, line, out] of table)
  borders(name, async () => {
    const ran = await session.sh(line);
    assert.is(ran.stdout, out, ran.stderr);
  });

borders('across the border: EXDEV', async () => {
  const script = [
    `rename /v/a ${outside}/a`,
    `rename ${outside}/real/f /v/f`,
    `link /v/a ${outside}/a`,
    `link ${outside}/real/f /v/f`,
    `rename /v/a /v/out/a`,
  ];
  const ran = await session.run(ops, [outside], { input: script.join('\n') });
  assert.equal(
    ran.stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/.*-> /, '')),
    Array(5).fill('-1 EXDEV'),
    ran.stdout,
  );
  const moved = await session.sh(
    `mv /v/a ${outside}/real/moved && cat ${outside}/real/moved && mv ${outside}/real/moved /v/a && cat /v/a`,
  );
  assert.is(moved.stdout, 'virtual\nvirtual\n', moved.stderr);
});

borders('both outside: the kernel renames and links', async () => {
  const script = [
    'put /v/out/p x',
    'rename /v/out/p /v/out/q',
    'link /v/out/q /v/d/up/r',
    'same /v/out/q /v/out/r',
    'unlink /v/out/q',
    'unlink /v/out/r',
  ];
  const ran = await session.run(ops, [outside], { input: script.join('\n') });
  assert.equal(
    ran.stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/.*-> /, '')),
    ['1', '0', '0', 'same', '0', '0'],
    ran.stdout,
  );
});

borders('a link that a child makes is found by a parent that missed it', async () => {
  const ran = await session.sh(
    `[ -e ${outside}/later/a ] || echo no; ln -s /v ${outside}/later; [ -e ${outside}/later/a ] && echo yes; rm ${outside}/later`,
  );
  assert.is(ran.stdout, 'no\nyes\n', ran.stderr);
});

borders('a listing in small buffers holds everything once', async () => {
  for (const size of [80, 200, 4096]) {
    const script = `open %0 ${outside} O_RDONLY\ngetdents %0 ${size}\nlseek %0 0 SEEK_SET\ngetdents %0 ${size}`;
    const ran = await session.run(ops, [outside], { input: script });
    const [, first, , again] = ran.stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/.*->/, ''));
    assert.is(first, ' d:. d:.. d:mount d:real l:dangling l:file l:in l:twice', `${size}`);
    assert.is(again, first, `${size}`);
  }
});

borders('nothing came to be on the real filesystem', async () => {
  assert.is((await bare('ls', ['-d', '/v'])).status, 2);
  assert.is(readFileSync(join(outside, 'real/f'), 'utf8'), 'real\n');
});

borders.run();
