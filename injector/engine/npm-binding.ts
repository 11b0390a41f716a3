/** The adapter for npm's optional `frida` package, which runs in a separate Node process. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { packageFile } from '../package-root.ts';
import { EngineError } from './frida-engine.ts';
import { HelperEngine } from './helper-engine.ts';
import type { AdapterOptions } from './python-bridge.ts';

export interface NpmBinding {
  /** File that `import` loads. */
  readonly entry: string;
  readonly version: string;
}

/** Locates npm's `frida` without loading it. @param from a module URL to resolve from */
export function findNpmBinding(from: string = import.meta.url): NpmBinding | undefined {
  const require = createRequire(from);
  for (const directory of require.resolve.paths('frida') ?? []) {
    try {
      const manifest = JSON.parse(readFileSync(join(directory, 'frida', 'package.json'), 'utf8'));
      return { entry: require.resolve(join(directory, 'frida')), version: manifest.version };
    } catch {
      // Not in this directory, or broken.
    }
  }
  return undefined;
}

const ownExtension = extname(fileURLToPath(import.meta.url));
// Not relative to this module, which may be part of a bundle.
const bridge =
  ownExtension === '.ts'
    ? packageFile('injector', 'engine', 'npm-bridge.ts')
    : packageFile('dist', 'injector', 'engine', 'npm-bridge.js');

/** @param from a module URL to resolve the package from */
export function npmEngine(options: AdapterOptions = {}, from: string = import.meta.url): HelperEngine {
  return new HelperEngine({
    ...options,
    adapter: 'npm',
    program: async () => {
      const binding = findNpmBinding(from);
      if (!binding) {
        throw new EngineError(
          'engine-missing',
          "npm's `frida` package is not installed",
          'Run `npm install frida`, or use the python engine.',
        );
      }
      // From sources, the helper is TypeScript: it needs the loader that this process was started with.
      const loader = ownExtension === '.ts' ? process.execArgv : [];
      return {
        command: process.execPath,
        args: [...loader, bridge, pathToFileURL(binding.entry).href, binding.version],
        cwd: dirname(bridge),
      };
    },
  });
}
