/**
 * strace as witness: calls that the gate answers never reach the kernel, so a path under the mount, or one relative to a
 * virtual directory, that does reach it is a call that escaped.
 *
 * strace itself is a covered program; it traces the programs that it starts from their exec, with the loader's calls.
 * A virtual working directory and directory descriptor stand on placeholders of the object directory, which `-y`
 * shows beside them.
 *
 * `-i` shows the instruction of each call: once the gate is up, every call of its table must come from the gate.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bare, TestSession } from '../support/session.ts';
import { environment, skip } from './support.ts';

interface Count {
  /** File calls that the kernel saw. */
  calls: number;
  /** Those of them that name an object or placeholder by its path. */
  objects: number;
  readonly escaped: string[];
  /** Calls of the gate's table by an instruction outside the gate, after it came up. */
  readonly raw: string[];
}

const TEXT = /"((?:[^"\\]|\\.)*)"/;
const AT = /(AT_FDCWD|\d+)(?:<((?:[^>\\]|\\.)*)>)?, "((?:[^"\\]|\\.)*)"/g;
const TWO_PATHS = new Set(['rename', 'link']);
const NO_PATH = new Set(['getcwd', 'fchdir', 'fstat', 'statfs']);

interface Named {
  readonly path: string;
  /** The kernel's name of the directory that a relative path starts from, if strace prints it. */
  readonly from?: string;
}

