/** Real programs on a view over a real directory: like the same run on a copy, and the directory itself as it was. */
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { directory, fingerprint, plant, tree } from '../core/overlay/trees.ts';
import { bare, type Ran, TestSession } from '../support/session.ts';

const IDENTITY = {
  GIT_AUTHOR_NAME: 'n',
  GIT_AUTHOR_EMAIL: 'a@b',
  GIT_COMMITTER_NAME: 'n',
  GIT_COMMITTER_EMAIL: 'a@b',
  GIT_AUTHOR_DATE: '@1700000000 +0000',
  GIT_COMMITTER_DATE: '@1700000000 +0000',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  LC_ALL: 'C',
};

/** A project with a history. */
const origin = directory();
plant(origin, {
  'proj/Makefile':
    'x: src/a.o src/b.o\n\t$(CC) -o x $^\nsrc/%.o: src/%.c src/h.h\n\t$(CC) -c -o $@ $<\nclean:\n\trm -f x src/*.o\n',
  'proj/src/a.c': '#include <stdio.h>\n#include "h.h"\nint main(void) { printf("%d\\n", b()); return 0; }\n',
  'proj/src/b.c': '#include "h.h"\nint b(void) { return 42; }\n',
  'proj/src/h.h': 'int b(void);\n',
  'proj/run.sh': '#!/bin/sh\necho "$0 $1"\n',
  'proj/pkg/mod.py': 'def f():\n    return "from the tree"\n',
  'proj/pkg/__init__.py': '',
  'proj/lib/index.js': "exports.f = () => 'from the tree';\n",
  'proj/text': 'one\ntwo\nthree\n',
  'proj/deep/er/file': 'deep\n',
  'proj/link': { to: 'deep/er' },
});
writeFileSync(join(origin, 'proj/large'), Buffer.alloc(300_000, 'large '));
await bare(
  'bash',
  ['-c', `cd ${origin}/proj; chmod +x run.sh; git init -q -b main; git add -A; git commit -qm first`],
  { env: IDENTITY },
);

const overlay = suite('programs on an overlay');

interface Case {
  readonly name: string;
  readonly line: string;
  /** Compare the resulting trees, but for paths that match. */
  readonly ignore?: RegExp;
}

const CASES: readonly Case[] = [
  {
    name: 'reading',
    line: 'pwd -P | sed s,.*/,,; ls -A; cat text link/file; head -c 5 large; wc -c < large; stat -c "%A %h %s %n" text link run.sh; find . -path ./.git -prune -o -type f -print | sort',
  },
  {
    name: 'writing',
    line: 'echo four >> text; echo new > new; sed -i s/two/2/ text; cp text copy; mv deep/er/file moved; ln -s text l; ln text hard; mkdir -p q/w; touch -d @5 q/w/t; chmod 700 run.sh; truncate -s 3 copy; tail -c 3 large; echo end >> large; tail -c 8 large; cat text',
  },
  {
    name: 'removing',
    line: 'rm -rf src deep; ls -A; ls deep 2>&1 | wc -l; mkdir src; echo x > src/a.c; ls -A src; rmdir lib 2>&1 | wc -l; rm -rf pkg lib',
  },
  {
    name: 'renaming directories',
    line: 'mv deep shallow; cat shallow/er/file; mv src deep; ls deep; mv shallow/er src; cat src/file; ls -A; mv pkg/mod.py pkg/m.py; ls pkg',
  },
  {
    name: 'chmod -R and find -delete',
    line: 'chmod -R go-rwx .; stat -c "%a %n" src src/a.c; find src -name "*.c" -delete; ls src',
  },
  {
    name: 'relative and roundabout ways',
    line: 'cd src; cat ../text; cd ../link; pwd -P | sed "s,.*/proj,,"; cat file ../../text; cd ..; echo y > er/y; cat ../link/y; cat $OLDPWD/../../text',
  },
  {
    name: 'descriptors over an exec',
    line: 'exec 3<text 4<large 5>>text; sh -c "head -n 1 <&3; head -c 3 <&4; echo; echo by child >&5"; head -n 1 <&3; cat text; sh -c "cd src && cat h.h"',
  },
  { name: 'an earlier reader sees a later writer', line: 'exec 3<text; echo changed > text; cat <&3' },
  {
    name: 'scripts and programs from it',
    line: './run.sh a; ( cd src; ../run.sh b ); cp /bin/echo e; ./e copied; PATH=.:$PATH run.sh c',
  },
  {
    name: 'make and gcc',
    line: 'make -s -j4 && ./x && make -q && echo fresh; touch -d "+1 hour" src/h.h; make -q || echo stale; make -s clean; ls src',
  },
  {
    name: 'git',
    ignore: /^\.git\//,
    line: 'git status --short; echo more >> text; git rm -q lib/index.js; git add -A; git commit -qm second; git checkout -q -b side HEAD~1; echo s > side; git add side; git commit -qm side; git checkout -q main; git merge -q -m merged side; git log --oneline | wc -l; git gc -q; git fsck 2>&1; git status --short; git diff HEAD~1 --stat; git stash list; ls',
  },
  {
    name: 'tar',
    line: 'tar cf ../all.tar --exclude=.git . && tar tf ../all.tar | sort | head -20; tar xf ../all.tar -C lib && cat lib/text; rm ../all.tar',
  },
  {
    name: 'python3',
    line: "python3 -B -c \"\nimport os, shutil, tempfile, pathlib\nfrom pkg import mod\nprint(mod.f(), sorted(os.listdir('.'))[1:4])\nshutil.copytree('src', 'srccopy'); shutil.rmtree('src')\np = pathlib.Path('text'); p.write_text(p.read_text().upper())\nwith tempfile.NamedTemporaryFile(dir='.') as t: t.write(b'x'); t.flush(); print(os.stat(t.name).st_size)\nos.replace('text', 'lib/text'); print(os.path.exists('text'), open('lib/text').read())\nprint([e.name for e in sorted(os.scandir('.'), key=lambda e: e.name) if e.is_dir()])\"",
  },
  {
    name: 'node',
    line: "node -e \"\nconst fs=require('fs');console.log(require('./lib').f());fs.appendFileSync('text','x');fs.renameSync('deep','d2');fs.cpSync('src','s2',{recursive:true});fs.rmSync('src',{recursive:true});console.log(fs.readdirSync('.'),fs.readFileSync('link/../text','utf8').length||0)\" 2>&1 | head -5",
  },
  {
    name: 'sqlite3, through python',
    line: "python3 -B -c \"\nimport sqlite3\nfor mode in ('delete', 'wal'):\n  c = sqlite3.connect(mode + '.db'); print(c.execute('pragma journal_mode=' + mode).fetchone()); c.execute('create table t(x)'); c.executemany('insert into t values(?)', [(i,) for i in range(100)]); c.commit(); print(sqlite3.connect(mode + '.db').execute('select sum(x) from t').fetchone()); c.close()\"",
    ignore: /\.db/,
  },
];

