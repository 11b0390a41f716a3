/** Forwards this process's signals to the program. */
import type { Program } from './program.ts';

const FORWARDED: readonly NodeJS.Signals[] = [
  'SIGTERM',
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGCONT',
  'SIGWINCH',
];
/** A terminal sends these to the program, too. */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];

/**
 * Starts a program, and forwards signals to it until it ends. The handlers are installed first: the program may print
 * that it is ready, and a signal for it may arrive, before this process runs again.
 */
export function startWithSignals(start: () => Program): Program {
  let child: Program['child'] | undefined;
  const forward = (signal: NodeJS.Signals): void => void child?.kill(signal);
  const maybe = (signal: NodeJS.Signals): void => {
    if (!process.stdin.isTTY) forward(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  for (const signal of FROM_TERMINAL) process.on(signal, maybe);
  const stop = (): void => {
    for (const signal of FORWARDED) process.off(signal, forward);
    for (const signal of FROM_TERMINAL) process.off(signal, maybe);
  };
  try {
    const program = start();
    child = program.child;
    program.status.then(stop, stop);
    return program;
  } catch (error) {
    stop();
    throw error;
  }
}
