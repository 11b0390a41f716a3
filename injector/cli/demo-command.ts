/** `shimfs demo`: watching programs, a script of changes, and the events that each program received. */
import type { Command } from 'commander';

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .summary('change virtual files, and show the events that programs receive')
    .description(
      'Change virtual files while programs watch them through kqueue, Dispatch and FSEvents, and show the events that each program received. Exit status 1 if they differ from those of the macOS kernel.',
    )
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExample:\n  shimfs demo')
    .action(async (options: { json?: boolean }) => {
      const { demo } = await import('../demo/demo.ts');
      process.exitCode = await demo(options);
    });
}
