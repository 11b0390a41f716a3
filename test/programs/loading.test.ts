/** Programs that are linked against libraries of the tree: found by the loader as on a real directory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bare, type Ran, TestSession } from '../support/session.ts';
import { missing, skip } from './support.ts';

const tests = suite('loading');

/** A library, a second library that needs it, and a program; they are built in `$D`. */
const SOURCES = `mkdir -p $D/lib $D/bin $D/src; cd $D/src
echo 'int answer(void) { return ANSWER; }' > answer.c
echo 'int answer(void); int twice(void) { return 2 * answer(); }' > twice.c
cat > main.c <<'.'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
int twice(void);
extern char **environ;
int main(int argc, char **argv) {
  Dl_info info;
  dladdr((void *)twice, &info);
  void *again = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD), *named = dlopen("libtwice.so", RTLD_NOW);
  printf("%d %s %d\\n", twice(), info.dli_fname, again && named == again);
  printf("%s %s %s\\n", argv[0], getenv("LD_LIBRARY_PATH") ? getenv("LD_LIBRARY_PATH") : "-", getenv("LD_AUDIT") ? getenv("LD_AUDIT") : "-");
  return argc > 1 ? system(argv[1]) : 0;
}
.
gcc -shared -fPIC -DANSWER=21 -o ../lib/libanswer.so answer.c`;
const LINKED: readonly (readonly [name: string, line: string, from?: string])[] = [
  [
    'DT_RUNPATH',
    'gcc -shared -fPIC -o ../lib/libtwice.so twice.c -L../lib -lanswer -Wl,-rpath,$D/lib; gcc -o ../bin/p main.c -L../lib -ltwice -lanswer -Wl,--enable-new-dtags,-rpath,$D/lib; $D/bin/p "readlink /proc/self/exe; $D/bin/p"',
  ],
  [
    'DT_RPATH',
    'gcc -shared -fPIC -o ../lib/libtwice.so twice.c; gcc -o ../bin/p main.c -L../lib -ltwice -lanswer -Wl,--disable-new-dtags,-rpath,$D/lib; cd /; $D/bin/p "env | grep -c LD_AUDIT"',
  ],
  [
    '$ORIGIN',
    "gcc -shared -fPIC -Wl,-soname,libtwice.so -o ../lib/libtwice.so twice.c -L../lib -lanswer -Wl,-rpath,'$ORIGIN'; gcc -o ../bin/p main.c -L../lib -ltwice -lanswer -Wl,-rpath,'$ORIGIN/../lib'; ../bin/p",
  ],
  [
    'LD_LIBRARY_PATH',
    'gcc -shared -fPIC -o ../lib/libtwice.so twice.c; gcc -o ../bin/p main.c -L../lib -ltwice -lanswer; LD_LIBRARY_PATH=$D/lib ../bin/p "echo child; ../bin/p"; ../bin/p 2>&1 | sed "s/.*: lib/lib/"',
  ],
  [
    'a relative LD_LIBRARY_PATH, a script and an interpreter',
    'gcc -shared -fPIC -o ../lib/libtwice.so twice.c; gcc -o ../bin/p main.c -L../lib -ltwice -lanswer; printf "#!/bin/sh\\nexec ../bin/p\\n" > s; chmod +x s; LD_LIBRARY_PATH=../lib: ./s',
  ],
  [
    'by a name with a slash',
    'gcc -shared -fPIC -o ../lib/libtwice.so twice.c; gcc -o ../bin/p main.c $D/lib/libtwice.so $D/lib/libanswer.so; ../bin/p | tail -1',
  ],
  [
    'a library that is rebuilt',
    'gcc -shared -fPIC -o ../lib/libtwice.so twice.c; gcc -o ../bin/p main.c -L../lib -ltwice -lanswer -Wl,-rpath,$D/lib; ../bin/p; gcc -shared -fPIC -DANSWER=50 -o ../lib/libanswer.so answer.c; ../bin/p',
  ],
  [
    'LD_PRELOAD of the tree',
    'gcc -shared -fPIC -o ../lib/libtwice.so twice.c; gcc -shared -fPIC -DANSWER=3 -o ../lib/other.so answer.c; gcc -o ../bin/p main.c -L../lib -ltwice -lanswer -Wl,-rpath,$D/lib; LD_PRELOAD=$D/lib/other.so ../bin/p',
  ],
  [
    'one that is not there',
    'gcc -shared -fPIC -o ../lib/libtwice.so twice.c; gcc -o ../bin/p main.c -L../lib -ltwice -lanswer -Wl,-rpath,$D/lib; rm ../lib/libanswer.so; ../bin/p || echo $?',
  ],
  [
    'a virtual program by fork, by vfork and in a pipeline',
    `gcc -shared -fPIC -o ../lib/libtwice.so twice.c; gcc -o ../bin/p main.c -L../lib -ltwice -lanswer -Wl,-rpath,$D/lib; (../bin/p) | cat; python3 -c 'import subprocess; print(subprocess.run(["../bin/p"], close_fds=False, capture_output=True).stdout)'`,
  ],
  [
    'with a debugger-like auditor of its own',
    `gcc -shared -fPIC -o ../lib/libtwice.so twice.c; gcc -o ../bin/p main.c -L../lib -ltwice -lanswer -Wl,-rpath,$D/lib; echo 'unsigned la_version(unsigned v) { return v; }' > audit.c; gcc -shared -fPIC -o $OUT/audit-$N.so audit.c; LD_AUDIT=$OUT/audit-$N.so ../bin/p | sed "s,$OUT,OUT,;s/-[0-9]*.so/.so/"`,
  ],
];

