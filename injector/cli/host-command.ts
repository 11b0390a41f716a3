/** `shimfs host`: a session that several programs and commands share. */
import type { Command } from 'commander';
import { UsageError } from './failure.ts';
import {
  addCoverageOptions,
  addSessionOptions,
  ownSession,
  requireSession,
  type SessionFlags,
  sessionOption,
} from './options.ts';
import { printLine } from './output.ts';

export function addHostCommand(program: Command): void {
  const command = program
    .command('host')
    .summary('keep a virtual tree that several programs share')
    .description(
      'Keep a virtual tree under a name. Prints `ready NAME` when it serves; ends on Ctrl-C or SIGTERM.',
    )
    .addOption(sessionOption());
  addCoverageOptions(addSessionOptions(command))
    .addHelpText(
      'after',
      '\nExample:\n  shimfs host --session demo --mount /v --max-bytes 512M\n  shimfs host --session demo --overlay .',
    )
    .action(hostCommand);
}

async function hostCommand(flags: SessionFlags): Promise<void> {
  const session = requireSession(flags);
  if (!flags.mount && !flags.overlay && !flags.import)
    throw new UsageError('--mount is missing', `Example: shimfs host --session ${session} --mount /v`);
  // Before the name is taken, so that no signal finds a session without an end.
  const told = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  const { openOwnSession } = await import('../run/own-session.ts');
  const host = await openOwnSession(session, ownSession(flags));
  try {
    await printLine(`ready ${session}`);
    await told;
  } finally {
    await host.close();
  }
}
