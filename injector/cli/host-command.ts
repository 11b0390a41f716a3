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
    .summary('keep a session: a virtual tree that several programs share')
    .description(
      'Keep a session: a virtual tree that programs and commands share by its name. Prints `ready NAME` when the\n' +
        'session accepts programs; ends on Ctrl-C or SIGTERM.',
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
  // Installed before the session exists: a signal at any later time closes it.
  const signalled = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  const { openOwnSession } = await import('../run/own-session.ts');
  const host = await openOwnSession(session, ownSession(flags));
  try {
    await printLine(`ready ${session}`);
    await signalled;
  } finally {
    await host.close();
  }
}
