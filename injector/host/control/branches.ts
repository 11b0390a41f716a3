/** Branches and snapshots, by name. */
import { FsError } from '../../../core/errors.ts';
import { UserError } from '../../user-error.ts';
import type { Methods } from '../control-connection.ts';
import type { SessionHost } from '../session-host.ts';
import { overlayMethods } from './overlays.ts';
import { branch, optionalText, type Params, text, whole } from './params.ts';

const NAME = /^[A-Za-z0-9._/-]{1,64}$/;

function newName(params: Params, what: string, taken: readonly { readonly name: string }[]): string {
  const name = text(params, 'name');
  if (!NAME.test(name))
    throw new UserError(
      `'${name}' is no name for a ${what}`,
      'Use up to 64 letters, digits, dots, slashes, underscores or hyphens.',
    );
  if (taken.some((one) => one.name === name))
    throw new UserError(
      `there is a ${what} '${name}' already`,
      `Take another name, or: shimfs ${what} delete ${name}`,
    );
  return name;
}

/** It may be somebody else's: whom one may not signal is there all the same. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function knownSnapshot(host: SessionHost, name: string): string {
  const known = host.core.listSnapshots().map((one) => one.name);
  if (known.includes(name)) return name;
  throw new UserError(
    `there is no snapshot '${name}' in session '${host.name}'`,
    known.length > 0
      ? `Its snapshots: ${known.join(', ')}.`
      : `Make it: shimfs snapshot create ${name} --session ${host.name}`,
  );
}

export const branchMethods: Methods<'branch'> = {
  ...overlayMethods,

  'branch.create': (params, { host }) => {
    const name = newName(params, 'branch', host.core.listBranches());
    const snapshot = optionalText(params, 'snapshot');
    if (snapshot !== undefined) {
      if (params.from !== undefined)
        throw new UserError('a branch begins from a branch or from a snapshot, not from both', 'Give one.');
      host.core.createBranch(name, { snapshot: knownSnapshot(host, snapshot) });
    } else host.core.createBranch(name, { parent: branch(params, host, 'from') });
    return null;
  },

  'branch.list': (_, { host }) =>
    host.core
      .listBranches()
      .map(({ name, parent, snapshot }) => ({ name, parent, snapshot, users: host.bindings.users(name) })),

  'branch.bind': (params, { host }) => {
    const name = branch(params, host, 'name');
    const pid = whole(params, 'pid');
    const before = host.rebind(pid, name);
    if (before !== undefined) return { before };
    const { pids } = host.residents;
    const known =
      pids.length > 0 ? `Those that live in it: ${pids.slice(0, 20).join(', ')}.` : 'None lives in it now.';
    if (!exists(pid)) throw new UserError(`there is no process ${pid}`, known);
    throw new UserError(
      `the process ${pid} does not live in session '${host.name}'`,
      `${known} Bring it in: shimfs attach --session ${host.name} --branch ${name} ${pid}`,
    );
  },

  'branch.delete': (params, { host }) => {
    const name = branch(params, host, 'name');
    const users = host.bindings.users(name);
    if (users > 0)
      throw new UserError(
        `the branch '${name}' is in use by ${users} of the session's programs`,
        'End them first.',
      );
    try {
      host.core.deleteBranch(name);
    } catch (error) {
      if (!(error instanceof FsError) || error.code !== 'EBUSY') throw error;
      const above = host.core.listBranches().filter((one) => one.parent === name);
      throw name === 'main'
        ? new UserError('the branch main cannot be deleted', 'End the session instead.')
        : new UserError(
            `the branch '${name}' has others upon it: ${above.map((one) => one.name).join(', ')}`,
            'Delete those first.',
          );
    }
    host.bindings.forget(name);
    return null;
  },
};

export const snapshotMethods: Methods<'snapshot'> = {
  'snapshot.create': (params, { host }) => {
    const of = branch(params, host);
    host.core.snapshot(of, newName(params, 'snapshot', host.core.listSnapshots()));
    return null;
  },
  'snapshot.list': (_, { host }) => host.core.listSnapshots(),
  'snapshot.restore': (params, { host }) => {
    const name = knownSnapshot(host, text(params, 'name'));
    host.core.restoreSnapshot(branch(params, host), name);
    return null;
  },
  'snapshot.delete': (params, { host }) => {
    host.core.deleteSnapshot(knownSnapshot(host, text(params, 'name')));
    return null;
  },
};
