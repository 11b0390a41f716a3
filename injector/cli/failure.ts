/** How a command reports a failure: cause, remedy and exit status. */
import { CommanderError } from 'commander';

export const STATUS_FAILED = 1;
export const STATUS_USAGE = 2;

/** The command line is wrong. */
export class UsageError extends Error {
  readonly remedy: string;
  readonly status = STATUS_USAGE;
  constructor(message: string, remedy: string) {
    super(message);
    this.name = 'UsageError';
    this.remedy = remedy;
  }
}

interface Explained {
  readonly message: string;
  readonly remedy?: string;
  readonly status?: number;
  readonly code?: string;
  readonly stack?: string;
}

/** Errors with a cause and a remedy for the user. Any other error is a fault of shimfs. */
const EXPECTED = new Set([
  'UserError',
  'UsageError',
  'ControlError',
  'EngineError',
  'SessionError',
  'PrivateDirectoryError',
  'GateBuildError',
  'FsError',
]);

/** Writes an error to standard error, unless Commander has written it. @returns the exit status */
export function reportFailure(
  error: unknown,
  write = (text: string) => void process.stderr.write(text),
): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : STATUS_USAGE;
  const failure = error as Explained & Error;
  const known = error instanceof Error && EXPECTED.has(failure.name);
  const message = error instanceof Error ? failure.message : String(error);
  write(`shimfs: ${known ? '' : 'unexpected: '}${message}\n`);
  if (failure.remedy) write(`  ${failure.remedy}\n`);
  if (process.env.SHIMFS_LOG === 'debug') write(`${failure.stack ?? ''}\n`);
  else if (!known)
    write('  This is a fault of shimfs. SHIMFS_LOG=debug prints the stack: please report it.\n');
  return failure.status ?? STATUS_FAILED;
}
