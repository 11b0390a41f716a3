/** Whether programs can watch virtual files on this machine. Starts no program. */
import { findNpmBinding } from '../engine/npm-binding.ts';
import { pythonReady } from '../engine/python-bridge.ts';
import { resolveCommand } from '../platform/executable.ts';

/** @returns a message for the user; undefined when an engine is installed or can be fetched */
export function watchingImpossible(): string | undefined {
  if (pythonReady() || findNpmBinding() || resolveCommand('python3')) return undefined;
  return (
    "Virtual files cannot be watched here: neither Python 3 nor npm's frida is installed. " +
    'A watch fails with ENOTSUP; everything else works. To watch, install python3 with its venv module.'
  );
}
