/** `shimfs doctor`: what works here, what does not, and what to do about it. */
import type { Command } from 'commander';
import { printLine } from './output.ts';

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .summary('check what works on this machine')
    .description(
      'Check what works on this machine and say what to do about the rest. Exit status 1 if something fails.',
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