for (const { name, line, ignore } of CASES)
  overlay(name, async () => {
    const [real, copy] = [directory(), directory()];
    for (const to of [real, copy])
      cpSync(join(origin, 'proj'), join(to, 'proj'), {
        recursive: true,
        preserveTimestamps: true,
        verbatimSymlinks: true,
      });
    const [below, beside] = [join(real, 'proj'), join(copy, 'proj')];
    const before = fingerprint(below);
    const session = await TestSession.open({ overlays: [below] });
    try {
      const options = (cwd: string) => ({ cwd, env: { ...IDENTITY, PWD: cwd } });
      const seen = await session.sh(line, options(below));
      const expected = await bare('bash', ['-c', line], options(beside));
      const told = ({ stdout, stderr, status }: Ran, root: string) => ({
        stdout: stdout.replaceAll(root, ''),
        stderr: stderr.replaceAll(root, ''),
        status,
      });
      assert.equal(told(seen, below), told(expected, beside));
      assert.is(expected.status, 0, expected.stderr);
      assert.is(fingerprint(below), before, 'the real directory is as it was');
      const lines = (all: string[]) => all.filter((one) => !(ignore?.test(one) ?? false));
      assert.equal(lines(tree(below, session.core.fs as never)), lines(tree(beside)));
    } finally {
      await session.close();
      for (const path of [real, copy]) rmSync(path, { recursive: true });
    }
  });

const outer = directory();
const below = join(outer, 'proj');
const elsewhere = directory();
plant(below, { a: 'real\n', 'd/b': 'b\n' });
symlinkSync(below, join(elsewhere, 'in'));
symlinkSync(join(below, 'a'), join(elsewhere, 'file'));
symlinkSync(outer, join(elsewhere, 'up'));
symlinkSync(join(elsewhere, 'in'), join(below, 'around'));
mkdirSync(join(elsewhere, 'x'));

