/** `shimfs demo`: a watcher, a script of changes, and what it was told. */
import type { Command } from 'commander';

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .summary('show the bridge at work')
    .description(
      'Change virtual files under programs that watch them through kqueue, Dispatch and FSEvents, and show what each was told. Exit status 1 if it is not what a kernel would have said.',
    )
    .option('--json', 'machine-readable result')
    .addHelpText('after', '\nExample:\n  shimfs demo')
    .action(async (options: { json?: boolean }) => {
      const { demo } = await import('../demo/demo.ts');
      process.exitCode = await demo(options);
    });
}
