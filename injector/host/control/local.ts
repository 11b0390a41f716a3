/** A host in this process, asked as a command would ask it: without socket, JSON or base64. */
import type { Caller, ControlMethods, MethodName } from '../../control/methods.ts';
import { UserError } from '../../user-error.ts';
import { type Handle, type Method, refusal } from '../control-connection.ts';
import { METHODS } from '../control-methods.ts';
import type { SessionHost } from '../session-host.ts';

export function localCaller(host: SessionHost): Caller {
  const handles = new Map<number, Handle>();
  const call = {
    host,
    handles,
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
        const { message, remedy } = refusal(error as Error, host);
        throw remedy === undefined ? error : new UserError(message, remedy);
      }
    },
  };
}
