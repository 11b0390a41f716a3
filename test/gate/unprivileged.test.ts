/** Permissions of an ordinary user: the kernel's answers on tmpfs and those of shimfs, also if root runs the tests. */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { removeTree } from '../support/self.ts';
import { bare, compiled, TestSession } from '../support/session.ts';
import { becomeUnprivileged, GROUP, NOBODY } from '../support/unprivileged.ts';
import { rights, strangers } from './rights.ts';
import { scripts } from './scripts.ts';

const real = mkdtempSync('/dev/shm/shimfs-rights-');
chmodSync(real, 0o755);
const mount = `/${'v'.repeat(real.length - 1)}`;
const WHO = {
  me: [NOBODY, NOBODY],
  root: [0, 0],
  group: [0, NOBODY],
  further: [0, GROUP],
  mine: [NOBODY, 0],
} as const;

/** Files of others, which only root can make. */
function plantReal(): void {
  mkdirSync(`${real}/theirs`);
  chownSync(`${real}/theirs`, NOBODY, NOBODY);
  for (const { path, type, mode, who } of strangers) {
    const at = `${real}/theirs/${path}`;
    if (type === 'directory') mkdirSync(at);
    else if (type === 'symlink') symlinkSync('f644', at);
    else writeFileSync(at, 'text');
    if (type === 'symlink') continue;
    chownSync(at, WHO[who][0], WHO[who][1]);
    chmodSync(at, mode);
  }
}

const { changed, gate, programs } = becomeUnprivileged(
  [compiled(fileURLToPath(new URL('programs/ops.c', import.meta.url)))],
  [real],
  plantReal,
);
const program = programs[0]!;
const session = await TestSession.open({ mounts: [mount], gate });

function plantVirtual(): void {
  const view = session.core.view('main', { pid: 0, uid: 0, gid: 0, umask: 0 });
  view.mkdir({ path: `${mount}/theirs` }, 0o755);
  view.chown({ path: `${mount}/theirs` }, NOBODY, NOBODY);
  for (const { path, type, mode, who } of strangers) {
    const at = { path: `${mount}/theirs/${path}` };
    if (type === 'directory') view.mkdir(at);
    else if (type === 'symlink') view.symlink('f644', at);
    else {
      const { ino } = view.openLocal(at, 0o101);
      view.write(ino, Buffer.from('text'), 0, 4, 0);
    }
    if (type === 'symlink') continue;
    view.chown(at, WHO[who][0], WHO[who][1]);
    view.chmod(at, mode);
  }
}

const all: Record<string, string> = { ...scripts, ...rights.own };
if (changed) {
  plantVirtual();
  Object.assign(all, rights.theirs);
} else console.log('skipped: files of other users: only root can make them');

const test = suite('rights of an ordinary user');
test.after(async () => {
  await session.close();
  if (!changed) removeTree(real);
});

const names = Object.keys(all);
const directory = (name: string, i: number): string => (name in rights.theirs ? 'theirs' : `s${i}`);
const input = names
  .map((name, i) => [`begin ${directory(name, i)}`, ...all[name]!.split('\n').map((line) => line.trim())])
  .map((lines) => lines.filter(Boolean).join('\n'))
  .join('\n');
const sections = (stdout: string): string[] => stdout.split(/^== .*\n/m).slice(1);
const wanted = await bare(program, [real], { input });
const got = await session.run(program, [mount], { input });

test('both runs go to their end', () => {
  assert.is(wanted.status, 0, wanted.stdout.slice(-300));
  assert.is(got.status, 0, `${got.stderr}\n${got.stdout.slice(-300)}`);
  assert.is(got.stderr, '');
});

test('much of it is refused: else nothing was compared', () => {
  const refused = (code: string): number => wanted.stdout.split(code).length - 1;
  assert.ok(refused('EACCES') > 30, `${refused('EACCES')} × EACCES`);
  assert.ok(refused('EPERM') > (changed ? 12 : 3), `${refused('EPERM')} × EPERM`);
});

names.forEach((name, i) => {
  test(name, () => {
    const [ours, kernels] = [got, wanted].map((ran) => (sections(ran.stdout)[i] ?? '').split('\n'));
    const different = kernels!.flatMap((line, k) =>
      line === ours![k] ? [] : [`kernel: ${line}`, `shimfs: ${ours![k]}`],
    );
    assert.is(different.join('\n'), '', different.join('\n'));
    assert.is(ours!.length, kernels!.length);
  });
});

test.run();
