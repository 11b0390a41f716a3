/** Hooks on the system's functions, for a process whose gate was not preloaded: its symbols were bound before. */
import type { GateLibrary } from './gate-library.ts';

/**
 * Uses `replaceFast` where possible: with `replace`, a signal handler that re-enters the function silently runs the
 * original. A function that is too short for `replaceFast` is replaced by `replace`, and the gate reaches the original
 * through the function's own address.
 * @returns the address at which the gate calls the system's function
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
 * Replaces each named function that a module of the program exports by the gate's `shimfs_NAME`.
 * @param lookedUp functions and data whose addresses the gate needs, and which are not replaced
 * @returns names of the functions that were replaced
 */
export function hookFunctions(
  gate: GateLibrary,
  names: readonly string[],
  lookedUp: readonly string[] = [],
): string[] {
  const hooked: string[] = [];
  const known = new Set<string>();
  for (const module of Process.enumerateModules()) {
    if (module.base.equals(gate.module.base)) continue;
    for (const name of names) {
      const target = hooked.includes(name) ? null : module.findExportByName(name);
      if (target === null) continue;
      gate.setReal(name, replaceFunction(target, gate.module.getExportByName(`shimfs_${name}`)), true);
      hooked.push(name);
    }
    for (const name of lookedUp) {
      const target = known.has(name) ? null : module.findExportByName(name);
      if (target === null) continue;
      gate.setReal(name, target, false);
      known.add(name);
    }
  }
  Interceptor.flush();
  return hooked;
}
