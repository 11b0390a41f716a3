/** Runs a file event client through its script: makes the changes and compares its reports in order. */
import type { ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import { createInterface } from 'node:readline';
import type { FsView } from '../../core/fs-view.ts';

/** Changes of a tree, by absolute path. */
export interface Tree {
  create(path: string): void;
  append(path: string): void;
  chmod(path: string): void;
  touch(path: string): void;
  unlink(path: string): void;
  mkdir(path: string): void;
  rmdir(path: string): void;
  rename(from: string, to: string): void;
  symlink(target: string, path: string): void;
}

/** Number of mode changes of each path, so that each sets a different mode. */
const modes = new Map<string, number>();
const nextMode = (path: string): number => {
  const times = (modes.get(path) ?? 0) + 1;
  modes.set(path, times);
  return times % 2 ? 0o700 : 0o755;
};

export const realTree: Tree = {
  create: (path) => fs.closeSync(fs.openSync(path, 'wx')),
  append: (path) => fs.appendFileSync(path, 'more\n'),
  chmod: (path) => fs.chmodSync(path, nextMode(path)),
  touch: (path) => fs.utimesSync(path, 1e9, 1e9),
  unlink: (path) => fs.unlinkSync(path),
  mkdir: (path) => void fs.mkdirSync(path),
  rmdir: (path) => fs.rmdirSync(path),
  rename: (from, to) => fs.renameSync(from, to),
  symlink: (target, path) => fs.symlinkSync(target, path),
};

export const coreTree = (view: FsView): Tree => ({
  create: (path) => void view.mknod({ path }, 0o100644),
  append: (path) => void view.write(view.stat({ path }).ino, Buffer.from('more\n'), 0, 5, 'append'),
  chmod: (path) => view.chmod({ path }, nextMode(path)),
  touch: (path) => view.utimens({ path }, 'now', 'now'),
  unlink: (path) => view.unlink({ path }),
  mkdir: (path) => void view.mkdir({ path }),
  rmdir: (path) => view.rmdir({ path }),
  rename: (from, to) => view.rename({ path: from }, { path: to }),
  symlink: (target, path) => void view.symlink(target, { path }),
});

const REPORT_MS = 30_000;

/** A running client, and the lines that it has printed. */
export class RunningClient {
  readonly #lines: AsyncIterator<string>;
  readonly #child: ChildProcess;
  stderr = '';

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    child.stderr?.on('data', (text) => (this.stderr += text));
    child.stdin?.on('error', () => undefined);
  }

  async line(awaited: string): Promise<string> {
    let limit: NodeJS.Timeout | undefined;
    const silence = new Promise<string>((resolve) => {
      limit = setTimeout(() => resolve(`(silence where ${awaited} was awaited)`), REPORT_MS);
    });
    try {
      const next = this.#lines.next().then(({ done, value }) => (done ? '(ended)' : value));
      return await Promise.race([next, silence]);
    } finally {
      clearTimeout(limit);
    }
  }

  send(text: string): void {
    this.#child.stdin?.write(`${text}\n`);
  }

  end(): void {
    this.#child.stdin?.end();
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

const fits = (said: string, expected: string): boolean =>
  expected.startsWith('~') ? new RegExp(`^(?:${expected.slice(1)})$`).test(said) : said === expected;

/**
 * Plays a client's script.
 * @param root the directory it watches; `outside` is a directory beside it
 * @throws Error with the whole transcript at the first wrong report
 */
export async function playClient(
  client: RunningClient,
  script: string,
  tree: Tree,
  root: string,
  outside: string,
): Promise<void> {
  const transcript: string[] = [];
  const hear = async (expected: string): Promise<void> => {
    const said = await client.line(expected);
    transcript.push(`    ${said}`);
    if (!fits(said, expected))
      throw new Error(`expected ${expected}\n${transcript.join('\n')}\n${client.stderr}`);
  };
  const at = (path: string): string => (path === '.' ? root : `${root}/${path}`);
  await hear('ready');
  for (const raw of script.split('\n')) {
    const line = raw.trim();
    if (line === '') continue;
    const [change = '', reports = ''] = line.split(/\s*=>\s*/);
    transcript.push(`  ${change}`);
    const [command, a = '', b = ''] = change.split(' ');
    if (command === '>') client.send(change.slice(2).replaceAll('$R', root));
    else if (command === 'end') client.end();
    else if (command === 'rename') tree.rename(at(a), at(b));
    else if (command === 'symlink') tree.symlink(a, at(b));
    else if (command === 'leave') tree.rename(at(a), outside);
    else if (command === 'enter') tree.rename(outside, at(a));
    else tree[command as 'create'](at(a));
    for (const report of reports.split(/;\s*/).filter(Boolean)) await hear(report);
  }
  client.end();
  await hear('done');
  await hear('(ended)');
}
