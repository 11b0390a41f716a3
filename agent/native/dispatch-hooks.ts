/** Hooks on libdispatch, for a process that was already running. */
import {
  DISPATCH,
  DISPATCH_CALLED,
  DISPATCH_COUNTED,
  DISPATCH_DATA,
  namesOf,
  WEAK_REFERENCES,
} from '../../core/gate/system-functions.ts';
import { hookFunctions } from './function-hooks.ts';
import type { GateLibrary } from './gate-library.ts';

/** @returns names of the hooked functions */
export function hookDispatch(gate: GateLibrary): string[] {
  const lookedUp = [...namesOf(DISPATCH_CALLED), ...DISPATCH_DATA];
  return Process.platform === 'darwin'
    ? hookFunctions(gate, namesOf(DISPATCH), [
        ...lookedUp,
        ...namesOf(WEAK_REFERENCES),
        ...namesOf(DISPATCH_COUNTED),
      ])
    : hookFunctions(gate, namesOf([...DISPATCH, ...DISPATCH_COUNTED]), lookedUp);
}
