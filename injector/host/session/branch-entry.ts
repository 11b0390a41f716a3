/** Lets a run enter a branch, or a private branch upon it in which some paths are hidden. */
import { MountExit } from '../../../core/walk.ts';
import { UserError } from '../../user-error.ts';
import type { Session } from './session.ts';

export interface BranchEntry {
  readonly branch: string;
  /** Its number in the session variable. */
  readonly binding: number;
  /** The run has ended. A private branch is deleted with its last process. Idempotent. */
  leave(): void;
}

/** A process that starts another has no connection for a moment: the branch looks unused, and is not. */
const GRACE_MS = 250;

/** @throws UserError, FsError when there is nothing to hide at a path */
export function enterBranch(
  session: Session,
  branch: string,
  hide: readonly string[],
  agentAlways = false,
): BranchEntry {
  const { bindings } = session;
  const own = hide.length > 0 ? hidingBranch(session, branch, hide) : branch;
  const binding = agentAlways ? bindings.eager(own) : bindings.of(own);
  bindings.userAdded(binding);
  let inside = true;
  const leave = (): void => {
    if (!inside) return;
    inside = false;
    bindings.userRemoved(binding);
    if (own !== branch) dropWhenIdle(session, own);
  };
  return { branch: own, binding, leave };
}

function hidingBranch({ core, mounts }: Session, branch: string, hide: readonly string[]): string {
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
    throw new UserError(`${error.message}: it cannot be hidden`, `The mounts are: ${mounts.join(', ')}.`);
  }
  return name;
}

function dropWhenIdle(session: Session, branch: string): void {
  const { core, bindings } = session;
  const drop = (): void => {
    if (session.closed || bindings.users(branch) > 0) return;
    const branches = core.listBranches();
    // A branch that was created upon it needs it.
    if (branches.some(({ parent }) => parent === branch)) return;
    cancel();
    if (!branches.some(({ name }) => name === branch)) return;
    core.deleteBranch(branch);
    bindings.forget(branch);
  };
  const cancel = bindings.onIdle(branch, () => void setTimeout(drop, GRACE_MS).unref());
  drop();
}
