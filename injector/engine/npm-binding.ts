/** The adapter over npm's optional `frida` package, in a Node helper of its own. */
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

/** Where npm's `frida` stands, without loading it. @param from a module URL to resolve from */
export function findNpmBinding(from: string = import.meta.url): NpmBinding | undefined {
  const require = createRequire(from);
  for (const directory of require.resolve.paths('frida') ?? []) {
    try {
      const manifest = JSON.parse(readFileSync(join(directory, 'frida', 'package.json'), 'utf8'));
      return { entry: require.resolve(join(directory, 'frida')), version: manifest.version };
    } catch {
      // Not in this directory, or a broken leftover there.
    }
  }
  return undefined;
}

const ownExtension = extname(fileURLToPath(import.meta.url));
// Not relative to this module: in a build it is part of some bundle.
const bridge =
  ownExtension === '.ts'
    ? packageFile('injector', 'engine', 'npm-bridge.ts')
    : packageFile('dist', 'injector', 'engine', 'npm-bridge.js');

/** @param from where the package is looked for, a module URL */
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
      // From sources, the helper is TypeScript as we are: it needs the loader that we were started with.
      const loader = ownExtension === '.ts' ? process.execArgv : [];
      return {
        command: process.execPath,
        args: [...loader, bridge, pathToFileURL(binding.entry).href, binding.version],
        cwd: dirname(bridge),
      };
    },
  });
}
