/** Branches and snapshots, by name. */

import { FsError } from '../../../core/errors.ts';
import type { Pid } from '../../../core/numbers.ts';
import { UserError } from '../../user-error.ts';
import type { Session } from '../session/session.ts';
import type { Methods } from './method.ts';
import { overlayMethods } from './overlays.ts';
import { branch, optionalText, type Params, text, whole } from './params.ts';

const NAME = /^[A-Za-z0-9._/-]{1,64}$/;

function newName(params: Params, kind: string, taken: readonly { readonly name: string }[]): string {
  const name = text(params, 'name');
  if (!NAME.test(name))
    throw new UserError(
      `'${name}' is not a valid name for a ${kind}`,
      'Use up to 64 letters, digits, dots, slashes, underscores or hyphens.',
    );
  if (taken.some((other) => other.name === name))
    throw new UserError(
      `there is already a ${kind} '${name}'`,
      `Choose another name, or: shimfs ${kind} delete ${name}`,
    );
  return name;
}

/** EPERM means that the process exists and belongs to another user. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function knownSnapshot(session: Session, name: string): string {
  const known = session.core.listSnapshots().map((snapshot) => snapshot.name);
  if (known.includes(name)) return name;
  throw new UserError(
    `there is no snapshot '${name}' in session '${session.name}'`,
    known.length > 0
      ? `Its snapshots: ${known.join(', ')}.`
      : `Create it: shimfs snapshot create ${name} --session ${session.name}`,
  );
}

export const branchMethods: Methods<'branch'> = {
  ...overlayMethods,

  'branch.create': (params, { session }) => {
    const name = newName(params, 'branch', session.core.listBranches());
    const snapshot = optionalText(params, 'snapshot');
    if (snapshot !== undefined) {
      if (params.from !== undefined)
        throw new UserError(
          'a branch starts from a branch or from a snapshot, not from both',
          'Leave one out.',
        );
      session.core.createBranch(name, { snapshot: knownSnapshot(session, snapshot) });
    } else session.core.createBranch(name, { parent: branch(params, session, 'from') });
    return null;
  },

  'branch.list': (_, { session }) =>
    session.core
      .listBranches()
      .map(({ name, parent, snapshot }) => ({ name, parent, snapshot, users: session.bindings.users(name) })),

  'branch.bind': (params, { session }) => {
    const name = branch(params, session, 'name');
    const pid = whole(params, 'pid') as Pid;
    const before = session.rebind(pid, name);
    if (before !== undefined) return { before };
    const { pids } = session.processes;
    const known =
      pids.length > 0 ? `Its processes: ${pids.slice(0, 20).join(', ')}.` : 'It has no processes now.';
    if (!exists(pid)) throw new UserError(`there is no process ${pid}`, known);
    throw new UserError(
      `process ${pid} is not in session '${session.name}'`,
      `${known} Attach it: shimfs attach --session ${session.name} --branch ${name} ${pid}`,
    );
  },

  'branch.delete': (params, { session }) => {
    const name = branch(params, session, 'name');
    const users = session.bindings.users(name);
    if (users > 0)
      throw new UserError(
        `the branch '${name}' is in use by ${users} of the session's programs`,
        'End them first.',
      );
    try {
      session.core.deleteBranch(name);
    } catch (error) {
      if (!(error instanceof FsError) || error.code !== 'EBUSY') throw error;
      const above = session.core.listBranches().filter((other) => other.parent === name);
      throw name === 'main'
        ? new UserError('the branch main cannot be deleted', 'End the session instead.')
        : new UserError(
            `other branches were created upon '${name}': ${above.map((branch) => branch.name).join(', ')}`,
            'Delete those first.',
          );
    }
    session.bindings.forget(name);
    return null;
  },
};

export const snapshotMethods: Methods<'snapshot'> = {
  'snapshot.create': (params, { session }) => {
    const of = branch(params, session);
    session.core.snapshot(of, newName(params, 'snapshot', session.core.listSnapshots()));
    return null;
  },
  'snapshot.list': (_, { session }) => session.core.listSnapshots(),
  'snapshot.restore': (params, { session }) => {
    const name = knownSnapshot(session, text(params, 'name'));
    session.core.restoreSnapshot(branch(params, session), name);
    return null;
  },
  'snapshot.delete': (params, { session }) => {
    session.core.deleteSnapshot(knownSnapshot(session, text(params, 'name')));
    return null;
  },
};
