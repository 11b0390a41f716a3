/** How long to wait before trying again: twice as long each time, up to a limit, and never all at the same moment. */

export interface BackoffOptions {
  /** Milliseconds after the first failure. Default: 100. */
  readonly first?: number;
  /** Milliseconds at most. Default: 30 000. */
  readonly most?: number;
  /** Tries of one action, the first one included. Default: 6. */
  readonly tries?: number;
}

export const BACKOFF_DEFAULTS = { first: 100, most: 30_000, tries: 6 } as const;

/**
 * @param failures so far, 1 at least @param random from 0 to 1
 * @returns milliseconds, between half and the whole of the step
 */
export function backoffMs(failures: number, random: number, options: BackoffOptions = {}): number {
  const { first, most } = { ...BACKOFF_DEFAULTS, ...options };
  const step = Math.min(most, first * 2 ** (failures - 1));
  return step / 2 + (step / 2) * random;
}
