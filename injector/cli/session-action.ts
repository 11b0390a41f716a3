/** What every command on a session's files does first and last. */
import type { Command } from 'commander';
import type { ControlClient } from '../control/client.ts';
import { requireSession } from './options.ts';

export interface SessionContext {
  readonly client: ControlClient;
  readonly session: string;
  readonly branch: string | undefined;
  readonly json: boolean;
}

/** Options may stand before or after the subcommand's name; the parent knows those before. */
export function withSession<Args extends unknown[]>(
  work: (context: SessionContext, ...args: Args) => Promise<void>,
) {
  return async (...given: unknown[]): Promise<void> => {
    const command = given.at(-1) as Command;
    const args = given.slice(0, -2);
    const flags = command.optsWithGlobals<{ session?: string; branch?: string; json?: boolean }>();
    const session = requireSession(flags);
    const { ControlClient } = await import('../control/client.ts');
    const client = await ControlClient.connect(session);
    try {
      await work(
        { client, session, branch: flags.branch, json: flags.json ?? false },
        ...([...args, flags] as unknown as Args),
      );
    } finally {
      client.close();
    }
  };
}
