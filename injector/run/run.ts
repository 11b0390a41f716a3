/** `run`: a program in a virtual tree, in a session of its own or in one that a host keeps. */
import type { ChildProcess } from 'node:child_process';
import { sep } from 'node:path';
import type { FsCore } from '../../core/fs-core.ts';
import { ControlClient } from '../control/client.ts';
import { enterBranch } from '../host/session/branch-entry.ts';
import type { SessionHost } from '../host/session-host.ts';
import { UserError } from '../user-error.ts';
import { type OwnSessionOptions, openPrivateSession, tellOnStderr } from './own-session.ts';
import { type Program, startProgram } from './program.ts';
import { startWithSignals } from './signals.ts';
import { watchingImpossible } from './watchability.ts';

/** Options of `run`: the program, and the session that it runs in. */
export interface RunOptions extends OwnSessionOptions {
  /** As a shell would find it. */
  readonly command: string;
  /** Arguments, without the command's name. Default: none. */
  readonly args?: readonly string[];
  /** Enter the session of this name, which a host keeps. Without: a session of its own, which needs a mount. */
  readonly session?: string;
  /** Default: main. In a session of its own it is made. */
  readonly branch?: string;
  /** Virtual paths that do not exist for the program. */
  readonly hide?: readonly string[];
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory, real or virtual. Default: that of this process. */
  readonly cwd?: string;
  /** Default: all inherited. */
  readonly stdio?: 'inherit' | 'pipe';
  /** Called with the session before the program starts, in a session of its own: to put files there, or to listen. */
  readonly prepare?: (core: FsCore) => void | Promise<void>;
  /** Hand the signals that this process gets on to the program, from before it starts until it ends. Default: false. */
  readonly forwardSignals?: boolean;
  /** Keep a session of its own until `close`, to look at what the program has made. Default: false. */
  readonly keep?: boolean;
}

/** A started program. */
export interface Run {
  /** Node's handle of the process; with `stdio: 'pipe'` it has the program's streams. */
  readonly child: ChildProcess;
  /** Id of the process. */
  readonly pid: number;
  /** Of a session of its own. */
  readonly core?: FsCore;
  /** The program's own exit status; 128+n for a signal. */
  readonly status: Promise<number>;
  /**
   * The same, once everything has been put away: in a session of its own when the last process in it has gone,
   * otherwise when the program has ended.
   */
  readonly done: Promise<number>;
  /** End a session of its own now: whoever still lives in it gets EIO for virtual files. Idempotent. */
  close(): Promise<void>;
}

interface Home {
  readonly core?: FsCore;
  readonly gate: string;
  readonly mounts: readonly string[];
  session(keepalive: number): string;
  close(): Promise<void>;
}

/** @throws UserError (its `status` as a shell would tell it), SessionError, ControlError, GateBuildError */
export async function run(options: RunOptions): Promise<Run> {
  const tell = options.tell ?? tellOnStderr;
  const blind = watchingImpossible();
  if (blind) tell(blind);
  const home =
    options.session === undefined ? await ownHome(options) : await enteredHome(options, options.session);
  try {
    const start = (): Program =>
      startProgram({
        command: options.command,
        args: options.args ?? [],
        env: { ...process.env, ...options.env },
        cwd: options.cwd,
        stdio: options.stdio,
        allowUncovered: options.allowUncovered,
        gate: home.gate,
        session: home.session,
        isVirtual: (path) => home.mounts.some((mount) => path === mount || path.startsWith(mount + sep)),
      });
    const program = options.forwardSignals ? startWithSignals(start) : start();
    const ended = home.core ? program.allGone : Promise.resolve();
    const done = program.status.then(() => ended).finally(() => (options.keep ? undefined : home.close()));
    const { child, pid, status } = program;
    return { child, pid, core: home.core, status, done: done.then(() => status), close: home.close };
  } catch (error) {
    await home.close();
    throw error;
  }
}

async function ownHome(options: RunOptions): Promise<Home> {
  const { host, close } = await openPrivateSession('run', options);
  try {
    const { branch = 'main' } = options;
    if (branch !== 'main') host.core.createBranch(branch);
    await options.prepare?.(host.core);
    const { gate, mounts } = host.file;
    return { core: host.core, gate, mounts, close, session: entry(host, branch, options) };
  } catch (error) {
    await close();
    throw error;
  }
}

function entry(host: SessionHost, branch: string, { hide = [] }: RunOptions): Home['session'] {
  const entered = enterBranch(host.session, branch, hide);
  return (keepalive) => host.session.environmentValue(entered.branch, keepalive);
}

/** These are decided when a session begins. */
const OF_THE_HOST = ['mounts', 'overlays', 'imports', 'maxBytes', 'notes', 'prepare'] as const;

async function enteredHome(options: RunOptions, session: string): Promise<Home> {
  for (const name of OF_THE_HOST) {
    const value = options[name];
    if (value !== undefined && !(Array.isArray(value) && value.length === 0))
      throw new UserError(
        `'${name}' is decided by the session's host`,
        'Give it to `shimfs host`, or leave out the session.',
        2,
      );
  }
  const client = await ControlClient.connect(session);
  try {
    const { branch, hide, agent } = options;
    const home = await client.call('session.enter', { branch, hide, agentAlways: agent === 'always' });
    const { gate, mounts } = client.session;
    return {
      gate,
      mounts,
      session: (keepalive) => `${home.directory}:${home.binding}:${String(keepalive).padStart(4, '0')}`,
      // The connection is what keeps a private branch; hanging up ends it.
      close: async () => client.close(),
    };
  } catch (error) {
    client.close();
    throw error;
  }
}