/** The paths that a call gives the kernel to resolve. */
function named(call: string, text: string): Named[] {
  if (NO_PATH.has(call)) return [];
  if (call === 'symlink') return [{ path: /, "((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? '' }];
  const at = [...text.matchAll(AT)].map(([, , from, path]) => ({ from, path: path! }));
  if (/at\d*$|statx/.test(call) && !['stat', 'lstat', 'creat'].includes(call))
    return ['renameat', 'renameat2', 'linkat'].includes(call) ? at : at.slice(0, 1);
  const first = TEXT.exec(text);
  if (!first) return [];
  const second = TWO_PATHS.has(call) ? TEXT.exec(text.slice(first.index + first[0].length)) : null;
  return [first, ...(second ? [second] : [])].map((match) => ({ path: match[1]! }));
}

/** Which instructions are the gate's, in each process of a trace. */
class GateCode {
  /** Calls judged: without any, nothing has been proved. */
  judged = 0;
  private readonly ranges = new Map<string, { start: bigint; end: bigint; up: boolean }>();

  /** @returns whether the call was made past the gate: by another instruction, after the gate came up */
  passedBy(pid: string, at: bigint, call: string, text: string): boolean {
    const result = /= (0x[0-9a-f]+|\d+)$/.exec(text)?.[1];
    if (/^(clone3?|v?fork)$/.test(call)) {
      const range = this.ranges.get(pid);
      if (range && result) this.ranges.set(result, { ...range });
      return false;
    }
    if (call === 'execve' && / = 0$/.test(text)) this.ranges.delete(pid);
    if (call === 'mmap') {
      const [, length] = /^[^,]+, (\d+), PROT_READ\|PROT_EXEC,.*\/libshimfs[^/]*>/.exec(text) ?? [];
      if (length && result)
        this.ranges.set(pid, { start: BigInt(result), end: BigInt(result) + BigInt(length), up: false });
      return false;
    }
    const range = this.ranges.get(pid);
    if (!range) return false;
    const own = at >= range.start && at < range.end;
    // The gate's first call on its own behalf: libc's sites are replaced then.
    if (own && call === 'access' && text.startsWith('"/"')) range.up = true;
    if (range.up) this.judged++;
    return range.up && !own;
  }
}

/** @param tree the directory that must not be asked for @param objects where virtual directories stand */
function judge(trace: string, tree: string, objects: string, gate = new GateCode()): Map<string, Count> {
  const programs = new Map<string, string>();
  const counts = new Map<string, Count>();
  const within = (path: string | undefined, directory: string): boolean =>
    path !== undefined && `${path}/`.startsWith(`${directory}/`);
  for (const line of trace.split('\n')) {
    const resumed = /^(\d+)\s+\[[0-9a-f]+\] <\.\.\. (clone3?|v?fork|execve) resumed>.*( = \d+)$/.exec(line);
    if (resumed) gate.passedBy(resumed[1]!, 0n, resumed[2]!, resumed[3]!);
    const match = /^(\d+)\s+\[([0-9a-f]+)\] (\w+)\((.*)$/.exec(line);
    if (!match) continue;
    const [, pid, at, call, text] = match as unknown as [string, string, string, string, string];
    const past = gate.passedBy(pid, BigInt(`0x${at}`), call, text);
    if (call === 'mmap' || /^(clone3?|v?fork)$/.test(call)) continue;
    if (call === 'execve' && / = 0$/.test(text)) programs.set(pid, TEXT.exec(text)![1]!.split('/').pop()!);
    const name = programs.get(pid) ?? 'fork';
    const count = counts.get(name) ?? { calls: 0, objects: 0, escaped: [], raw: [] };
    counts.set(name, count);
    count.calls++;
    if (past) count.raw.push(line.slice(0, 200));
    for (const { path, from } of named(call, text)) {
      if (within(path, objects)) count.objects++;
      const relative = path !== '' && !path.startsWith('/');
      // Without a word of where from, none is allowed: these scripts live in the tree from their first step.
      if (
        within(path, tree) ||
        (relative && (from === undefined || within(from, objects) || within(from, tree)))
      )
        count.escaped.push(line.slice(0, 200));
    }
  }
  return counts;
}

const SCRIPTS: readonly (readonly [name: string, needs: readonly string[], script: string])[] = [
  [
    'coreutils, find, tar, sed',
    ['tar', 'find'],
    'mkdir -p a/b; echo x > a/f; cp -a a c; mv c d; ln -s f a/l; ln a/f a/h; rm -rf d; touch a/t; chmod -R 755 a; du -a > du; stat a/f > st; find . -type f -newer a -delete; find a -exec ls {} + > ls; tar cf t.tar a; mkdir x; tar -C x -xf t.tar; sed -i s/x/y/ a/f; split -l 1 ls p; sort ls -o ls; install -D a/f i/j; readlink -f a/l; truncate -s 9 a/f; dd if=a/f of=dd status=none; mktemp -p . > mk; cd a/b; ls ..; pwd; rm -r ../../x',
  ],
  [
    'bash, xargs, flock, setsid',
    ['flock', 'setsid'],
    'for i in 1 2 3; do (echo $i >> log); done; cat < log > log2; cat <<< here > h; shopt -s nullglob; echo * > g; [ log -nt g ] || true; printf "#!/bin/sh\\necho script > out\\n" > s; chmod +x s; ./s; seq 4 | xargs -P2 -I{} sh -c "echo {} > x{}"; flock l true; setsid -w sh -c "echo d > d"; cp /bin/true t; ./t; env -i /bin/ls > ls',
  ],
  [
    'git',
    ['git'],
    'git init -q -b main r; cd r; mkdir d; echo 1 > d/f; git add .; git commit -qm 1; git checkout -qb t; echo 2 > d/f; git commit -qam 2; git checkout -q main; git merge -q t; git gc -q; git fsck 2> /dev/null; git status -s; git stash list; git worktree add -q ../w -b w; git log --oneline > ../log',
  ],
  [
    'python3 and sqlite3',
    ['python3'],
    'mkdir p; echo "v = 1" > p/m.py; : > p/__init__.py; echo "import p.m, sqlite3, shutil, tempfile, os; c = sqlite3.connect(\\"d.db\\"); c.execute(\\"pragma journal_mode=wal\\"); c.execute(\\"create table t(a)\\"); c.commit(); c.close(); shutil.copytree(\\"p\\", \\"q\\"); shutil.rmtree(\\"q\\"); tempfile.mkstemp(dir=\\".\\"); os.listdir(\\".\\"); list(os.scandir(\\"p\\")); os.rename(\\"p\\", \\"r\\")" > m.py; "$PY" m.py',
  ],
  [
    'node',
    [],
    'mkdir d; echo "exports.x = 1" > d/m.js; echo "const fs = require(\\"fs\\"); require(\\"./d/m.js\\"); fs.writeFileSync(\\"f\\", \\"x\\"); fs.cpSync(\\"d\\", \\"e\\", { recursive: true }); fs.rmSync(\\"e\\", { recursive: true }); fs.promises.readFile(\\"f\\").then(() => fs.renameSync(\\"f\\", \\"g\\")); fs.readdirSync(\\".\\")" > m.js; "$NODE" m.js',
  ],
  [
    'make and gcc',
    ['make', 'gcc'],
    'echo "#include \\"h.h\\"" > m.c; echo "int main(void) { return V; }" >> m.c; echo "#define V 0" > h.h; printf "m: m.o\\n\\tcc -o m m.o\\nm.o: m.c h.h\\n\\tcc -c m.c\\n" > Makefile; make -s; ./m; make -s',
  ],
  [
    'perl',
    ['perl'],
    'echo "1;" > M.pm; perl -I. -MM -e "mkdir q(d); open F, q(>d/f); print F 1; close F; rename q(d/f), q(d/g); print glob(q(d/*)); unlink q(d/g); rmdir q(d)"',
  ],
  [
    'vim',
    ['vim'],
    'echo a > f; TERM=dumb vim -u NONE -i NONE -es -c "set backup writebackup" -c "%s/a/b/" -c wq f < /dev/null; cat f',
  ],
];

const tests = suite('coverage');
if (!skip('coverage', ['strace'])) {
  const work = mkdtempSync('/dev/shm/shimfs-coverage-');
  const mount = '/shimfs-coverage-tree';
  const session = await TestSession.open({ mounts: [mount] });
  tests.after(async () => {
    await session.close();
    rmSync(work, { recursive: true, force: true });
  });
  const trace = (out: string, root: string, script: string): string[] => [
    '-f',
    '-y',
    '-i',
    '-s',
    '8192',
    '-e',
    'trace=%file,fchdir,fstat,fchmod,fchown,ftruncate,getdents64,close,dup,dup2,dup3,fcntl,mmap,clone,clone3,fork,vfork',
    '-e',
    'signal=none',
    '-o',
    out,
    'bash',
    '-euc',
    `cd "${root}"; ${script}`,
  ];
  SCRIPTS.forEach(([name, needs, script], i) => {
    if (skip(name, needs)) return;
    tests(name, async () => {
      const [root, real] = [`${mount}/${i}`, join(work, String(i))];
      session.core.fs.mkdirSync(root);
      mkdirSync(real);
      const out = [join(work, `virtual-${i}`), join(work, `real-${i}`)] as const;
      const [ours, kernels] = await Promise.all([
        session.run('strace', trace(out[0], root, script), { env: environment(root), limitMs: 90_000 }),
        bare('strace', trace(out[1], real, script), { env: environment(real), limitMs: 90_000 }),
      ]);
      assert.is(kernels.status, 0, kernels.stderr);
      assert.is(ours.status, 0, ours.stderr);
      const gate = new GateCode();
      const counts = judge(readFileSync(out[0], 'utf8'), mount, session.host.session.objects, gate);
      assert.ok(gate.judged > 50, `the witness is blind: ${gate.judged} calls after the gate came up`);
      // The control: the same eyes on the same programs without the gate.
      const control = judge(readFileSync(out[1], 'utf8'), real, session.host.session.objects);
      const sum = (all: Map<string, Count>): number =>
        [...all.values()].reduce((total, { escaped }) => total + escaped.length, 0);
      assert.ok(sum(control) > 10, `the witness is blind: ${sum(control)} calls in the bare run`);
      const table = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
      console.log(
        `\ncoverage: ${name}: ${table.map(([program, { calls, objects, escaped }]) => `${program} ${calls}/${objects}/${escaped.length}`).join(', ')} (calls in the kernel/on objects/escaped); bare ${sum(control)} in the tree`,
      );
      const escaped = table.flatMap(([program, count]) => count.escaped.map((line) => `${program}: ${line}`));
      const raw = table.flatMap(([program, count]) => count.raw.map((line) => `${program}: ${line}`));
      assert.is(raw.length, 0, `calls by instructions outside the gate\n${raw.slice(0, 15).join('\n')}`);
      assert.is(escaped.length, 0, `\n${escaped.slice(0, 15).join('\n')}`);
    });
  });

  if (process.arch === 'x64' && !skip('a call past the gate', ['gcc']))
    tests('a call past the gate is seen', async () => {
      const open = await TestSession.open({ mounts: [mount], allowUncovered: true });
      try {
        const [source, program, out] = ['past.c', 'past', 'past-trace'].map((name) => join(work, name)) as [
          string,
          string,
          string,
        ];
        // unlink("/nothing") with neither before nor behind it an instruction that a jump could replace
        writeFileSync(
          source,
          'int main(void) { long r = 87; __asm__ volatile("test %%rdi, %%rdi; jz 1f; syscall; jmp 1f; ud2; 1:" : "+a"(r) : "D"("/nothing") : "rcx", "r11", "memory"); return r != -2; }',
        );
        assert.is((await bare('gcc', ['-o', program, source])).status, 0);
        const ran = await open.run('strace', trace(out, mount, program), { env: environment(mount) });
        assert.is(ran.status, 0, ran.stderr);
        const counts = judge(readFileSync(out, 'utf8'), mount, open.host.session.objects);
        assert.match(counts.get('past')?.raw.join('\n') ?? '', /unlink\("\/nothing"\)/);
      } finally {
        await open.close();
      }
    });
}
tests.run();
