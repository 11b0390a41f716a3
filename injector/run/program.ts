/** Starts a program with the gate preloaded: an ordinary child process with its own terminal, signals and status. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { SESSION_VARIABLE } from '../../core/protocol.ts';
import { coverage, resolveCommand } from '../platform/executable.ts';
import { UserError } from '../user-error.ts';

export interface ProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Default: all inherited. */
  readonly stdio?: 'inherit' | 'pipe';
  readonly allowUncovered?: boolean;
  /** Whether a path is in the virtual tree. */
  readonly isVirtual: (path: string) => boolean;
  /** Path of the gate's library. */
  readonly gate: string;
  /** Whether `allEnded` waits for the program's descendants. Default: true. */
  readonly waitsForDescendants?: boolean;
  /** Value of the session variable for a keepalive descriptor (0: none). */
  readonly session: (keepalive: number) => string;
}

export interface Program {
  readonly child: ReturnType<typeof spawn>;
  readonly pid: number;
  /** The program's exit status; 128+n for a signal. */
  readonly status: Promise<number>;
  /** Resolves when the program and all its descendants have ended; at once without `waitsForDescendants`. */
  readonly allEnded: Promise<void>;
}

const PRELOAD = process.platform === 'darwin' ? 'DYLD_INSERT_LIBRARIES' : 'LD_PRELOAD';
/** A pipe that the program and all its descendants inherit: it closes when the last of them ends. */
const KEEPALIVE_FD = 3;
const STATUS_NOT_FOUND = 127;
const STATUS_NOT_EXECUTABLE = 126;

/** @returns the path of the program's file; undefined for a program in the virtual tree. @throws UserError */
function locate({
  command,
  cwd,
  env = process.env,
  allowUncovered,
  isVirtual,
}: ProgramOptions): string | undefined {
  const path = resolveCommand(command, env.PATH ?? '/usr/bin:/bin', cwd);
  if (path === undefined)
    throw new UserError(
      `the command '${command}' is not found`,
      'Check its spelling, and the directories in PATH.',
      STATUS_NOT_FOUND,
    );
  if (isVirtual(path)) return undefined;
  const found = coverage(path);
  if (found.ok) return path;
  const status = found.code === 'missing' ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
  const startable = !['missing', 'directory', 'not-executable'].includes(found.code);
  if (startable && allowUncovered) return path;
  const remedy = startable
    ? `${found.remedy} Or start it with --allow-uncovered: then it does not see the virtual files.`
    : found.remedy;
  throw new UserError(`${command} cannot be run: ${found.reason}`, remedy, status);
}

function wantsVirtualLibraries({ env = process.env, cwd, isVirtual }: ProgramOptions): boolean {
  if (process.platform !== 'linux') return false;
  const parts = [...(env.LD_LIBRARY_PATH ?? '').split(/[:;]/), ...(env.LD_PRELOAD ?? '').split(/[: ]/)];
  return parts.some((part) => part !== '' && isVirtual(resolve(cwd ?? '.', part)));
}

/** @throws UserError before anything is started */
export function startProgram(options: ProgramOptions): Program {
  const { args, cwd, gate, session, stdio = 'inherit', waitsForDescendants = true } = options;
  const env = { ...(options.env ?? process.env) };
  const path = locate(options);
  env[PRELOAD] = env[PRELOAD] ? `${gate}:${env[PRELOAD]}` : gate;
  env[SESSION_VARIABLE] = session(waitsForDescendants ? KEEPALIVE_FD : 0);
  // Only a covered process can execute a virtual program, or find virtual libraries: a covered shell executes it.
  const throughShell = path === undefined || wantsVirtualLibraries(options);
  const [file, list] = throughShell
    ? ['/bin/sh', ['-c', 'exec "$0" "$@"', options.command, ...args]]
    : [path!, args];
  const child = spawn(file, list as string[], {
    cwd,
    env,
    argv0: throughShell ? undefined : options.command,
    stdio: waitsForDescendants ? [stdio, stdio, stdio, 'pipe'] : [stdio, stdio, stdio],
  });
  const keepalive = (child.stdio[KEEPALIVE_FD] ?? null) as Readable | null;
  const allEnded = keepalive ? once(keepalive.resume(), 'close').then(() => undefined) : Promise.resolve();
  const status = new Promise<number>((resolve, reject) => {
    child.once('error', (error) =>
      reject(
        new UserError(
          `${options.command} does not start: ${error.message}`,
          'Check the program file, the working directory and the limits of this process.',
          STATUS_NOT_EXECUTABLE,
        ),
      ),
    );
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
  return { child, pid: child.pid ?? 0, status, allEnded };
}
