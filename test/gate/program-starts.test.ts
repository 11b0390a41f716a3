/**
 * Programs that the gate cannot come into, started in every way there is: none runs, and none writes the real
 * directory of an overlay.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestSession } from '../support/session.ts';

const base = mkdtempSync(join(tmpdir(), 'starts-'));
chmodSync(base, 0o755); // a child of another user looks into it
const over = join(base, 'over');
const bin = join(base, 'bin');
mkdirSync(over);
mkdirSync(bin);
chmodSync(base, 0o755);

const C = `#include <fcntl.h>
#include <unistd.h>
int main(int n, char **v) { int fd = open(v[n - 1], O_WRONLY | O_CREAT, 0644); return fd < 0 || write(fd, "x", 1) != 1; }`;
const GO = `package main
import "os"
func main() { if os.WriteFile(os.Args[len(os.Args)-1], []byte("x"), 0644) != nil { os.Exit(1) } }`;
writeFileSync(join(bin, 'write.c'), C);
writeFileSync(join(bin, 'write.go'), GO);
writeFileSync(join(bin, 'cgo.go'), GO.replace('import "os"', 'import "C"\nimport "os"'));

interface Build {
  readonly name: string;
  readonly command: readonly string[];
  readonly reason: RegExp;
}
const go = (out: string, source: string, ...flags: string[]): string[] => [
  'go',
  'build',
  ...flags,
  '-o',
  out,
  source,
];
const BUILDS: readonly Build[] = [
  { name: 'static', command: ['gcc', '-static', '-o', 'static', 'write.c'], reason: /statically linked/ },
  {
    name: 'static-pie',
    command: ['gcc', '-static-pie', '-o', 'static-pie', 'write.c'],
    reason: /statically linked/,
  },
  { name: 'musl', command: ['musl-gcc', '-o', 'musl', 'write.c'], reason: /another C library/ },
  {
    name: 'musl-static',
    command: ['musl-gcc', '-static', '-o', 'musl-static', 'write.c'],
    reason: /statically linked/,
  },
  { name: 'go', command: go('go', 'write.go'), reason: /Go program/ },
  { name: 'cgo', command: go('cgo', 'cgo.go', '-ldflags=-linkmode=external'), reason: /Go program/ },
];

function build({ name, command: [tool, ...args] }: Build): boolean {
  const made = spawnSync(tool, args, {
    cwd: bin,
    encoding: 'utf8',
    env: {
      ...process.env,
      GOCACHE: join(base, 'gocache'),
      GO111MODULE: 'off',
      CGO_ENABLED: name === 'cgo' ? '1' : '0',
    },
  });
  if (made.status === 0) return true;
  console.log(
    `\nskipped: programs of ${name}: ${tool} ${made.error?.message ?? made.stderr.trim().split('\n')[0]}`,
  );
  return false;
}
const built = BUILDS.filter(build);

/** Ways to start P, a program of the real file system or of the tree, with F as its last argument. */
const WAYS: Readonly<Record<string, string>> = {
  'a child': '$P $F',
  exec: 'exec $P $F',
  'execveat by descriptor': `python3 -c "import os,sys; os.execve(os.open('$P', os.O_RDONLY), ['p', '$F'], os.environ)"`,
  posix_spawn: `python3 -c "import os,sys; p = os.posix_spawn('$P', ['p', '$F'], os.environ); sys.exit(os.waitstatus_to_exitcode(os.waitpid(p, 0)[1]))"`,
  'the interpreter of a script': 'printf "#!$P\\n" > $S; chmod +x $S; $S $F',
  'the interpreter of an interpreter':
    'printf "#!$P\\n" > $S; printf "#!$S\\n" > $S.2; chmod +x $S $S.2; $S.2 $F',
  'the loader': '/lib64/ld-linux-x86-64.so.2 $P $F',
  env: 'env $P $F',
};

const starts = suite('starts of programs that cannot be covered');
starts.before.each(() => {
  for (const name of readdirSync(over)) rmSync(join(over, name));
});
starts.after(() => rmSync(base, { recursive: true, force: true }));

const session = await TestSession.open({ overlays: [over], mounts: ['/v'] });
starts.after(() => session.close());

