/** `attach`: loads gate and agent into a running process. */
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
  /** Name of the session to enter. Default: a private session, which needs a mount. */
  readonly session?: string;
  /** Default: main. A private session creates it. */
  readonly branch?: string;
  /** Virtual paths that do not exist for the process. */
  readonly hide?: readonly string[];
}

/** A process that gate and agent were loaded into. */
export interface Attached {
  /** The core of a private session. */
  readonly core?: FsCore;
  /** Resolves when the process or its agent has ended. */
  readonly ended: Promise<void>;
  /**
   * Detaches. A private session ends: the process goes on, and its calls on virtual files return EIO. In a host's
   * session the process keeps the virtual tree.
   */
  detach(): Promise<void>;
}

/** @throws EngineError (no such process, no permission, no engine), UserError, SessionError, ControlError */
export async function attach(options: AttachOptions): Promise<Attached> {
  const { pid, session } = options;
  if (!Number.isSafeInteger(pid) || pid <= 0)
    throw new UserError(`'${pid}' is not a process id`, 'Give the number that `ps` prints.', 2);
  return session === undefined ? attachToOwn(options) : attachToHost(options, session);
}

async function attachToOwn(options: AttachOptions): Promise<Attached> {
  const { branch = 'main', hide = [] } = options;
  const pid = options.pid as Pid;
  const { host, close } = await openPrivateSession('attach', options);
  try {
    if (branch !== 'main') host.core.createBranch(branch);
    const entered = enterBranch(host.session, branch, hide);
    await host.agents.attach(host.session, pid, host.session.environmentValue(entered.branch));
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
        () => undefined, // the host has ended, and the agent with it
      );
      answer.catch(reject);
    });
    return { ended: ended!, detach: async () => client.close() };
  } catch (error) {
    client.close();
    throw error;
  }
}
