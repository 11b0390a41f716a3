/** `shimfs attach`: the virtual tree for a process that runs already. */
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
      'Bring a running process into the virtual tree. Stays until the process ends, or until Ctrl-C.\n' +
        "Ctrl-C lets go of it: the process goes on. If the session was this command's own, it ends, and from then\n" +
        'on the process gets EIO for virtual files; in the session of a host it stays where it is.',
    )
    .argument('<pid>', 'the process', wholeNumber)
    .addOption(sessionOption());
  addCoverageOptions(addSessionOptions(command))
    .addOption(branchOption('the branch it sees (default: main)'))
    .option('--hide <path>', 'a virtual path that does not exist for it; may be repeated', collect)
    .addHelpText('after', '\nExample:\n  shimfs attach --session demo 4711')
    .action(attachCommand);
}

async function attachCommand(
  pid: number,
  flags: SessionFlags & { readonly branch?: string; readonly hide?: string[] },
): Promise<void> {
  requireSessionOrMount(flags, 'attach --mount /v 4711');
  const { attach } = await import('../run/attach.ts');
  const { session, branch, hide } = flags;
  const attached = await attach({ ...ownSession(flags), session, branch, hide, pid });
  process.stderr.write(`shimfs: process ${pid} is in the virtual tree. Ctrl-C lets go of it.\n`);
  const told = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  await Promise.race([attached.ended, told]);
  await attached.detach();
}