for (const one of built)
  for (const [way, line] of Object.entries(WAYS)) {
    if (way === 'the loader' && (!existsSync('/lib64/ld-linux-x86-64.so.2') || !['cgo'].includes(one.name)))
      continue;
    starts(`${one.name}: ${way}`, async () => {
      for (const place of ['real', 'tree']) {
        const program = place === 'real' ? join(bin, one.name) : `/v/${one.name}`;
        if (place === 'tree' && way === 'the loader') continue;
        const scripts = place === 'real' ? join(base, 'script') : '/v/script';
        const setUp = place === 'tree' ? `cp ${join(bin, one.name)} ${program};` : '';
        const ran = await session.sh(`${setUp} P=${program} F=${over}/f S=${scripts}; ${line}`);
        assert.is.not(ran.status, 0, `${place}: ${ran.stdout}${ran.stderr}`);
        assert.match(ran.stderr, one.reason, place);
        assert.equal(readdirSync(over), []);
        assert.is((await session.sh(`ls ${over}`)).stdout, '', 'the view is unchanged, too');
      }
    });
  }

starts('a program that may be executed and not read', async () => {
  copyFileSync('/bin/true', join(bin, 'secret'));
  chmodSync(join(bin, 'secret'), 0o711);
  if (process.getuid?.() === 0) return console.log('\nskipped: root may read every file');
  const ran = await session.sh(`${bin}/secret`);
  assert.match(ran.stderr, /cannot be read/);
});

starts('a child with another user id is covered', async () => {
  if (process.getuid?.() !== 0) return console.log('\nskipped: only root can change its user id');
  const ran = await session.sh(
    `chmod 777 ${over}; setpriv --reuid 65534 --regid 65534 --clear-groups sh -c 'echo x > ${over}/f'; cat ${over}/f; rm ${over}/f`,
  );
  assert.is(ran.stderr, '');
  assert.is(ran.stdout, 'x\n');
  assert.equal(readdirSync(over), []);
});

starts('a child whose effective user is not its real user', async () => {
  if (process.getuid?.() !== 0) return console.log('\nskipped: only root can change its user id');
  const ran = await session.sh(`perl -e '$> = 65534; exec "touch", "${over}/f" or exit 3'`);
  assert.is(ran.status, 3);
  assert.match(ran.stderr, /real and effective user differ/);
  assert.equal(readdirSync(over), []);
});

starts('a child in another root directory, where no mount has a name', async () => {
  if (process.getuid?.() !== 0) return console.log('\nskipped: only root can change its root directory');
  const [first] = built;
  if (!first) return console.log('\nskipped: no compiler made a program');
  const root = join(base, 'root');
  mkdirSync(join(root, 'bin'), { recursive: true });
  copyFileSync(join(bin, first.name), join(root, 'bin', 'p'));
  const ran = await session.sh(`chroot ${root} /bin/p /made; echo $?; chroot ${base} /bin/p /made`);
  assert.match(ran.stdout, /^0\n/, ran.stderr);
  assert.ok(existsSync(join(root, 'made')));
  assert.match(ran.stderr, /chroot into or above the virtual tree/);
  assert.equal(readdirSync(over), []);
});

starts('a program with capabilities of its own, started by another user', async () => {
  const setcap = spawnSync('setcap', ['cap_net_raw=ep', join(bin, 'write.c')]);
  if (process.getuid?.() !== 0 || setcap.status !== 0)
    return console.log('\nskipped: setcap does not work here');
  copyFileSync('/bin/cat', join(bin, 'capable'));
  execFileSync('setcap', ['cap_net_raw=ep', join(bin, 'capable')]);
  const ran = await session.sh(`python3 -c "
import os
os.seteuid(65534)
os.execv('${bin}/capable', ['capable', '/v/nothing'])"`);
  assert.is.not(ran.status, 0);
  assert.match(ran.stderr, /capabilities|library cannot be read/);
});

starts('--allow-uncovered lets them run', async () => {
  const open = await TestSession.open({ overlays: [over], allowUncovered: true });
  try {
    const [first] = built;
    if (!first) return console.log('\nskipped: no compiler made a program');
    const ran = await open.sh(`${join(bin, first.name)} ${over}/f`);
    assert.is(ran.status, 0, ran.stderr);
    assert.equal(readdirSync(over), ['f']);
  } finally {
    rmSync(join(over, 'f'), { force: true });
    await open.close();
  }
});

starts('the loader runs covered programs, and ldd tells of them', async () => {
  if (!existsSync('/lib64/ld-linux-x86-64.so.2'))
    return console.log('\nskipped: the loader has another name here');
  const ran = await session.sh('echo text > /v/t; /lib64/ld-linux-x86-64.so.2 /bin/cat /v/t; ldd /bin/cat');
  assert.match(ran.stdout, /^text\n/);
  assert.match(ran.stdout, /libc\.so/);
});
starts.run();
