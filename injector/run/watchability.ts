/** Whether a program could ever watch a virtual file here, found out without starting anything. */
import { findNpmBinding } from '../engine/npm-binding.ts';
import { pythonReady } from '../engine/python-bridge.ts';
import { resolveCommand } from '../platform/executable.ts';

/** @returns what to tell, undefined when an engine is there or can be fetched */
export function watchingImpossible(): string | undefined {
  if (pythonReady() || findNpmBinding() || resolveCommand('python3')) return undefined;
  return (
    "Virtual files cannot be watched here: neither Python 3 nor npm's frida is installed. " +
    'Everything else works; a watch fails with ENOTSUP. Install python3 with its venv module to watch.'
  );
}
