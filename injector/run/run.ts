/** `run`: runs a program in a virtual tree, in a private session or in a host's session. */
import type { ChildProcess } from 'node:child_process';
import { sep } from 'node:path';
import type { FsCore } from '../../core/fs-core.ts';
import { ControlClient } from '../control/client.ts';
import { enterBranch } from '../host/session/branch-entry.ts';
import type { SessionHost } from '../host/session-host.ts';
import { UserError } from '../user-error.ts';
import { type OwnSessionOptions, openPrivateSession, reportOnStderr } from './own-session.ts';
import { type Program, startProgram } from './program.ts';
import { startWithSignals } from './signals.ts';
import { watchingImpossible } from './watchability.ts';

/** Options of `run`: the program, and the session that it runs in. */
export interface RunOptions extends OwnSessionOptions {
  /** Path, or name that is searched in PATH. */
  readonly command: string;
  /** Arguments, without the command's name. Default: none. */
  readonly args?: readonly string[];
  /** Name of a host's session to enter. Default: a private session, which needs a mount. */
  readonly session?: string;
  /** Default: main. A private session creates it. */
  readonly branch?: string;
  /** Virtual paths that do not exist for the program. */
  readonly hide?: readonly string[];
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory, real or virtual. Default: that of this process. */
  readonly cwd?: string;
  /** Default: all inherited. */
  readonly stdio?: 'inherit' | 'pipe';
  /** Called with the core of a private session before the program starts: to create files, or to subscribe. */
  readonly prepare?: (core: FsCore) => void | Promise<void>;
  /** Forward signals from this process to the program, from before its start to its end. Default: false. */
  readonly forwardSignals?: boolean;
  /** Keep a private session until `close`, to inspect its files after the program. Default: false. */
  readonly keep?: boolean;
}

/** A started program. */
export interface Run {
  /** Node's handle of the process; with `stdio: 'pipe'` it has the program's streams. */
  readonly child: ChildProcess;
  /** Id of the process. */
  readonly pid: number;
  /** The core of a private session. */
  readonly core?: FsCore;
  /** The program's exit status; 128+n for a signal. */
  readonly status: Promise<number>;
  /**
   * The program's exit status, after cleaning up: a private session ends with its last process, and this resolves
   * then; in a host's session it resolves when the program has ended.
   */
  readonly done: Promise<number>;
  /** Ends a private session now: processes that are still in it get EIO for virtual files. Idempotent. */
  close(): Promise<void>;
}

/** The session that the program enters. */
interface EnteredSession {
  readonly core?: FsCore;
  readonly gate: string;
  readonly mounts: readonly string[];
  session(keepalive: number): string;
  close(): Promise<void>;
}

/** @throws UserError (its `status` as a shell would return it), SessionError, ControlError, GateBuildError */
export async function run(options: RunOptions): Promise<Run> {
  const report = options.report ?? reportOnStderr;
  const blind = watchingImpossible();
  if (blind) report(blind);
  const entered =
    options.session === undefined
      ? await enterOwnSession(options)
      : await enterHostSession(options, options.session);
  try {
    const start = (): Program =>
      startProgram({
        command: options.command,
        args: options.args ?? [],
        env: { ...process.env, ...options.env },
        cwd: options.cwd,
        stdio: options.stdio,
        allowUncovered: options.allowUncovered,
        gate: entered.gate,
        session: entered.session,
        // A session of its own, and a private branch, last as long as any process in them.
        waitsForDescendants: entered.core !== undefined || (options.hide?.length ?? 0) > 0,
        isVirtual: (path) => entered.mounts.some((mount) => path === mount || path.startsWith(mount + sep)),
      });
    const program = options.forwardSignals ? startWithSignals(start) : start();
    const done = program.status
      .then(() => program.allEnded)
      .finally(() => (options.keep ? undefined : entered.close()));
    const { child, pid, status } = program;
    return { child, pid, core: entered.core, status, done: done.then(() => status), close: entered.close };
  } catch (error) {
    await entered.close();
    throw error;
  }
}

async function enterOwnSession(options: RunOptions): Promise<EnteredSession> {
  const { host, close } = await openPrivateSession('run', options);
  try {
    const { branch = 'main' } = options;
    if (branch !== 'main') host.core.createBranch(branch);
    await options.prepare?.(host.core);
    const { gate, mounts } = host.file;
    return { core: host.core, gate, mounts, close, session: environmentOf(host, branch, options) };
  } catch (error) {
    await close();
    throw error;
  }
}

function environmentOf(
  host: SessionHost,
  branch: string,
  { hide = [] }: RunOptions,
): EnteredSession['session'] {
  const entered = enterBranch(host.session, branch, hide);
  return (keepalive) => host.session.environmentValue(entered.branch, keepalive);
}

/** Options that are fixed when a host opens its session. */
const HOST_OPTIONS = ['mounts', 'overlays', 'imports', 'maxBytes', 'notes', 'prepare'] as const;

async function enterHostSession(options: RunOptions, session: string): Promise<EnteredSession> {
  for (const name of HOST_OPTIONS) {
    const value = options[name];
    if (value !== undefined && !(Array.isArray(value) && value.length === 0))
      throw new UserError(
        `'${name}' cannot be given together with 'session': the host of session '${session}' decides it`,
        'Give it to `shimfs host`, or leave out the session.',
        2,
      );
  }
  const client = await ControlClient.connect(session);
  try {
    const { branch, hide, agent } = options;
    const entry = await client.call('session.enter', { branch, hide, agentAlways: agent === 'always' });
    const { gate, mounts } = client.session;
    return {
      gate,
      mounts,
      session: (keepalive) => `${entry.directory}:${entry.binding}:${String(keepalive).padStart(4, '0')}`,
      // A private branch (--hide) lives as long as the connection.
      close: async () => client.close(),
    };
  } catch (error) {
    client.close();
    throw error;
  }
}
