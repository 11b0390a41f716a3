/** Hooks on kqueue's functions where the gate was not preloaded and its own names come too late. */
import type { GateLibrary } from './gate-library.ts';

const NAMES = ['kqueue', 'guarded_kqueue_np', 'kevent', 'kevent64', 'kevent_qos'];
/** Taken as they are: a userland kqueue's ears, where there is one. */
const EARS = ['darwin_standin_fd_closing', 'darwin_standin_fd_duplicated'];

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

/** @returns names of what was hooked */
export function hookKqueue(gate: GateLibrary): string[] {
  const hooked: string[] = [];
  for (const module of Process.enumerateModules()) {
    if (module.base.equals(gate.module.base)) continue;
    for (const name of NAMES) {
      const target = module.findExportByName(name);
      if (target === null || hooked.includes(name)) continue;
      gate.setReal(name, replaceFunction(target, gate.module.getExportByName(`shimfs_${name}`)));
      hooked.push(name);
    }
    for (const name of EARS) {
      const target = module.findExportByName(name);
      if (target !== null) gate.setReal(name, target);
    }
  }
  Interceptor.flush();
  return hooked;
}
