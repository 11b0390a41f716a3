/** Errors of Node's fs as errors of the core. */
import { ERRNO, type ErrnoCode, FsError } from '../errors.ts';

/** Converts the system's errors to FsError; codes that ERRNO lacks become EIO. */
export function asFsError<T>(operation: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof FsError || code === undefined) throw error;
    throw new FsError(code in ERRNO ? (code as ErrnoCode) : 'EIO', operation);
  }
}
