/** `attach`: gate and agent into a process that runs already. */
import type { FsCore } from '../../core/fs-core.ts';
import type { Pid } from '../../core/numbers.ts';
import { ControlClient } from '../control/client.ts';
import { enterBranch } from '../host/session/branch-entry.ts';
import { UserError } from '../user-error.ts';
import { type OwnSessionOptions, openPrivateSession } from './own-session.ts';

/** Options of `attach`: the process, and the session that it enters. */
export interface AttachOptions extends OwnSessionOptions {
  /** Id of a running process. */
  readonly pid: number;
  /** Bring it into the session of this name. Without: into a session of its own, which needs a mount. */
  readonly session?: string;
  /** Default: main. In a session of its own it is made. */
  readonly branch?: string;
  /** Virtual paths that do not exist for the process. */
  readonly hide?: readonly string[];
}

/** A process that gate and agent were loaded into. */
export interface Attached {
  /** Of a session of its own. */
  readonly core?: FsCore;
  /** The process has ended, or its agent has. */
  readonly ended: Promise<void>;
  /**
   * Let go. In a session of its own the session ends: the process goes on, and its calls on virtual files give
   * EIO. In a host's session the process stays what it is.
   */
  detach(): Promise<void>;
}

/** @throws EngineError (no such process, no permission, no engine), UserError, SessionError, ControlError */
export async function attach(options: AttachOptions): Promise<Attached> {
  const { pid, session } = options;
  if (!Number.isSafeInteger(pid) || pid <= 0)
    throw new UserError(`'${pid}' is no process id`, 'Give the number that ps shows.', 2);
  return session === undefined ? attachToOwn(options) : attachToHost(options, session);
}

async function attachToOwn(options: AttachOptions): Promise<Attached> {
  const { branch = 'main', hide = [] } = options;
  const pid = options.pid as Pid;
  const { host, close } = await openPrivateSession('attach', options);
  try {
    if (branch !== 'main') host.core.createBranch(branch);
    const entered = enterBranch(host.session, branch, hide);
    await host.agents.bring(pid, host.session.environmentValue(entered.branch));
    return { core: host.core, ended: host.agents.ended(pid), detach: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function attachToHost({ pid, branch, hide = [] }: AttachOptions, session: string): Promise<Attached> {
  const client = await ControlClient.connect(session);
  try {
    const home = hide.length > 0 ? await client.call('session.enter', { branch, hide }) : { branch };
    let ended: Promise<void> | undefined;
    await new Promise<void>((resolve, reject) => {
      const answer = client.stream('session.attach', { pid, branch: home.branch }, () => resolve());
      ended = answer.then(
        () => undefined,
        () => undefined, // the host has gone, and the agent with it
      );
      answer.catch(reject);
    });
    return { ended: ended!, detach: async () => client.close() };
  } catch (error) {
    client.close();
    throw error;
  }
}
