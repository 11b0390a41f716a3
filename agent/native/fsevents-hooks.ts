/** Hooks on FSEvents, for a process that was already running and for libraries that it loads later. */
import { FSEVENTS_FUNCTIONS } from '../../core/fsevents-functions.ts';
import { hookFunctions } from './function-hooks.ts';
import type { GateLibrary } from './gate-library.ts';

/** FRAMEWORK_FUNCTIONS and FRAMEWORK_DATA of gate/fsevents/fsevents.h. */
const TAKEN = [
  'CFArrayCreate',
  'CFArrayGetCount',
  'CFArrayGetValueAtIndex',
  'CFStringGetFileSystemRepresentation',
  'CFStringCreateWithFileSystemRepresentation',
  'CFStringCreateWithCString',
  'CFDictionaryCreate',
  'CFDictionaryGetValue',
  'CFNumberCreate',
  'CFNumberGetValue',
  'CFUUIDCreateFromUUIDBytes',
  'CFRetain',
  'CFRelease',
  'CFEqual',
  'CFRunLoopSourceCreate',
  'CFRunLoopSourceSignal',
  'CFRunLoopSourceInvalidate',
  'CFRunLoopAddSource',
  'CFRunLoopRemoveSource',
  'CFRunLoopWakeUp',
  'dispatch_async_f',
  'dispatch_sync_f',
  'dispatch_retain',
  'dispatch_release',
  'dispatch_queue_set_specific',
  'dispatch_get_specific',
  'kCFTypeArrayCallBacks',
  'kCFTypeDictionaryKeyCallBacks',
  'kCFTypeDictionaryValueCallBacks',
];

/** @returns names of the hooked functions; empty if they are hooked later, when a library that exports them is loaded */
export function hookFsevents(gate: GateLibrary): string[] {
  const hooked = hookFunctions(gate, FSEVENTS_FUNCTIONS, TAKEN);
  if (hooked.length > 0) return hooked;
  const observer = Process.attachModuleObserver({
    onAdded(module) {
      if (module.base.equals(gate.module.base) || module.findExportByName(FSEVENTS_FUNCTIONS[0]!) === null)
        return;
      if (hookFunctions(gate, FSEVENTS_FUNCTIONS, TAKEN).length > 0) observer.detach();
    },
  });
  return hooked;
}
