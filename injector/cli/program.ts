/** The command `shimfs` with all its subcommands. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { packageFile } from '../package-root.ts';
import { addAttachCommand } from './attach-command.ts';
import { addBranchCommand, addSnapshotCommand } from './branch-command.ts';
import { addDemoCommand } from './demo-command.ts';
import { addDoctorCommand } from './doctor-command.ts';
import { addEventsCommand } from './events-command.ts';
import { addFsCommand } from './fs-command.ts';
import { addHostCommand } from './host-command.ts';
import { addLaunchdCommand } from './launchd-command.ts';
import { addRunCommand } from './run-command.ts';
import { addServeCommand } from './serve-command.ts';

const version = (): string => JSON.parse(readFileSync(packageFile('package.json'), 'utf8')).version;

/** Throws CommanderError instead of exiting; set before the subcommands are added, because they copy it. */
export function createProgram(): Command {
  const program = new Command('shimfs')
    .description(
      'An in-memory filesystem for unmodified programs, which notifies their file watchers of changes.',
    )
    .version(version())
    .exitOverride()
    .showHelpAfterError('(`shimfs COMMAND --help` prints the usage)')
    .enablePositionalOptions()
    .addHelpText(
      'after',
      `
Exit status: 0 on success, 1 on a failure (cause and remedy are on standard error), 2 on wrong usage; \`run\` exits with
its program's own.

Example:
  shimfs run --mount /v -- sh -c 'echo hi > /v/a; cat /v/a'`,
    );
  addRunCommand(program);
  addAttachCommand(program);
  addHostCommand(program);
  addFsCommand(program);
  addEventsCommand(program);
  addBranchCommand(program);
  addSnapshotCommand(program);
  addServeCommand(program);
  addLaunchdCommand(program);
  addDoctorCommand(program);
  addDemoCommand(program);
  return program;
}
