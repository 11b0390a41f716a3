/** The command as users have it: a build of its own, run as child processes in a private run directory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildAgent, buildCommand } from '../../../injector/build.ts';
import { PACKAGE_ROOT, packageFile } from '../../../injector/package-root.ts';

/** Longer than any command takes on a busy machine. A command that hangs is killed, and its test fails. */
const LIMIT_MS = 30_000;

export interface Result {
  /** 128+n for a signal. */
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** Standard output as text. */
  readonly text: string;
}

export class Command {
  /** A directory for the test; removed at its end. */
  readonly scratch = mkdtempSync(join(tmpdir(), 'shimfs-cli-'));
  readonly #build = join(PACKAGE_ROOT, 'build', `cli-${process.pid}`);
  readonly #running = new Set<ChildProcess>();

  static async prepare(): Promise<Command> {
    const command = new Command();
    process.once('exit', () => command.dispose());
    await buildCommand(command.#build);
    if (!existsSync(packageFile('dist', 'agent', 'agent.js'))) await buildAgent();
    return command;
  }

  get env(): NodeJS.ProcessEnv {
    return { ...process.env, XDG_RUNTIME_DIR: this.scratch };
  }

  /** Started, with pipes; nothing is waited for. */
  start(args: readonly string[], cwd?: string): ChildProcess {
    const main = join(this.#build, 'injector', 'cli', 'main.js');
    const child = spawn(process.execPath, [main, ...args], { env: this.env, cwd, stdio: 'pipe' });
    this.#running.add(child);
    child.once('close', () => this.#running.delete(child));
    return child;
  }

  /** Run to its end. */
  async run(args: readonly string[], input: string | Uint8Array = ''): Promise<Result> {
    const child = this.start(args);
    child.stdin!.on('error', () => undefined); // it may not want to read
    child.stdin!.end(input);
    return ended(child);
  }

  /** A host that serves. */
  async host(session: string, ...args: readonly string[]): Promise<ChildProcess> {
    const child = this.start(['host', '--session', session, ...(args.length > 0 ? args : ['--mount', '/v'])]);
    const line = await firstLine(child);
    if (line !== `ready ${session}`) throw new Error(`the host said '${line}'`);
    return child;
  }

  dispose(): void {
    for (const child of this.#running) child.kill('SIGKILL');
    rmSync(this.#build, { recursive: true, force: true });
    rmSync(this.scratch, { recursive: true, force: true });
  }
}

export async function ended(child: ChildProcess): Promise<Result> {
  const out: Buffer[] = [];
  let stderr = '';
  child.stdout!.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr!.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const limit = setTimeout(() => {
    stderr += '\nit ran too long and was killed';
    child.kill('SIGKILL');
    // Programs that it started may keep the other ends open.
    child.stdout!.destroy();
    child.stderr!.destroy();
  }, LIMIT_MS);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(limit);
  const stdout = Buffer.concat(out);
  return { status: code ?? 128 + constants.signals[signal!], stdout, stderr, text: stdout.toString() };
}

/** Each call returns the next line; undefined at the end. */
export function lines(child: ChildProcess): () => Promise<string | undefined> {
  const reader = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return async () => {
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    const { value, done } = await reader.next();
    clearTimeout(limit);
    return done ? undefined : value;
  };
}

async function firstLine(child: ChildProcess): Promise<string | undefined> {
  let text = '';
  for await (const chunk of child.stdout!.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0];
}

/** Ends a child and waits for it. */
export async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<Result> {
  const end = ended(child);
  child.kill(signal);
  return end;
}
