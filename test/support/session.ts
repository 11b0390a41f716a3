/**
 * A session host inside the test's own process, and programs run in it by real preload (no Frida).
 *
 * Each host has a run directory of its own, so suites may run side by side and beside a user's sessions.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { FsEvent } from '../../core/events/fs-event.ts';
import type { FsCore } from '../../core/fs-core.ts';
import type { Pid } from '../../core/numbers.ts';
import { cacheDirectory } from '../../injector/engine/venv.ts';
import { SessionHost, type SessionOptions } from '../../injector/host/session-host.ts';
import { gateLibrary } from '../../injector/run/gate-library.ts';
import { type Program, startProgram } from '../../injector/run/program.ts';

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  /** 128+n for a signal. */
  readonly status: number;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly branch?: string;
  /** Standard input. Default: empty. */
  readonly input?: string;
  /** A program that runs longer is killed, and `stderr` reports it. */
  readonly limitMs?: number;
}

export interface SessionChoice {
  readonly mounts?: readonly string[];
  readonly overlays?: readonly string[];
  readonly maxBytes?: number;
  readonly allowUncovered?: boolean;
  readonly engine?: SessionOptions['engine'];
  readonly agentSource?: SessionOptions['agentSource'];
  /** Default: the library of this checkout, compiled if need be. */
  readonly gate?: string;
}

const LIMIT_MS = 30_000;

/** Where the run directory lies is read from the environment, once a host is opened. */
const runDirectory = mkdtempSync(join(tmpdir(), 'shimfs-run-'));
process.env.XDG_RUNTIME_DIR = runDirectory;
process.once('exit', () => rmSync(runDirectory, { recursive: true, force: true }));

export class TestSession {
  readonly host: SessionHost;
  /** Messages for the user. */
  readonly told: string[];

  static async open({
    overlays = [],
    mounts = overlays.length > 0 ? [] : ['/v'],
    maxBytes,
    allowUncovered,
    engine,
    agentSource,
    gate = gateLibrary(),
  }: SessionChoice = {}): Promise<TestSession> {
    const told: string[] = [];
    const host = await SessionHost.open({
      name: `test-${process.pid}-${randomBytes(3).toString('hex')}`,
      mounts: [...mounts, ...overlays],
      overlays,
      maxBytes,
      allowUncovered,
      engine: engine ?? (() => Promise.reject(new Error('this test has no engine'))),
      agentSource: agentSource ?? (() => ''),
      gate,
      report: (message) => told.push(message),
    });
    return new TestSession(host, told);
  }

  private constructor(host: SessionHost, told: string[]) {
    this.host = host;
    this.told = told;
  }

  get core(): FsCore {
    return this.host.core;
  }

  /** Starts a program without waiting; its standard streams are pipes. */
  start(command: string, args: readonly string[] = [], options: RunOptions = {}): Program {
    return startProgram({
      command,
      args,
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: 'pipe',
      gate: this.host.file.gate,
      isVirtual: (path) => this.host.file.mounts.some((mount) => `${path}/`.startsWith(`${mount}/`)),
      session: (keepalive) => this.host.session.environmentValue(options.branch ?? 'main', keepalive),
    });
  }

  /** Runs a program to its end, and to the end of all that it started. */
  async run(command: string, args: readonly string[] = [], options: RunOptions = {}): Promise<Ran> {
    const program = this.start(command, args, options);
    const ran = gather(program.child, options);
    const status = await program.status;
    await program.allEnded;
    return { ...(await ran), status };
  }

  /** Runs a line in a shell of the session. */
  sh(line: string, options: RunOptions = {}): Promise<Ran> {
    return this.run('bash', ['-c', line], options);
  }

  /** Runs `body`. @returns the events of its time */
  async events(body: () => Promise<unknown>): Promise<FsEvent[]> {
    const events: FsEvent[] = [];
    const unsubscribe = this.core.subscribe((event) => void events.push(event));
    try {
      await body();
      this.host.session.writes.flush();
    } finally {
      unsubscribe();
    }
    return events;
  }

  /** Loads gate and agent into a process outside of the session. @throws EngineError */
  attach(pid: number): Promise<void> {
    return this.host.agents.bring(pid as Pid, this.host.session.environmentValue('main'));
  }

  /** Resolves when the agent in `pid` has ended. */
  agentEnded(pid: number): Promise<void> {
    return this.host.agents.ended(pid as Pid);
  }

  hasAgent(pid: number): boolean {
    return this.host.agents.connectionOf(pid as Pid) !== undefined;
  }

  /** See `Session.rebind`. */
  rebind(pid: number, branch: string): string | undefined {
    return this.host.session.rebind(pid as Pid, branch);
  }

  close(): Promise<void> {
    return this.host.close();
  }
}

/** Runs the same program without shimfs, for the kernel's answers. */
export async function bare(
  command: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Ran> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: 'pipe',
  });
  return gather(child, options);
}

async function gather(child: ChildProcess, { input, limitMs = LIMIT_MS }: RunOptions): Promise<Ran> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin?.on('error', () => undefined); // it may not want to read
  child.stdin?.end(input ?? '');
  const limit = setTimeout(() => {
    err.push(Buffer.from(`\n${basename(child.spawnfile)} was still running after ${limitMs} ms\n`));
    killTree(child.pid ?? 0);
  }, limitMs);
  const status = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
  clearTimeout(limit);
  return { stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString(), status };
}

/** The program and its descendants that can still be found under it. */
function killTree(pid: number): void {
  const children = (): string[] => {
    try {
      return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
        readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
      );
    } catch {
      return [];
    }
  };
  for (const child of children()) killTree(Number(child));
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** The program, or library, made of a C source. Kept by contents. @param source absolute path */
export function compiled(source: string, flags: readonly string[] = []): string {
  const all = ['-std=gnu11', '-O1', '-g', '-Wall', '-D_GNU_SOURCE', '-pthread', ...flags];
  const hash = createHash('sha256').update(readFileSync(source)).update(all.join(' '));
  for (const name of readdirSync(dirname(source))
    .filter((n) => n.endsWith('.h'))
    .sort())
    hash.update(readFileSync(join(dirname(source), name)));
  const directory = join(cacheDirectory(), 'test-programs');
  const out = join(directory, `${basename(source, '.c')}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(out)) return out;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const building = `${out}.${randomBytes(4).toString('hex')}`;
  execFileSync(process.env.CC || 'cc', [...all, '-o', building, source, '-ldl'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  renameSync(building, out);
  return out;
}
