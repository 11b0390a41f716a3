/**
 * Python packages in a private virtual environment under the user's cache directory.
 *
 * The directory is named by a hash of the packages, and is created under another name and renamed: it is complete even
 * if an earlier run was killed. A process creates it under a lock, for which other processes wait. Only `bin/python`
 * may be used: the scripts beside it contain the path under which they were created.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { lock } from '../platform/file-lock.ts';
import { ensurePrivateDirectory } from '../platform/private-directory.ts';
import { EngineError } from './frida-engine.ts';

export interface CommandResult {
  /** -1 if a signal ended it. */
  readonly status: number;
  /** Standard output and standard error together, or their last part. */
  readonly output: string;
}

/** Runs a command to its end. Rejects with an error that has an errno `code` if it cannot be started. */
export type CommandRunner = (command: string, args: readonly string[]) => Promise<CommandResult>;

export interface VenvOptions {
  /** Short name for the user, part of the directory's name. */
  readonly name: string;
  /** Requirements for pip, pinned: `frida==17.25.2`. */
  readonly packages: readonly string[];
  /** Receives a line for each step. Default: standard error, if it is a terminal. */
  readonly onProgress?: (line: string) => void;
  /** Delete the existing environment first, because it did not work. */
  readonly repair?: boolean;
  readonly run?: CommandRunner;
  readonly cacheDirectory?: string;
}

export interface Venv {
  /** Absolute path of its interpreter. */
  readonly python: string;
}

const PYTHON = 'python3';
const OUTPUT_TAIL = 16 * 1024;

/** `$XDG_CACHE_HOME/shimfs`, or `~/.cache/shimfs`. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const xdg = env.XDG_CACHE_HOME;
  // The XDG specification requires that relative values are ignored.
  return join(xdg && isAbsolute(xdg) ? xdg : join(homedir(), '.cache'), 'shimfs');
}

export function venvDirectory({ name, packages, cacheDirectory: cache }: VenvOptions): string {
  const hash = createHash('sha256')
    .update([...packages].sort().join('\n'))
    .digest('hex')
    .slice(0, 12);
  return join(cache ?? cacheDirectory(), `venv-${name}-${hash}`);
}

/** The interpreter, if the environment exists; follows the link, which an upgrade of Python may have broken. */
export function existingVenv(options: VenvOptions): Venv | undefined {
  const python = join(venvDirectory(options), 'bin', 'python');
  return existsSync(python) ? { python } : undefined;
}

/** @throws EngineError `engine-missing`, with cause and remedy */
export async function ensureVenv(options: VenvOptions): Promise<Venv> {
  const ready = options.repair ? undefined : existingVenv(options);
  if (ready) return ready;
  try {
    return await makeLocked(options);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError(
      'engine-missing',
      `the Frida engine has no place in the cache directory: ${(error as Error).message}`,
      'Check the directory and its permissions, or set XDG_CACHE_HOME to another.',
    );
  }
}

async function makeLocked(options: VenvOptions): Promise<Venv> {
  const directory = venvDirectory(options);
  ensurePrivateDirectory(dirname(directory));
  const held = await lock(`${directory}.lock`);
  try {
    if (options.repair) rmSync(directory, { recursive: true, force: true });
    // Another process may have created it during the wait.
    return existingVenv(options) ?? (await make(directory, options));
  } finally {
    held.release();
  }
}

