/** Hooks on kqueue, for a process that was already running. */
import { hookFunctions } from './function-hooks.ts';
import type { GateLibrary } from './gate-library.ts';

const NAMES = ['kqueue', 'guarded_kqueue_np', 'kevent', 'kevent64', 'kevent_qos'];
/** Not hooked: the callbacks of the stand-in, where it is loaded. */
const EARS = ['darwin_standin_fd_closing', 'darwin_standin_fd_duplicated'];

/** @returns names of the hooked functions */
export const hookKqueue = (gate: GateLibrary): string[] => hookFunctions(gate, NAMES, EARS);
