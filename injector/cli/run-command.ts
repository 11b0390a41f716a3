/** `shimfs run`: runs a program in the virtual tree. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  addCoverageOptions,
  addSessionOptions,
  branchOption,
  collect,
  collectVariable,
  ownSession,
  requireSessionOrMount,
  type SessionFlags,
  sessionOption,
} from './options.ts';

interface RunFlags extends SessionFlags {
  readonly branch?: string;
  readonly hide?: string[];
  readonly env?: Record<string, string>;
}

export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .summary('run a program in the virtual tree')
    .description(
      'Run a program in the virtual tree. Its input, output, terminal, signals and exit status are its own.\n' +
        'Without --session, the tree begins empty and ends with the last process in it.',
    )
    .argument('<command>', 'the program')
    .argument('[args...]', 'its arguments')
    .passThroughOptions()
    .addOption(sessionOption());
  addCoverageOptions(addSessionOptions(command))
    .addOption(branchOption('the branch it sees (default: main)'))
    .option('--hide <path>', 'virtual path to hide from it; may be repeated', collect)
    .option('--env <name=value>', 'environment variable to set for it; may be repeated', collectVariable)
    .addHelpText(
      'after',
      `
Exit status: the program's own, 128+n when signal n ended it; 127 when it is not found, 126 when it cannot be
run or covered.

Examples:
  shimfs run --mount /v -- sh -c 'echo hi > /v/a; cat /v/a'
  shimfs run --overlay . -- make   # its output is lost at the end; in a host's session it stays, to be committed
  shimfs run --import ./site:/srv/site -- python3 -m http.server -d /srv/site
  shimfs run --session demo --branch work --hide /v/secret -- make -C /v`,
    )
    .action(runCommand);
}

async function runCommand(command: string, args: string[], flags: RunFlags): Promise<void> {
  requireSessionOrMount(flags, "run --mount /v -- sh -c 'echo hi > /v/a; cat /v/a'");
  const { run } = await import('../run/run.ts');
  const { session, branch, hide, env } = flags;
  const running = await run({
    ...ownSession(flags),
    session,
    branch,
    hide: hide?.map((path) => resolve(path)),
    env,
    command,
    args,
    forwardSignals: true,
  });
  const status = await running.status;
  // The program has ended, and only its descendants remain: a signal now ends the session.
  let closing = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (closing) return;
      closing = true;
      void running.close().then(() => process.exit(status));
    });
  process.exitCode = await running.done;
}
