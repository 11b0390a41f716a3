/**
 * A script on a real tmpfs directory and on a virtual directory: its output, its status and the tree that it leaves
 * must be equal.
 *
 * The tree is read from outside, by the kernel's calls there and by the core's here: no covered program is its own
 * witness. Times and inode numbers differ by nature and are compared inside scripts, by the programs' output.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
} from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FsView } from '../../core/fs-view.ts';
import { decodePath, encodePath } from '../../core/path-bytes.ts';
import { removeTree } from '../support/self.ts';
import { bare, type Ran, TestSession } from '../support/session.ts';

export interface Script {
  readonly name: string;
  /** For bash, in a directory of its own; `$R` is its absolute path. Any failing command ends it. */
  readonly script: string;
  /** Commands without which there is nothing to compare. */
  readonly needs?: readonly string[];
  readonly limitMs?: number;
  /** Text that its output must contain: two scripts that do nothing are equal, too. */
  readonly says?: RegExp;
}

/** Files above this are compared by size only. */
const HASH_AT_MOST = 64 * 1024 * 1024;

/** The interpreter itself: a version manager's shim in front of it would be measured with it. */
export const python = ((): string | undefined => {
  try {
    return execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
})();

export function missing(commands: readonly string[]): string | undefined {
  return commands.find((command) => {
    try {
      execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' });
      return false;
    } catch {
      return true;
    }
  });
}

/** Says why there is nothing to test. @returns whether that is so */
export function skip(name: string, needs: readonly string[] = []): boolean {
  const absent = missing(needs);
  if (absent !== undefined) console.log(`skipped: ${name}: this machine has no ${absent}`);
  return absent !== undefined;
}

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

interface Record {
  readonly type: string;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
}

const line = (path: string, one: Record, more: string): string =>
  [
    JSON.stringify(path),
    one.type,
    (one.mode & 0o7777).toString(8),
    one.nlink,
    `${one.uid}:${one.gid}`,
    one.type === 'directory' ? '' : one.size,
    more,
  ].join(' ');

function realTree(root: string): string[] {
  const lines: string[] = [];
  const visit = (path: string): void => {
    const at = Buffer.from(encodePath(path));
    const s = lstatSync(at);
    const type = s.isDirectory()
      ? 'directory'
      : s.isSymbolicLink()
        ? 'symlink'
        : s.isFile()
          ? 'file'
          : 'other';
    const more =
      type === 'symlink'
        ? decodePath(readlinkSync(at, 'buffer'))
        : type === 'file' && s.size <= HASH_AT_MOST
          ? openedUp(at, s.mode, () => hash(readFileSync(at)))
          : '';
    lines.push(line(path.slice(root.length), { ...s, type, mode: s.mode, nlink: s.nlink }, more));
    if (type !== 'directory') return;
    openedUp(at, s.mode, () => {
      for (const name of readdirSync(at, 'buffer').map(decodePath).sort()) visit(`${path}/${name}`);
    });
  };
  visit(root);
  return lines;
}

function virtualTree(view: FsView, root: string): string[] {
  const lines: string[] = [];
  const visit = (path: string, ino: number): void => {
    const s = view.stat({ dir: ino, path: '' }, { follow: false });
    const type = ['directory', 'symlink', 'file'].includes(s.type) ? s.type : 'other';
    const more =
      type === 'symlink'
        ? view.readlink({ dir: ino, path: '' })
        : type === 'file' && s.size <= HASH_AT_MOST
          ? hash(view.readFile(ino))
          : '';
    lines.push(line(path.slice(root.length), { ...s, type }, more));
    if (type !== 'directory') return;
    const entries = view.readdir({ dir: ino, path: '' }).filter(({ name }) => name !== '.' && name !== '..');
    for (const { name, ino: child } of entries.sort((a, b) => (a.name < b.name ? -1 : 1)))
      visit(`${path}/${name}`, child);
  };
  visit(root, view.stat({ path: root }).ino);
  return lines;
}

export interface Places {
  readonly session: TestSession;
  /** On tmpfs, and virtual; of equal length, for sizes that depend on it. */
  readonly real: string;
  readonly mount: string;
}

export async function places(): Promise<Places> {
  const real = mkdtempSync('/dev/shm/shimfs-programs-');
  const mount = `/${'v'.repeat(real.length - 1)}`;
  return { session: await TestSession.open({ mounts: [mount] }), real, mount };
}

export function environment(root: string): NodeJS.ProcessEnv {
  return {
    R: root,
    PY: python ?? '',
    NODE: process.execPath,
    NODE_OPTIONS: '',
    HOME: root,
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONHASHSEED: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'A',
    GIT_AUTHOR_EMAIL: 'a@example.org',
    GIT_COMMITTER_NAME: 'A',
    GIT_COMMITTER_EMAIL: 'a@example.org',
    GIT_AUTHOR_DATE: '2001-01-01T00:00:00Z',
    GIT_COMMITTER_DATE: '2001-01-01T00:00:00Z',
  };
}

const listed = (lines: readonly string[]): string => `${lines.slice(0, 20).join('\n')}\n`;

/** Runs the script in both places. */
export async function both(
  { session, real, mount }: Places,
  { name, script, limitMs }: Script,
): Promise<{ ours: Ran; kernels: Ran; roots: readonly [ours: string, kernels: string] }> {
  const own = name.replaceAll(/[^a-z0-9]+/gi, '-');
  const roots = [`${mount}/${own}`, `${real}/${own}`] as const;
  session.core.fs.mkdirSync(roots[0], { mode: 0o755 });
  mkdirSync(roots[1], { mode: 0o755 });
  const args = ['-eu', '-c', `umask 022; cd "$R"\n${script}`];
  const [ours, kernels] = await Promise.all([
    session.run('bash', args, { env: environment(roots[0]), limitMs }),
    bare('bash', args, { env: environment(roots[1]), limitMs }),
  ]);
  return { ours, kernels, roots };
}

/** A suite of scripts, each of them in both places. */
export async function compare(title: string, scripts: readonly Script[]): Promise<void> {
  const where = await places();
  const tests = suite(title);
  tests.after(async () => {
    await where.session.close();
    removeTree(where.real);
  });
  for (const one of scripts) {
    if (skip(one.name, one.needs)) continue;
    tests(one.name, async () => {
      const { ours, kernels, roots } = await both(where, one);
      assert.is(kernels.status, 0, `on the real directory: ${kernels.stdout.slice(-500)}${kernels.stderr}`);
      assert.match(kernels.stdout, one.says ?? /\S/);
      const plain = (text: string): string => text.replaceAll(roots[1], roots[0]);
      assert.is(ours.stderr, plain(kernels.stderr), `${ours.stdout.slice(-500)}${ours.stderr}`);
      assert.is(ours.stdout, plain(kernels.stdout));
      assert.is(ours.status, kernels.status);
      const tree = new Set(virtualTree(where.session.core.view('main', ROOT), roots[0]));
      const wanted = new Set(realTree(roots[1]).map(plain));
      const more = [...tree].filter((entry) => !wanted.has(entry));
      const less = [...wanted].filter((entry) => !tree.has(entry));
      assert.is(listed(more), listed(less), `only virtual:\n${listed(more)}only real:\n${listed(less)}`);
      assert.is(tree.size, wanted.size);
    });
  }
  tests.run();
}

const ROOT = { pid: process.pid, uid: 0, gid: 0, umask: 0 };

/** A script may leave directories without permissions: opens them to read them, and restores their modes. */
function openedUp<T>(at: Parameters<typeof chmodSync>[0], mode: number, look: () => T): T {
  const shut = (mode & 0o700) !== 0o700 && process.getuid?.() !== 0;
  if (shut) chmodSync(at, mode | 0o700);
  try {
    return look();
  } finally {
    if (shut) chmodSync(at, mode & 0o7777);
  }
}
