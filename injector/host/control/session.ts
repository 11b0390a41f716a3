/** The session itself: what it is, and how programs come into it. */
import type { Methods } from '../control-connection.ts';
import { enterBranch } from '../private-branch.ts';
import { branch, flag, texts, whole } from './params.ts';

export const sessionMethods: Methods<'session'> = {
  'session.describe': (_, { host }) => ({
    name: host.name,
    mounts: host.options.mounts,
    pid: process.pid,
    newest: host.core.journal.newest,
  }),

  'session.enter': (params, { host, onEnd }) => {
    const entry = enterBranch(host, branch(params, host), texts(params, 'hide'), flag(params, 'agentAlways'));
    onEnd(entry.leave);
    return { directory: host.objects.path, binding: entry.binding, branch: entry.branch };
  },

  'session.attach': async (params, { host, push }) => {
    const pid = whole(params, 'pid');
    await host.agents.bring(pid, host.sessionValue(branch(params, host)));
    push({ attached: pid });
    await host.agents.ended(pid);
    return { pid };
  },
};
