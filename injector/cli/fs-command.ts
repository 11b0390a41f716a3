/** `shimfs fs`: reads and changes a session's files from outside the session. */
import type { Command } from 'commander';
import { addFileChanges } from './fs-changes.ts';
import { addFileReading } from './fs-reading.ts';
import { addTransfer } from './fs-transfer.ts';
import { branchOption, sessionOption } from './options.ts';

/** A subcommand of `fs`. */
export type AddCommand = (nameAndArgs: string, summary: string, example: string) => Command;

export function addFsCommand(program: Command): void {
  const fs = program
    .command('fs')
    .summary("read and change a session's files")
    .description(
      "Read and change a session's files. Paths are absolute, as programs in the session see them.",
    )
    .addOption(sessionOption().hideHelp())
    .addOption(branchOption().hideHelp())
    .addHelpText(
      'after',
      '\nExample:\n  shimfs fs ls -l /v --session demo\n  echo hi | shimfs fs write /v/a --session demo',
    );
  const add: AddCommand = (nameAndArgs, summary, example) =>
    fs
      .command(nameAndArgs)
      .description(summary)
      .addOption(sessionOption())
      .addOption(branchOption())
      .addHelpText('after', `\nExample:\n  ${example}`);
  addFileReading(add);
  addFileChanges(add);
  addTransfer(add);
}
