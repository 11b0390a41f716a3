/** Large real files are read in place: a reader that opened a file before the first write still sees later writes. */
import { readFileSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { directory, plant } from '../core/overlay/trees.ts';
import { python as interpreter } from '../programs/support.ts';
import { TestSession } from '../support/session.ts';

const SIZE = 300_000;
const OLD = 'o'.repeat(SIZE);
const lower = directory();
const NAMES = [
  'dup',
  'fork',
  'exec',
  'spawn',
  'two',
  'calls',
  'trunc',
  'gone',
  'lock',
  'side',
  'map',
  'late',
  'cli',
  'raw',
];
plant(lower, Object.fromEntries(NAMES.map((name) => [name, OLD])));

const session = await TestSession.open({ overlays: [lower] });
const inPlace = suite('reading in place');
inPlace.after(async () => {
  await session.close();
  for (const name of NAMES)
    assert.is(readFileSync(`${lower}/${name}`, 'utf8'), OLD, 'the real file is as it was');
  rmSync(lower, { recursive: true });
});

/** `into(name, at, text)` writes by another process of the session; the rest is each test's own. */
const PRELUDE = `
import fcntl, mmap, os, sys
def into(name, at, text, branch=None):
    pid = os.posix_spawn('/bin/sh', ['sh', '-c', 'printf %s "$2" | dd of="$0" bs=1 seek="$1" conv=notrunc status=none', name, str(at), text], os.environ)
    assert os.waitpid(pid, 0)[1] == 0
def in_place(fd): return os.readlink('/proc/self/task/%d/fd/%d' % (os.getpid(), fd))
`;

async function python(text: string): Promise<string> {
  const ran = await session.run(interpreter ?? 'python3', ['-c', PRELUDE + text], { cwd: lower });
  assert.is(ran.stderr, '');
  assert.is(ran.status, 0);
  return ran.stdout;
}

inPlace('two processes, opened apart', async () => {
  const out = await python(`
a = os.open('two', os.O_RDONLY); b = os.open('two', os.O_RDONLY)
os.lseek(b, 100, os.SEEK_SET)
print(os.read(a, 3), os.read(b, 3), os.fstat(a).st_size)
into('two', 3, 'NEW'); into('two', ${SIZE}, 'end')
print(os.read(a, 4), os.read(b, 3), os.fstat(a).st_size, os.lseek(a, -3, os.SEEK_END), os.read(a, 9))
into('two', 103, 'more'); os.lseek(b, 103, os.SEEK_SET); print(os.read(b, 4))
os.close(a); os.close(b)`);
  assert.is(out, `b'ooo' b'ooo' ${SIZE}\nb'NEWo' b'ooo' ${SIZE + 3} ${SIZE} b'end'\nb'more'\n`);
});

inPlace('duplicates keep one offset, and their own close-on-exec', async () => {
  const out = await python(`
a = os.open('dup', os.O_RDONLY); b = os.dup(a); os.dup2(a, 50, inheritable=True); c = os.open('dup', os.O_RDONLY)
os.read(a, 2)
into('dup', 0, '0123456789')
print(os.read(b, 2), os.read(a, 2), os.read(50, 2), os.lseek(b, 0, os.SEEK_CUR), os.read(c, 2))
print([os.get_inheritable(fd) for fd in (a, b, 50, c)])
os.close(a); print(os.read(50, 1)); os.close(b); os.close(50); os.close(c)`);
  assert.is(out, "b'23' b'45' b'67' 8 b'01'\n[False, False, True, False]\nb'8'\n");
});

inPlace('a fork shares its offset, whoever of the two reads first', async () => {
  const out = await python(`
a = os.open('fork', os.O_RDONLY); os.read(a, 1)
def pipes(): return os.pipe() + os.pipe()
r, w, back, go = pipes()
if os.fork() == 0:
    os.read(back, 1); os.write(w, os.read(a, 2)); os.read(back, 1); os.write(w, os.read(a, 2)); os._exit(0)
into('fork', 0, '0123456789')
def child(): os.write(go, b'.'); return os.read(r, 9)
print(os.read(a, 2), child(), os.read(a, 2), child(), os.read(a, 1)); os.wait()`);
  assert.is(out, "b'12' b'34' b'56' b'78' b'9'\n");
});

for (const [how, flag] of [
  ['by vfork', 'close_fds=False'],
  ['by fork', 'close_fds=False, preexec_fn=lambda: None'],
] as const)
  inPlace(`so does a program that inherits it before the writer comes, started ${how}`, async () => {
    const name = how === 'by fork' ? 'exec' : 'raw';
    const out = await python(`
import subprocess
a = os.open('${name}', os.O_RDONLY); os.set_inheritable(a, True); os.read(a, 1)
child = 'import os, sys\\nprint("in", flush=True)\\nfor _ in sys.stdin: print(os.read(%d, 2).decode(), flush=True)' % a
p = subprocess.Popen([sys.executable, '-c', child], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, ${flag})
def ask(): print('.', file=p.stdin, flush=True); return p.stdout.readline().strip()
p.stdout.readline(); into('${name}', 0, '0123456789')
print(os.read(a, 2), ask(), os.read(a, 2), ask()); p.stdin.close(); p.wait()`);
    assert.is(out, "b'12' 34 b'56' 78\n");
  });

inPlace('and one that inherits it after the writer', async () => {
  const out = await session.sh(
    `exec 3<spawn; printf 0123456789 | dd of=spawn conv=notrunc status=none
     cat() { $PY -c 'import os; print(os.read(3, 2).decode())'; }; cat; cat; read -r -N 2 x <&3; echo $x; cat`,
    { cwd: lower, env: { PY: interpreter ?? 'python3' } },
  );
  assert.is(out.stderr, '');
  assert.is(out.stdout, '01\n23\n45\n67\n');
});

inPlace('every call that reads', async () => {
  const out = await python(`
fds = [os.open('calls', os.O_RDONLY) for _ in range(7)]
p, v, pv, sf, cf, sp, se = fds
into('calls', 0, 'HELLO'); into('calls', ${SIZE}, '!')
print(os.pread(p, 5, 0))
x = bytearray(5); os.readv(v, [x]); print(bytes(x)); os.preadv(pv, [x], 1); print(bytes(x))
o = os.open('out', os.O_RDWR | os.O_CREAT); os.sendfile(o, sf, 0, 5); os.copy_file_range(cf, o, 5, 1)
r, w = os.pipe(); os.splice(sp, w, 5); print(os.read(r, 9))
print(os.pread(o, 99, 0), os.lseek(se, 0, os.SEEK_END)); os.unlink('out')`);
  assert.is(out, `b'HELLO'\nb'HELLO'\nb'ELLOo'\nb'HELLO'\nb'HELLOELLOo' ${SIZE + 1}\n`);
});

inPlace('a copy that is emptied, rewritten and unlinked is still read by who has it open', async () => {
  const out = await python(`
a = os.open('trunc', os.O_RDONLY); g = os.open('gone', os.O_RDONLY); os.read(g, 1)
os.truncate('trunc', 0); print(os.read(a, 5)); into('trunc', 0, 'again'); print(os.read(a, 9))
into('gone', 0, 'last words'); os.unlink('gone'); print(os.read(g, 9), os.path.exists('gone'), os.fstat(g).st_nlink)`);
  assert.is(out, "b''\nb'again'\nb'ast words' False 0\n");
});

inPlace('a locked one stays, and says so in the log', async () => {
  const out = await python(`
a = os.open('lock', os.O_RDONLY); fcntl.flock(a, fcntl.LOCK_SH)
into('lock', 0, 'new'); print(os.read(a, 3)); print(os.read(a, 3))`);
  assert.is(out, "b'ooo'\nb'ooo'\n");
});

inPlace('a map made before keeps the bytes; one made after has the new', async () => {
  const out = await python(`
a = os.open('map', os.O_RDONLY); m = mmap.mmap(a, 10, prot=mmap.PROT_READ)
into('map', 0, 'new'); n = mmap.mmap(a, 10, prot=mmap.PROT_READ)
print(m[:3], os.read(a, 3), n[:3])`);
  assert.is(out, "b'ooo' b'new' b'new'\n");
});

inPlace('what commands write is seen, too', async () => {
  const program = session.start(
    interpreter ?? 'python3',
    [
      '-c',
      `${PRELUDE}
a = os.open('cli', os.O_RDONLY); print('open', flush=True); input(); print(os.read(a, 3).decode(), flush=True)`,
    ],
    { cwd: lower },
  );
  const lines = createInterface({ input: program.child.stdout! })[Symbol.asyncIterator]();
  assert.is((await lines.next()).value, 'open');
  session.core.fs.writeFileSync(`${lower}/cli`, 'told by command');
  program.child.stdin!.end('\n');
  assert.is((await lines.next()).value, 'tol');
  assert.is(await program.status, 0);
});

inPlace('another branch’s writer is none of ours', async () => {
  session.core.createBranch('aside');
  const program = session.start(
    interpreter ?? 'python3',
    [
      '-c',
      `${PRELUDE}
a = os.open('side', os.O_RDONLY); print('open', flush=True)
while input(): print(os.read(a, 3).decode(), flush=True)`,
    ],
    { cwd: lower },
  );
  const lines = createInterface({ input: program.child.stdout! })[Symbol.asyncIterator]();
  const ask = async () => {
    program.child.stdin!.write('.\n');
    return (await lines.next()).value;
  };
  assert.is((await lines.next()).value, 'open');
  await session.sh('echo aside > side', { cwd: lower, branch: 'aside' });
  assert.is(await ask(), 'ooo');
  await session.sh('printf xxxxxx | dd of=side conv=notrunc status=none', { cwd: lower });
  assert.is(await ask(), 'xxx');
  assert.is(await ask(), 'ooo');
  program.child.stdin!.end('\n');
  assert.is(await program.status, 0);
});

inPlace('nothing is left of readers that went', async () => {
  await python(`
fds = [os.open('late', os.O_RDONLY) for _ in range(20)]
into('late', 0, 'x'); [os.read(fd, 1) for fd in fds[:10]]`);
  assert.is(session.host.session.inPlace.size, 0);
});

inPlace.run();
