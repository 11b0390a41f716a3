/** Hooks on FSEvents, for a process that was already running and for libraries that it loads later. */
import {
  DISPATCH_COUNTED,
  FRAMEWORK_CALLED,
  FRAMEWORK_DATA,
  FSEVENTS,
  namesOf,
} from '../../core/gate/system-functions.ts';
import { hookFunctions } from './function-hooks.ts';
import type { GateLibrary } from './gate-library.ts';

const HOOKED = namesOf(FSEVENTS);
const LOOKED_UP = [...namesOf([...FRAMEWORK_CALLED, ...DISPATCH_COUNTED]), ...FRAMEWORK_DATA];

/** @returns names of the hooked functions; empty if they are hooked later, when a library that exports them is loaded */
export function hookFsevents(gate: GateLibrary): string[] {
  const hooked = hookFunctions(gate, HOOKED, LOOKED_UP);
  if (hooked.length > 0) return hooked;
  const observer = Process.attachModuleObserver({
    onAdded(module) {
      if (module.base.equals(gate.module.base) || module.findExportByName(HOOKED[0]!) === null) return;
      if (hookFunctions(gate, HOOKED, LOOKED_UP).length > 0) observer.detach();
    },
  });
  return hooked;
}
