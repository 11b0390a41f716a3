/** How long the service collects changes for watchers that name no interval of their own. */
import { UserError } from '../user-error.ts';

const MOST_SECONDS = 60;

/** @throws UserError */
export function checkSyncInterval(seconds: number): void {
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MOST_SECONDS) return;
  const remedy = `Whole seconds, from 1 to ${MOST_SECONDS}; for less, give watchers a latencyMs.`;
  throw new UserError(`'${seconds}' is no sync interval`, remedy, 2);
}
