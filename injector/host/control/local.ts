/** Calls the control methods of a host in this process, without socket, JSON or base64. */
import type { Caller, ControlMethods, MethodName } from '../../control/methods.ts';
import { UserError } from '../../user-error.ts';
import type { SessionHost } from '../session-host.ts';
import { type ControlCall, type Method, refusal } from './method.ts';
import { METHODS } from './method-table.ts';

export function localCaller({ session, agents }: Pick<SessionHost, 'session' | 'agents'>): Caller {
  const call: ControlCall = {
    session,
    agents,
    handles: new Map(),
    push: () => undefined,
    backlog: 0,
    onDrain: () => undefined,
    onEnd: () => undefined,
  };
  return {
    async call<K extends MethodName>(
      method: K,
      params: ControlMethods[K]['params'],
    ): Promise<ControlMethods[K]['value']> {
      try {
        return await (METHODS[method] as Method<K>)(params as Record<string, unknown>, call);
      } catch (error) {
        const { message, remedy } = refusal(error as Error, session);
        throw remedy === undefined ? error : new UserError(message, remedy);
      }
    },
  };
}
