/** Hooks on the system's functions where the gate was not preloaded and its own names come too late. */
import type { GateLibrary } from './gate-library.ts';

/**
 * @returns the system's function as the gate is to call it
 *
 * `replaceFast` where it can: `replace` silently runs the original when a signal handler re-enters it. A function
 * too short for it can be replaced all the same; it then calls its original through its own address.
 */
function replaceFunction(target: NativePointer, replacement: NativePointer): NativePointer {
  try {
    return Interceptor.replaceFast(target, replacement);
  } catch {
    Interceptor.replace(target, replacement);
    return target;
  }
}

/**
 * Puts the gate's `shimfs_NAME` before each function that some module of the program exports.
 * @param taken functions and data that the gate only has to know
 * @returns names of what was hooked
 */
export function hookFunctions(
  gate: GateLibrary,
  names: readonly string[],
  taken: readonly string[] = [],
): string[] {
  const hooked: string[] = [];
  const known = new Set<string>();
  for (const module of Process.enumerateModules()) {
    if (module.base.equals(gate.module.base)) continue;
    for (const name of names) {
      const target = hooked.includes(name) ? null : module.findExportByName(name);
      if (target === null) continue;
      gate.setReal(name, replaceFunction(target, gate.module.getExportByName(`shimfs_${name}`)));
      hooked.push(name);
    }
    for (const name of taken) {
      const target = known.has(name) ? null : module.findExportByName(name);
      if (target === null) continue;
      gate.setReal(name, target);
      known.add(name);
    }
  }
  Interceptor.flush();
  return hooked;
}