/** Each would change the real directory if it were not seen to lead into it. */
const WAYS: readonly [name: string, line: string, cwd?: string][] = [
  ['a symlink to it', `echo w > ${elsewhere}/in/a`],
  ['a symlink to a file in it', `echo w > ${elsewhere}/file`],
  [
    'symlinks in a directory that was found to lead nowhere before',
    `cd ${elsewhere}; [ -e ${elsewhere}/none ]; [ -e none ]; [ -d x ]; cat < file > x/seen; [ "$(stat -Lc %s ${elsewhere}/file)$(cat x/seen)" = 5real ] && echo w > ${elsewhere}/file`,
  ],
  ['a symlink to what is above it', `echo w > ${elsewhere}/up/proj/a`],
  ['up from a sibling', `echo w > ${elsewhere}/x/../in/d/../a`],
  ['relative, from above', 'echo w > proj/a', outer],
  ['relative, from a foreign directory', 'echo w > in/a', elsewhere],
  ['through /proc/self/root', `echo w > /proc/self/root${below}/a`],
  ['repeated slashes', `echo w > /${below}//./a`],
  ['out of it and in again', 'echo w > around/a', below],
  ['cd through a symlink', `cd ${elsewhere}/in && echo w > a`],
  ['cd -P above, then relative', `cd -P ${elsewhere}/up && echo w > proj/a`],
  ['mv over it from outside', `echo w > ${elsewhere}/t; mv ${elsewhere}/t ${elsewhere}/in/a`],
  [
    'ln within, by a foreign name',
    `rm ${elsewhere}/in/a; echo w > ${elsewhere}/in/n; ln ${elsewhere}/in/n ${elsewhere}/in/a`,
  ],
  ['rm -r by a foreign name', `rm -r ${elsewhere}/in/d; echo w > ${elsewhere}/in/a`],
  [
    'chmod and touch by a foreign name',
    `chmod 0 ${elsewhere}/in/d/b; touch ${elsewhere}/in/d/b; echo w > ${elsewhere}/up/proj/a`,
  ],
  [
    'a directory descriptor from above',
    `python3 -c "
import os
d = os.open('${outer}', os.O_RDONLY)
f = os.open('proj/a', os.O_WRONLY | os.O_TRUNC, dir_fd=d); os.write(f, b'w\\n'); os.close(f)
os.mkdir('proj/made', dir_fd=d); os.rename('proj/d', 'proj/e', src_dir_fd=d, dst_dir_fd=d)"`,
  ],
  [
    'an inherited directory descriptor',
    `python3 -c "
import os, subprocess
d = os.open('${below}', os.O_RDONLY)
subprocess.check_call(['python3', '-c', 'import os; f = os.open(\\'a\\', os.O_WRONLY | os.O_TRUNC, dir_fd=%d); os.write(f, b\\'w\\\\\\\\n\\')' % d], pass_fds=[d])"`,
  ],
  [
    'reopening a descriptor for writing',
    `python3 -c "
import os
r = os.open('${below}/a', os.O_RDONLY); w = os.open('/proc/self/fd/%d' % r, os.O_WRONLY | os.O_TRUNC); os.write(w, b'w\\n')"`,
  ],
];

for (const [name, line, cwd = '/'] of WAYS)
  overlay(`no way round: ${name}`, async () => {
    const before = fingerprint(outer);
    const session = await TestSession.open({ overlays: [below] });
    try {
      const ran = await session.sh(line, { cwd });
      assert.is(ran.stderr, '');
      assert.is(String(session.core.fs.readFileSync(join(below, 'a'))), 'w\n');
      assert.is(fingerprint(outer), before);
      assert.is(readFileSync(join(below, 'a'), 'utf8'), 'real\n');
    } finally {
      await session.close();
    }
  });

overlay('a socket is not made in the real directory', async () => {
  const before = fingerprint(outer);
  const session = await TestSession.open({ overlays: [below] });
  const ran = await session.run('python3', [
    '-c',
    `import socket; socket.socket(socket.AF_UNIX).bind('${below}/s')`,
  ]);
  const made = session.core.fs.existsSync(join(below, 's'));
  await session.close();
  assert.is(made, ran.status === 0, ran.stderr);
  assert.is(fingerprint(outer), before);
});

overlay('two branches on one directory, side by side', async () => {
  const session = await TestSession.open({ overlays: [below] });
  session.core.createBranch('one');
  session.core.createBranch('two');
  try {
    const [one, two] = await Promise.all(
      ['one', 'two'].map((branch) => session.sh(`echo ${branch} > a; cat a; ls`, { cwd: below, branch })),
    );
    assert.is(one!.stdout, 'one\na\naround\nd\n');
    assert.is(two!.stdout, 'two\na\naround\nd\n');
    assert.is((await session.sh('cat a', { cwd: below })).stdout, 'real\n');
  } finally {
    await session.close();
  }
});

overlay('a working directory that the branch has not', async () => {
  const session = await TestSession.open({ overlays: [below] });
  session.core.hide('main', join(below, 'd'));
  const ran = await session.run('true', [], { cwd: join(below, 'd') });
  await session.close();
  assert.is(ran.status, 126);
  assert.match(ran.stderr, /working directory/);
});

overlay.run();
