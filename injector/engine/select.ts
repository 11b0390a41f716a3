/** Choice of the Frida engine, and the state of each. */
import { EngineError, type FridaEngine } from './frida-engine.ts';
import { findNpmBinding, npmEngine } from './npm-binding.ts';
import { type AdapterOptions, FRIDA_VERSION, pythonEngine, pythonReady } from './python-bridge.ts';
import { type CommandRunner, runCommand } from './venv.ts';

export interface OpenEngineOptions extends AdapterOptions {
  /** Default `auto`: npm's `frida` if it is installed and loads, otherwise the Python bridge. */
  readonly prefer?: 'auto' | 'python' | 'npm';
}

/**
 * Downloads and starts nothing, except that `auto` starts an installed npm binding to verify it. The first `info` or
 * `inject` does the rest, and throws if it fails.
 */
export async function openEngine(options: OpenEngineOptions = {}): Promise<FridaEngine> {
  const prefer = options.prefer ?? 'auto';
  if (prefer === 'python') return pythonEngine(options);
  if (prefer === 'npm') return npmEngine(options);
  if (!findNpmBinding()) return pythonEngine(options);
  const npm = npmEngine(options);
  try {
    await npm.info();
    return npm;
  } catch (error) {
    // If an install could not download the binary, the package exists but does not load.
    if (!(error instanceof EngineError)) throw error;
    await npm.close();
    return pythonEngine(options);
  }
}

/** Whether an engine is installed, and starts without a download. Starts nothing. */
export const engineInstalled = (): boolean => findNpmBinding() !== undefined || pythonReady() !== undefined;

export interface EngineDescription {
  readonly adapter: 'npm' | 'python';
  /** `ready`: installed; `fetchable`: the first use downloads it; `missing`: it cannot be used. */
  readonly state: 'ready' | 'fetchable' | 'missing';
  readonly version?: string;
  readonly detail: string;
  readonly remedy?: string;
}

/** Both adapters, in the order in which `auto` tries them. Downloads nothing. */
export async function describeEngines(run: CommandRunner = runCommand): Promise<EngineDescription[]> {
  const binding = findNpmBinding();
  const npm: EngineDescription = binding
    ? { adapter: 'npm', state: 'ready', version: binding.version, detail: `npm's frida ${binding.version}` }
    : {
        adapter: 'npm',
        state: 'missing',
        detail: "npm's frida is not installed (optional)",
        remedy: '`npm install frida`, where its binary can be downloaded.',
      };
  return [npm, await describePython(run)];
}

async function describePython(run: CommandRunner): Promise<EngineDescription> {
  const adapter = 'python';
  const version = FRIDA_VERSION;
  if (pythonReady()) {
    return { adapter, state: 'ready', version, detail: `frida ${version} in a private Python environment` };
  }
  try {
    const probe = await run('python3', ['-c', 'import venv, ensurepip']);
    if (probe.status === 0) {
      return { adapter, state: 'fetchable', version, detail: `frida ${version} is fetched by the first use` };
    }
    return {
      adapter,
      state: 'missing',
      detail: 'python3 is there, but it lacks its venv module',
      remedy: 'Debian and Ubuntu: `apt install python3-venv`.',
    };
  } catch {
    return {
      adapter,
      state: 'missing',
      detail: 'python3 cannot be started',
      remedy: 'Install Python 3.8 or newer with its venv module.',
    };
  }
}
