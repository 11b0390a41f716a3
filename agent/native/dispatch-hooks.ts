/** Hooks on libdispatch, for a process that was already running. */
import { hookFunctions } from './function-hooks.ts';
import type { GateLibrary } from './gate-library.ts';

const NAMES = [
  'dispatch_source_create',
  'dispatch_source_get_handle',
  'dispatch_source_get_mask',
  'dispatch_source_cancel',
  'dispatch_activate',
  'dispatch_resume',
  'dispatch_suspend',
];
const TAKEN = ['dispatch_source_merge_data', '_dispatch_source_type_vnode', '_dispatch_source_type_data_or'];
/** Reference counting without Objective-C, which has weak references. */
const COUNTED = ['dispatch_retain', 'dispatch_release'];
const WEAK = ['objc_initWeak', 'objc_loadWeakRetained', 'objc_destroyWeak'];

/** @returns names of the hooked functions */
export function hookDispatch(gate: GateLibrary): string[] {
  return Process.platform === 'darwin'
    ? hookFunctions(gate, NAMES, [...TAKEN, ...WEAK, 'dispatch_release'])
    : hookFunctions(gate, [...NAMES, ...COUNTED], TAKEN);
}
