/** How a run comes to its branch: the one it names, or a private one upon it in which some things are hidden. */
import { MountExit } from '../../core/walk.ts';
import { UserError } from '../user-error.ts';
import type { SessionHost } from './session-host.ts';

export interface BranchEntry {
  readonly branch: string;
  /** Its number in the session variable. */
  readonly binding: number;
  /** The run has ended. A private branch goes with the last process that lives in it. Idempotent. */
  leave(): void;
}

/** A process that starts another one has no connection for a moment: nobody is there, yet somebody will be. */
const GRACE_MS = 250;

/** @throws UserError, FsError when there is nothing to hide at a path */
export function enterBranch(
  host: SessionHost,
  branch: string,
  hide: readonly string[],
  agentAlways = false,
): BranchEntry {
  const own = hide.length > 0 ? hidingBranch(host, branch, hide) : branch;
  const binding = agentAlways ? host.bindings.eager(own) : host.bindings.of(own);
  host.bindings.entered(binding);
  let inside = true;
  const leave = (): void => {
    if (!inside) return;
    inside = false;
    host.bindings.left(binding);
    if (own !== branch) dropWhenIdle(host, own);
  };
  return { branch: own, binding, leave };
}

function hidingBranch(host: SessionHost, branch: string, hide: readonly string[]): string {
  const { core } = host;
  const taken = new Set(core.listBranches().map(({ name }) => name));
  let number = 1;
  while (taken.has(`${branch}~${number}`)) number++;
  const name = `${branch}~${number}`;
  core.createBranch(name, { parent: branch });
  try {
    for (const path of hide) core.hide(name, path);
  } catch (error) {
    core.deleteBranch(name);
    if (!(error instanceof MountExit)) throw error;
    throw new UserError(
      `${error.message}: it cannot be hidden`,
      `The mounts are: ${host.options.mounts.join(', ')}.`,
    );
  }
  return name;
}

function dropWhenIdle(host: SessionHost, branch: string): void {
  const drop = (): void => {
    if (host.closed || host.bindings.users(branch) > 0) return;
    const branches = host.core.listBranches();
    // Someone began another branch from it, which needs it.
    if (branches.some((one) => one.parent === branch)) return;
    stop();
    if (!branches.some((one) => one.name === branch)) return;
    host.core.deleteBranch(branch);
    host.bindings.forget(branch);
  };
  const stop = host.bindings.onIdle(branch, () => void setTimeout(drop, GRACE_MS).unref());
  drop();
}
