/** The session itself: its description, and how programs enter it. */
import type { Pid } from '../../../core/numbers.ts';
import { enterBranch } from '../session/branch-entry.ts';
import type { Methods } from './method.ts';
import { branch, flag, texts, whole } from './params.ts';

export const sessionMethods: Methods<'session'> = {
  'session.describe': (_, { session: { name, mounts, core } }) => ({
    name,
    mounts,
    pid: process.pid,
    newest: core.journal.newest,
  }),

  'session.enter': (params, { session, onEnd }) => {
    const hide = texts(params, 'hide');
    const entry = enterBranch(session, branch(params, session), hide, flag(params, 'agentAlways'));
    onEnd(entry.leave);
    return { directory: session.objects, binding: entry.binding, branch: entry.branch };
  },

  'session.attach': async (params, { session, agents, push }) => {
    const pid = whole(params, 'pid') as Pid;
    await agents.attach(session, pid, session.environmentValue(branch(params, session)));
    push({ attached: pid });
    await agents.ended(pid);
    return { pid };
  },
};
