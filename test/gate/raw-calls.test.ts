/**
 * Programs and libraries whose own instructions enter the kernel, as those of rustix, Zig or the sanitizers do: the
 * same output and the same files as outside, in mounts and in overlays, and no change of the real directory.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestSession } from '../support/session.ts';

/** Compilers choose the instructions around each `syscall`, so the optimization levels are different programs. */
const LEVELS = ['-O0', '-O1', '-O2', '-O3', '-Os'];

const CALLS = `#define AT -100L
static inline __attribute__((always_inline)) long call(long n, long a, long b, long c, long d) {
  long r; register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall" : "=a"(r) : "0"(n), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
  return r;
}
__attribute__((noinline)) long generic(long n, long a, long b, long c) { return call(n, a, b, c, 0); }
/* mkdir, by a call whose number is set before a jump leads to it */
__attribute__((noinline)) long jumped(const char *path, long far) {
  long r;
  __asm__ volatile("mov $83, %%eax; test %2, %2; jnz 1f; mov $0700, %%esi; syscall; test %%rax, %%rax; jmp 2f;"
                   "1: mov $0755, %%esi; syscall; test %%rax, %%rax; 2:" : "=&a"(r) : "D"(path), "d"(far) : "rsi", "rcx", "r11", "memory");
  return r;
}
int work(const char *path) {
  char other[4096], made[4096], st[256];
  __builtin_snprintf(other, sizeof other, "%s.renamed", path);
  __builtin_snprintf(made, sizeof made, "%s.directory", path);
  long fd = call(257, AT, (long)path, 01101, 0644);
  if (fd < 0 || call(1, fd, (long)"raw\\n", 4, 0) != 4 || call(3, fd, 0, 0, 0)) return 1;
  if (call(82, (long)path, (long)other, 0, 0)) return 2;
  if (call(262, AT, (long)other, (long)st, 0) || generic(4, (long)other, (long)st, 0)) return 3;
  if (generic(83, (long)made, 0755, 0) || generic(83, (long)made, 0755, 0) != -17) return 4;
  if (jumped(made, 0) != -17 || jumped(made, 1) != -17) return 6;
  return call(21, (long)path, 0, 0, 0) == -2 ? 0 : 5;
}
`;
const PROGRAM = `${CALLS}int main(int n, char **v) { return work(v[n - 1]); }`;
const LOADER = `#include <dlfcn.h>
int main(int n, char **v) {
  void *library = dlopen(v[1], RTLD_NOW);
  int (*work)(const char *) = library ? (int (*)(const char *))dlsym(library, "work") : 0;
  return work ? work(v[n - 1]) : 9;
}`;
/** Neither the instructions before the call nor those after it can be executed elsewhere. */
const WITHOUT_ROOM = `int main(int n, char **v) {
  long r = 87; (void)n;
  __asm__ volatile("mov $87, %%eax; test %%rdi, %%rdi; jz 1f; syscall; jmp 1f; ud2; 1:" : "=a"(r) : "D"(v[1]) : "rcx", "r11", "memory");
  return r != 0;
}`;

const base = mkdtempSync(join(tmpdir(), 'raw-calls-'));
const over = join(base, 'over');
const outside = join(base, 'outside');
const compile = (name: string, source: string, ...flags: string[]): string => {
  const out = join(base, name);
  writeFileSync(`${out}.c`, source);
  const made = spawnSync('gcc', [...flags, '-w', '-include', 'stdio.h', '-o', out, `${out}.c`], {
    encoding: 'utf8',
  });
  assert.is(made.status, 0, made.stderr);
  return out;
};

const raw = suite('system calls by instructions of the program');
const missing = process.arch !== 'x64' ? 'x86-64' : spawnSync('gcc', ['--version']).error ? 'gcc' : undefined;
if (missing) console.log(`\nskipped: raw system calls: no ${missing} here`);
else {
  for (const directory of [over, outside]) mkdirSync(directory);
  const session = await TestSession.open({ mounts: ['/v'], overlays: [over] });
  raw.after(async () => {
    await session.close();
    rmSync(base, { recursive: true, force: true });
  });
  const FILES = ['f.directory', 'f.renamed'];
  const sameEverywhere = async (command: string): Promise<void> => {
    const native = spawnSync('sh', ['-c', `${command} ${outside}/f`], { encoding: 'utf8' });
    assert.is(native.status, 0, native.stderr);
    assert.equal(readdirSync(outside).sort(), FILES);
    for (const tree of ['/v', over]) {
      const ran = await session.sh(
        `${command} ${tree}/f && ls ${tree} && cat ${tree}/f.renamed; s=$?; rm -r ${tree}/f.*; exit $s`,
      );
      assert.is(ran.status, 0, ran.stderr);
      assert.is(ran.stdout, `${FILES.join('\n')}\nraw\n`, tree);
      assert.equal(readdirSync(over), [], 'the real directory is unchanged');
    }
  };
  raw.after.each(() => {
    for (const name of readdirSync(outside)) rmSync(join(outside, name), { recursive: true });
    for (const name of readdirSync(over)) rmSync(join(over, name), { recursive: true });
  });
  for (const level of LEVELS) {
    raw(`a program compiled with ${level}`, async () => {
      await sameEverywhere(compile(`program${level}`, PROGRAM, level));
    });
    raw(`a library loaded later, compiled with ${level}`, async () => {
      const loader = compile('loader', LOADER);
      await sameEverywhere(`${loader} ${compile(`library${level}.so`, CALLS, level, '-shared', '-fPIC')}`);
    });
  }

  raw('a call that cannot be replaced: the program does not run', async () => {
    const program = compile('without-room', WITHOUT_ROOM, '-O1');
    const ran = await session.sh(`echo x > ${over}/f; ${program} ${over}/f`);
    assert.is(ran.status, 126, ran.stderr);
    assert.match(ran.stderr, /past the C library.*--allow-uncovered/);
    assert.is((await session.sh(`cat ${over}/f; rm ${over}/f`)).stdout, 'x\n');
  });
}
raw.run();
