/** `shimfs doctor`: checks this machine, and prints a remedy for each check that fails. */
import type { Command } from 'commander';
import { printLine } from './output.ts';

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .summary('check whether shimfs works on this machine')
    .description(
      'Check whether shimfs works on this machine, and print a remedy for each problem. Exit status 1 if a check fails.',
    )
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExample:\n  shimfs doctor')
    .action(doctor);
}

async function doctor({ json }: { json?: boolean }): Promise<void> {
  const { diagnose } = await import('../doctor/diagnose.ts');
  const { renderChecks } = await import('../doctor/check.ts');
  const { checkGate, checkRun } = await import('../doctor/session.ts');
  const { checkHooks, checkSystem, checkWatching } = await import('../doctor/watching.ts');
  const watching = [() => checkHooks(), checkWatching, checkSystem];
  const checks = await diagnose({ extraChecks: [checkGate, checkRun, ...watching] });
  await printLine(renderChecks(checks, { json }));
  if (checks.some(({ status }) => status === 'fail')) process.exitCode = 1;
}
