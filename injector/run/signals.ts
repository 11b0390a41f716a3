/** Signals sent to us are meant for the program. */
import type { Program } from './program.ts';

const FORWARDED: readonly NodeJS.Signals[] = [
  'SIGTERM',
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGCONT',
  'SIGWINCH',
];
/** The terminal sends its own to both. */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];

/**
 * Starts a program to which signals are forwarded until it ends. The handlers stand before it does: a program may say
 * that it is ready, and be sent a signal, before its parent has had another turn of the processor.
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