const plain = ({ stdout, stderr, status }: Ran, root: string) => ({
  stdout: stdout.replaceAll(root, 'D'),
  stderr: stderr.replaceAll(root, 'D'),
  status,
});

if (!skip('libraries of the tree', ['gcc'])) {
  const real = mkdtempSync('/dev/shm/shimfs-loading-');
  const out = mkdtempSync(join(tmpdir(), 'shimfs-loading-'));
  const mount = `/${'v'.repeat(real.length - 1)}`;
  const over = mkdtempSync('/dev/shm/shimfs-loading-');
  const session = await TestSession.open({ mounts: [mount] });
  const overlay = await TestSession.open({ overlays: [over] });
  tests.after(async () => {
    await session.close();
    await overlay.close();
    for (const path of [real, out, over]) rmSync(path, { recursive: true });
  });

  for (const [i, [name, line]] of LINKED.entries())
    tests(`${name}: in a mount and in an overlay, as on a real directory`, async () => {
      const script = `set -e; mkdir $D; ${SOURCES}\n${line}`;
      const run = (root: string, n: number) => ({
        env: { D: `${root}/${i}`, OUT: out, N: String(n), LC_ALL: 'C' },
      });
      const expected = plain(await bare('bash', ['-c', script], run(real, 0)), real);
      assert.match(expected.stdout, /\S/);
      assert.equal(plain(await session.sh(script, run(mount, 1)), mount), expected);
      assert.equal(plain(await overlay.sh(script, run(over, 2)), over), expected);
    });

  tests('what the branch made of a library is loaded, not the one underneath', async () => {
    const built = await bare(
      'bash',
      [
        '-c',
        `mkdir $D; ${SOURCES}; gcc -shared -fPIC -o ../lib/libtwice.so twice.c; gcc -o ../bin/p main.c -L../lib -ltwice -lanswer -Wl,--disable-new-dtags,-rpath,$D/lib; cp ../bin/p $OUT/outside; ../bin/p`,
      ],
      { env: { D: `${over}/u`, OUT: out } },
    );
    assert.match(built.stdout, /^42 /);
    const line = `cd ${over}/u/src; gcc -shared -fPIC -DANSWER=4 -o ../lib/libanswer.so answer.c; ../bin/p; ${out}/outside; ../bin/p`;
    const ran = await overlay.sh(line);
    assert.is(ran.stderr, '');
    assert.equal(ran.stdout.match(/^8 /gm)?.length, 3, ran.stdout);
    assert.match((await bare(`${over}/u/bin/p`)).stdout, /^42 /);
  });

  tests('a run whose own environment names a directory of the tree', async () => {
    const ran = await overlay.run(`${out}/outside`, [], { env: { LD_LIBRARY_PATH: `${over}/u/lib` } });
    assert.match(ran.stdout, /^8 /, ran.stderr);
    assert.match(ran.stdout, new RegExp(`^${out}/outside ${over}/u/lib -$`, 'm'));
  });

  tests('nothing is left of it in processes that need none', async () => {
    const ran = await session.sh("grep -c 'r-xp.*libshimfs-gate' /proc/self/maps; echo $LD_AUDIT");
    assert.is(ran.stdout, '1\n\n');
  });

  if (missing(['cmake']) === undefined)
    tests('cmake: a shared library and its test, built and run in an overlay', async () => {
      const script = `set -e; mkdir $D; cd $D
cat > CMakeLists.txt <<'.'
cmake_minimum_required(VERSION 3.10)
project(p C)
enable_testing()
add_library(answer SHARED answer.c)
add_executable(check check.c)
target_link_libraries(check answer)
add_test(NAME check COMMAND check)
.
echo 'int answer(void) { return 42; }' > answer.c; echo 'int answer(void); int main(void) { return answer() - 42; }' > check.c
cmake -S . -B build > log; cmake --build build >> log; cd build; ctest 2>&1 | grep 'tests passed'`;
      const expected = await bare('bash', ['-c', script], { env: { D: `${real}/cmake` }, limitMs: 60_000 });
      const ran = await overlay.sh(script, { env: { D: `${over}/cmake` }, limitMs: 60_000 });
      assert.is(ran.stderr, '');
      assert.is(ran.stdout, expected.stdout);
      assert.match(ran.stdout, /100% tests passed/);
    });
  else console.log('skipped: cmake: this machine has no cmake (Debian: apt-get install cmake)');

  tests('the name of a program of the tree is right where programs ask for it', async () => {
    const ran = await session.sh(
      `cd ${mount}; cp /bin/bash own; ./own -c 'echo "$0"; readlink /proc/self/exe'`,
    );
    assert.is(ran.stderr, '');
    assert.is(ran.stdout.split('\n')[0], './own');
  });
}
tests.run();
