/** Checks of the directories of sessions. */
import { type Choice, chooseObjectDirectory } from '../platform/object-directory.ts';
import { liveSessions, runDirectory } from '../platform/run-directory.ts';
import { type Check, fail, ok, warn } from './check.ts';

export function checkObjectDirectory(choose: () => Choice = chooseObjectDirectory): Check {
  const name = 'object directory';
  try {
    const { reason, degraded } = choose();
    if (!degraded) return ok(name, reason);
    return warn(
      name,
      reason,
      'Mount a larger tmpfs without noexec at /dev/shm (in a container: --shm-size, or --tmpfs /dev/shm:exec).',
    );
  } catch (error) {
    return fail(name, (error as Error).message, 'Make /dev/shm or the temporary directory writable.');
  }
}

export function checkRunDirectory(find: () => string = runDirectory): Check {
  const name = 'run directory';
  try {
    const path = find();
    const live = liveSessions(path);
    return ok(name, live.length === 0 ? path : `${path} (sessions: ${live.join(', ')})`);
  } catch (error) {
    const { message, remedy } = error as Error & { remedy?: string };
    return fail(name, message, remedy ?? 'Set XDG_RUNTIME_DIR to a directory that belongs to you.');
  }
}
