/** Delay before a retry: doubles up to a limit, with jitter so that retries do not coincide. */

/** Options of the pauses between retries. */
export interface BackoffOptions {
  /** Milliseconds after the first failure. Default: 100. */
  readonly first?: number;
  /** Maximum in milliseconds. Default: 30 000. */
  readonly most?: number;
  /** Attempts at an action, including the first. Default: 6. */
  readonly tries?: number;
}

/** Defaults of BackoffOptions: milliseconds, and a count. */
export const BACKOFF_DEFAULTS = { first: 100, most: 30_000, tries: 6 } as const;

/**
 * @param failures so far, at least 1 @param random from 0 to 1
 * @returns milliseconds, between half and the whole of the step
 */
export function backoffMs(failures: number, random: number, options: BackoffOptions = {}): number {
  const { first, most } = { ...BACKOFF_DEFAULTS, ...options };
  const step = Math.min(most, first * 2 ** (failures - 1));
  return step / 2 + (step / 2) * random;
}
