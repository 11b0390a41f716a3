/** Random operations on a few names, on tmpfs and on a mount: equal results, line by line. */
import { mkdtempSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { removeTree } from '../support/self.ts';
import { bare, compiled, TestSession } from '../support/session.ts';

const program = compiled(fileURLToPath(new URL('programs/ops.c', import.meta.url)));
const real = mkdtempSync('/dev/shm/shimfs-random-');
const mount = `/${'r'.repeat(real.length - 1)}`;
const session = await TestSession.open({ mounts: [mount] });
const RUNS = 100;

const random = suite('random scripts');
random.after(async () => {
  await session.close();
  removeTree(real);
});

const name = fc.constantFrom('a', 'b', 'c', 'd');
const step = fc.oneof({ arbitrary: name, weight: 8 }, fc.constantFrom('..', '.', ''));
const path = fc
  .tuple(
    fc.constantFrom('@/', '@/', '@/', ''),
    fc.array(step, { minLength: 1, maxLength: 3 }),
    fc.constantFrom('', '', '', '', '/'),
  )
  .map(([start, steps, end]) => `${start}${steps.join('/')}${end}`)
  // `..` at the script's directory leads to other scripts'; an empty word is none.
  .filter(
    (p) =>
      p !== '' &&
      p !== '/' &&
      !p.startsWith('@/..') &&
      !/(^|\/)\.\.\/\.\./.test(p) &&
      !p.startsWith('..') &&
      !p.startsWith('/') &&
      depth(p) >= 0,
  );
const fd = fc.integer({ min: 0, max: 4 }).map((n) => `%${n}`);
const mode = fc.constantFrom('0644', '0755', '0600', '0700', '0444');
const size = fc.constantFrom('0', '1', '3', '10', '5000');
const text = fc.constantFrom('x', 'hello', 'a-longer-text', '*3000*q');
const flags = fc.constantFrom(
  'O_RDONLY',
  'O_RDWR',
  'O_WRONLY|O_APPEND',
  'O_RDWR|O_CREAT',
  'O_RDWR|O_CREAT|O_EXCL',
  'O_WRONLY|O_CREAT|O_TRUNC',
  'O_RDONLY|O_DIRECTORY',
  'O_RDONLY|O_NOFOLLOW',
  'O_PATH',
);

/** How far below its start a path ends; less than none on the way: it would leave the script's directory. */
function depth(p: string): number {
  let level = 0;
  for (const part of p.replace(/^@\//, '').split('/')) {
    if (part === '..') level--;
    else if (part !== '' && part !== '.') level++;
    if (level < 0) return level;
  }
  return level;
}

const op = (...words: (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> =>
  fc
    .tuple(...words.map((word) => (typeof word === 'string' ? fc.constant(word) : word)))
    .map((w) => w.join(' '));

const operation = fc.oneof(
  { weight: 4, arbitrary: op('put', path, text) },
  { weight: 4, arbitrary: op('mkdir', path, mode) },
  { weight: 5, arbitrary: op('open', fd, path, flags, mode) },
  op('close', fd),
  op('rmdir', path),
  op('unlink', path),
  op('remove', path),
  { weight: 3, arbitrary: op('rename', path, path) },
  op('renameat2', 'cwd', path, 'cwd', path, fc.constantFrom('RENAME_NOREPLACE', 'RENAME_EXCHANGE')),
  { weight: 2, arbitrary: op('link', path, path) },
  { weight: 2, arbitrary: op('symlink', fc.constantFrom('a', 'b', 'c/d', '../a', '@/b', 'd'), path) },
  op('readlink', path),
  { weight: 2, arbitrary: op('stat', path) },
  { weight: 2, arbitrary: op('lstat', path) },
  { weight: 2, arbitrary: op('fstat', fd) },
  op('cat', path),
  op('ls', path),
  op('access', path, fc.constantFrom('F_OK', 'R_OK', 'W_OK', 'X_OK')),
  op('chmod', path, mode),
  op('fchmod', fd, mode),
  op('truncate', path, size),
  op('ftruncate', fd, size),
  { weight: 2, arbitrary: op('write', fd, text) },
  op('pwrite', fd, text, size),
  op('read', fd, size),
  op('pread', fd, size, size),
  op('seek', fd, size, fc.constantFrom('SEEK_SET', 'SEEK_CUR', 'SEEK_END')),
  op('dup', fd, fd),
  op('openat', fd, fd, name, flags, mode),
  op('fstatat', fd, name, fc.constantFrom('0', 'AT_SYMLINK_NOFOLLOW')),
  op('mkdirat', fd, name, mode),
  op('unlinkat', fd, name, fc.constantFrom('0', 'AT_REMOVEDIR')),
  op('realpath', path),
  op('chdir', fc.constantFrom('@', '@/a', '@/b', '@/a/b')),
  op('getcwd'),
  op('list', fd),
  op('chown', path, fc.constantFrom('0', '5'), fc.constantFrom('0', '7')),
  op('utimensat', 'cwd', path, '10', '20', '30', '40', fc.constantFrom('0', 'AT_SYMLINK_NOFOLLOW')),
  op('setxattr', path, 'user.k', text, '0'),
  op('getxattr', path, 'user.k', '100'),
);

let run = 0;
random('equal results', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(operation, { minLength: 30, maxLength: 150, size: 'max' }),
      async (operations) => {
        const input = [`begin r${run++}`, ...operations].join('\n');
        const [wanted, got] = await Promise.all([
          bare(program, [real], { input }),
          session.run(program, [mount], { input }),
        ]);
        const ours = got.stdout.split('\n');
        const kernels = wanted.stdout.split('\n');
        const at = kernels.findIndex((line, i) => line !== ours[i]);
        const before = kernels.slice(Math.max(0, at - 12), at).join('\n');
        assert.is(at, -1, `${before}\nkernel: ${kernels[at]}\nshimfs: ${ours[at]}\n${got.stderr}`);
        assert.is(got.status, wanted.status);
      },
    ),
    {
      numRuns: Number(process.env.RUNS ?? RUNS),
      endOnFailure: process.env.SHRINK === undefined,
      includeErrorInReport: true,
    },
  );
});

random.run();
