/** The adapter for PyPI's `frida` wheel: `bridge.py` in a private virtual environment. */
import { dirname } from 'node:path';
import { packageFile } from '../package-root.ts';
import { HelperEngine, type HelperEngineOptions } from './helper-engine.ts';
import { ensureVenv, existingVenv, type VenvOptions } from './venv.ts';

export const FRIDA_VERSION = '17.25.2';

export const FRIDA_VENV: VenvOptions = { name: 'frida', packages: [`frida==${FRIDA_VERSION}`] };

/** The interpreter of the engine's environment, if it is installed. */
export const pythonReady = (): string | undefined => existingVenv(FRIDA_VENV)?.python;

export type AdapterOptions = Pick<HelperEngineOptions, 'onLog' | 'attachLimitMs'> &
  Pick<VenvOptions, 'onProgress'>;

export function pythonEngine(options: AdapterOptions = {}): HelperEngine {
  // Not relative to this module, which may be part of a bundle.
  const bridge = packageFile('injector', 'engine', 'bridge.py');
  return new HelperEngine({
    ...options,
    adapter: 'python',
    program: async (repair) => {
      const { python } = await ensureVenv({ ...FRIDA_VENV, repair, onProgress: options.onProgress });
      // -I: ignores the user's site directory and PYTHON* variables.
      return { command: python, args: ['-I', bridge], cwd: dirname(bridge) };
    },
  });
}
