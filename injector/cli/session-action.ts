/** Connects a command to its session, and disconnects it at the end. */
import type { Command } from 'commander';
import type { ControlClient } from '../control/client.ts';
import { requireSession } from './options.ts';

export interface SessionContext {
  readonly client: ControlClient;
  readonly session: string;
  readonly branch: string | undefined;
  readonly json: boolean;
}

/** Options may stand before or after the subcommand's name; the parent command has those before. */
export function withSession<Args extends unknown[]>(
  action: (context: SessionContext, ...args: Args) => Promise<void>,
) {
  return async (...given: unknown[]): Promise<void> => {
    const command = given.at(-1) as Command;
    const args = given.slice(0, -2);
    const flags = command.optsWithGlobals<{ session?: string; branch?: string; json?: boolean }>();
    const session = requireSession(flags);
    const { ControlClient } = await import('../control/client.ts');
    const client = await ControlClient.connect(session);
    try {
      await action(
        { client, session, branch: flags.branch, json: flags.json ?? false },
        ...([...args, flags] as unknown as Args),
      );
    } finally {
      client.close();
    }
  };
}
