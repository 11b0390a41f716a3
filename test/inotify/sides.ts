/** Third-party watchers, on tmpfs and in a session, each beside a shell that makes changes. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { removeTree } from '../support/self.ts';
import { TestSession } from '../support/session.ts';
import { Follower, idle, Shell } from './follower.ts';

export interface Side {
  readonly name: 'kernel' | 'shimfs';
  /** An empty directory for the test `name`. */
  directory(name: string): Promise<string>;
  /** Runs a line of bash to its end, in a process that is no watcher. */
  run(line: string): Promise<void>;
  follow(command: string, args: readonly string[], cwd?: string): Follower;
}

export interface Sides {
  readonly session: TestSession;
  /** The kernel's first. */
  readonly both: readonly [Side, Side];
  close(): Promise<void>;
}

type Start = (command: string, args: readonly string[], cwd?: string) => ReturnType<typeof spawn>;

export async function sides(): Promise<Sides> {
  const real = mkdtempSync('/dev/shm/shimfs-watchers-');
  const mount = `/${'w'.repeat(real.length - 1)}`;
  const session = await TestSession.open({ mounts: [mount] });
  const followers: Follower[] = [];
  const side = (name: Side['name'], root: string, start: Start): Side & { end(): Promise<void> } => {
    const shell = new Shell(start('bash', []));
    return {
      name,
      directory: async (own) => {
        await shell.run(`mkdir ${root}/${own}`);
        return `${root}/${own}`;
      },
      run: (line) => shell.run(line),
      follow: (command, args, cwd) => {
        const follower = new Follower(start(command, args, cwd));
        followers.push(follower);
        return follower;
      },
      end: () => shell.end(),
    };
  };
  const kernel = side('kernel', real, (command, args, cwd) => spawn(command, args, { stdio: 'pipe', cwd }));
  const ours = side('shimfs', mount, (command, args, cwd) => session.start(command, args, { cwd }).child);
  mkdirSync(real, { recursive: true });
  return {
    session,
    both: [kernel, ours],
    close: async () => {
      // Left over from a test that failed.
      await Promise.all(followers.map((one) => one.stop('SIGKILL')));
      await Promise.all([kernel.end(), ours.end()]);
      await session.close();
      removeTree(real);
    },
  };
}

/** Its lines with the directory's own name taken out. */
const anonymous = (lines: readonly string[], directory: string): string[] =>
  lines.map((line) => line.replaceAll(directory, '@'));

/**
 * Runs each line while a watcher looks on, and creates a marker after it.
 *
 * @param mark matches the watcher's report of the marker: by default a line that contains its name; and the lines after
 *   which to wait until the watcher is idle, because it then watches the new files
 * @returns its lines by step, without markers
 */
export async function looksOn(
  side: Side,
  follower: Follower,
  directory: string,
  lines: readonly string[],
  mark: { readonly pattern?: (name: string) => RegExp; readonly settles?: RegExp } = {},
): Promise<string[][]> {
  const said: string[][] = [];
  for (const [i, line] of lines.entries()) {
    await side.run(`cd ${directory} && { ${line}\n}`);
    const name = `mark-${i}-`;
    await side.run(`: > ${directory}/${name}`);
    const step = await follower.until(mark.pattern?.(name) ?? new RegExp(name));
    if (mark.settles?.test(line)) await idle(follower.child.pid!);
    said.push(anonymous(step, directory).filter((one) => !one.includes('mark-')));
  }
  return said;
}