async function make(directory: string, options: VenvOptions): Promise<Venv> {
  const run = options.run ?? runCommand;
  const progress = options.onProgress ?? progressOnTerminal;
  sweep(directory);
  const draft = `${directory}.draft-${process.pid}`;
  try {
    progress(`making a private Python environment for ${options.packages.join(', ')} (once)`);
    const venv = await run(PYTHON, ['-m', 'venv', draft]).catch(explainNoPython);
    if (venv.status !== 0) throw explainVenv(venv.output);
    const pip = await run(join(draft, 'bin', 'python'), [
      ...['-I', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'],
      // A source package would need a compiler and a downloaded toolchain: a clear failure is better.
      '--only-binary=:all:',
      ...options.packages,
    ]);
    if (pip.status !== 0) throw explainPip(options.packages, pip.output);
    ensurePrivateDirectory(draft);
    rmSync(directory, { recursive: true, force: true });
    renameSync(draft, directory);
    progress(`${options.packages.join(', ')} is ready`);
    return { python: join(directory, 'bin', 'python') };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Drafts of killed runs. The lock is held, so no process is writing them. */
function sweep(directory: string): void {
  const parent = dirname(directory);
  for (const name of readdirSync(parent)) {
    const path = join(parent, name);
    if (path.startsWith(`${directory}.draft-`)) rmSync(path, { recursive: true, force: true });
  }
}

function explainNoPython(error: NodeJS.ErrnoException): never {
  throw new EngineError(
    'engine-missing',
    `the Frida engine needs ${PYTHON}, and it cannot be started (${error.code ?? error.message})`,
    "Install Python 3.8 or newer with its venv module, or npm's `frida` package (`npm install frida`).",
  );
}

const lastLine = (output: string): string => output.trim().split('\n').at(-1)?.trim() ?? '';

export function explainVenv(output: string): EngineError {
  if (/No module named '?(venv|ensurepip)|ensurepip is not available/.test(output)) {
    return new EngineError(
      'engine-missing',
      `${PYTHON} is there, but it lacks its venv module`,
      'Install it (Debian and Ubuntu: `apt install python3-venv`), then try again.',
    );
  }
  return new EngineError(
    'engine-missing',
    `a virtual environment could not be made: ${lastLine(output)}`,
    `Check that \`${PYTHON} -m venv\` works and that the cache directory has room.`,
  );
}

export function explainPip(packages: readonly string[], output: string): EngineError {
  const wanted = packages.join(', ');
  if (/No module named '?pip/.test(output)) {
    return new EngineError(
      'engine-missing',
      `${PYTHON} made an environment without pip`,
      'Install pip for Python 3 (Debian and Ubuntu: `apt install python3-venv python3-pip`), then try again.',
    );
  }
  if (/No space left on device/.test(output)) {
    return new EngineError(
      'engine-missing',
      `no room in the cache directory for ${wanted}`,
      'Free some space, or set XDG_CACHE_HOME to a directory that has it.',
    );
  }
  const unreachable =
    /Failed to establish a new connection|Temporary failure in name resolution|Name or service not known|ConnectTimeout|ReadTimeout|Max retries exceeded|Network is unreachable|ProxyError|SSLError|NewConnectionError/;
  if (unreachable.test(output)) {
    return new EngineError(
      'engine-missing',
      `${wanted} could not be fetched: the Python package index cannot be reached`,
      'Check the network, or tell pip of a reachable index (PIP_INDEX_URL, pip.conf); it is needed once only.',
    );
  }
  if (/No matching distribution found|Could not find a version/.test(output)) {
    return new EngineError(
      'engine-missing',
      `the Python package index has no build of ${wanted} for this machine`,
      'It exists for common systems and architectures (glibc and musl Linux, macOS); an up to date index and Python 3.8 or newer are needed.',
    );
  }
  return new EngineError(
    'engine-missing',
    `${wanted} could not be installed: ${lastLine(output)}`,
    'Run `shimfs doctor` for what the engine needs.',
  );
}

function progressOnTerminal(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`shimfs: ${line}\n`);
}

/** The real runner: no standard input, captured output, and never covered by a surrounding session. */
export const runCommand: CommandRunner = (command, args) =>
  new Promise((resolve, reject) => {
    const { LD_PRELOAD: _, DYLD_INSERT_LIBRARIES: __, ...env } = process.env;
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: string) => {
      output = (output + chunk).slice(-OUTPUT_TAIL);
    };
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    child.once('error', reject);
    child.once('close', (status) => resolve({ status: status ?? -1, output }));
  });
