/** `shimfs attach`: brings a running process into the virtual tree. */
import type { Command } from 'commander';
import {
  addCoverageOptions,
  addSessionOptions,
  branchOption,
  collect,
  ownSession,
  requireSessionOrMount,
  type SessionFlags,
  sessionOption,
  wholeNumber,
} from './options.ts';

export function addAttachCommand(program: Command): void {
  const command = program
    .command('attach')
    .summary('bring a running process into the virtual tree')
    .description(
      'Bring a running process into the virtual tree. Runs until the process ends, or until Ctrl-C.\n' +
        'Ctrl-C detaches: the process goes on. Without --session, the session ends with this command, and the\n' +
        "process then gets EIO for virtual files. In a host's session, the process keeps the virtual tree.",
    )
    .argument('<pid>', 'id of the process', wholeNumber)
    .addOption(sessionOption());
  addCoverageOptions(addSessionOptions(command))
    .addOption(branchOption('the branch it sees (default: main)'))
    .option('--hide <path>', 'virtual path to hide from it; may be repeated', collect)
    .addHelpText('after', '\nExample:\n  shimfs attach --session demo 4711')
    .action(attachCommand);
}

async function attachCommand(
  pid: number,
  flags: SessionFlags & { readonly branch?: string; readonly hide?: string[] },
): Promise<void> {
  requireSessionOrMount(flags, 'attach --mount /v 4711');
  // Installed first: a signal during the attach detaches when it is complete. A second signal ends this process at once.
  const signalled = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  const { attach } = await import('../run/attach.ts');
  const { session, branch, hide } = flags;
  const attached = await attach({ ...ownSession(flags), session, branch, hide, pid });
  process.stderr.write(`shimfs: process ${pid} is in the virtual tree. Ctrl-C detaches from it.\n`);
  await Promise.race([attached.ended, signalled]);
  await attached.detach();
}
