/** What of kqueue is hooked in a process that was already running. */
import { hookFunctions } from './function-hooks.ts';
import type { GateLibrary } from './gate-library.ts';

const NAMES = ['kqueue', 'guarded_kqueue_np', 'kevent', 'kevent64', 'kevent_qos'];
/** Taken as they are: a userland kqueue's ears, where there is one. */
const EARS = ['darwin_standin_fd_closing', 'darwin_standin_fd_duplicated'];

/** @returns names of what was hooked */
export const hookKqueue = (gate: GateLibrary): string[] => hookFunctions(gate, NAMES, EARS);
