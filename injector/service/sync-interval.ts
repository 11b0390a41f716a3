/** How long the service collects changes for watchers without an interval of their own. */
import { UserError } from '../user-error.ts';

const MOST_SECONDS = 60;

/** @throws UserError */
export function checkSyncInterval(seconds: number): void {
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MOST_SECONDS) return;
  const remedy = `Give whole seconds, from 1 to ${MOST_SECONDS}; for less, set latencyMs in the definition of each watcher.`;
  throw new UserError(`'${seconds}' is not a sync interval`, remedy, 2);
}
