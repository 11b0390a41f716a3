/** Hooks on kqueue, for a process that was already running. */
import { KQUEUE, KQUEUE_LISTENERS, namesOf } from '../../core/gate/system-functions.ts';
import { hookFunctions } from './function-hooks.ts';
import type { GateLibrary } from './gate-library.ts';

/** @returns names of the hooked functions */
export const hookKqueue = (gate: GateLibrary): string[] =>
  hookFunctions(gate, namesOf(KQUEUE), namesOf(KQUEUE_LISTENERS));
