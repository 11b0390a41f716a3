/** The canary attach: injects a script into a child of this process, and measures the time to its answer. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { EngineError, type FridaEngine } from '../engine/frida-engine.ts';
import { helperEnvironment } from '../engine/helper-client.ts';
import { type Check, fail, ok, warn } from './check.ts';

const NAME = 'canary attach';
const LIMIT_MS = 10_000;
const SOURCE = "send('canary ' + Process.id);";

/** May download the engine. The target is a child of this process, not of the engine's helper. */
export async function checkCanary(engine: FridaEngine): Promise<Check> {
  let info: Awaited<ReturnType<FridaEngine['info']>>;
  try {
    info = await engine.info();
  } catch (error) {
    return withRemedy(warn, error);
  }
  try {
    const took = await attachToCat(engine);
    return ok(NAME, `frida ${info.version} (${info.adapter}) answered in ${Math.round(took)} ms`);
  } catch (error) {
    return withRemedy(fail, error);
  }
}

const withRemedy = (as: typeof fail, error: unknown): Check =>
  as(NAME, (error as Error).message, error instanceof EngineError ? error.remedy : undefined);

/** @returns milliseconds from the attach to the script's answer */
async function attachToCat(engine: FridaEngine): Promise<number> {
  const cat = spawn('cat', { stdio: ['pipe', 'pipe', 'ignore'], env: helperEnvironment(process.env) });
  let timer: NodeJS.Timeout | undefined;
  try {
    // Its echo proves that it has started: an attach while ld.so runs tests something else.
    cat.stdin.write('\n');
    await once(cat.stdout, 'data');
    const start = performance.now();
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(
        () =>
          reject(
            new EngineError(
              'timeout',
              `the script in process ${cat.pid} did not answer in ${LIMIT_MS / 1000} s`,
              'Try again when the machine is less busy.',
            ),
          ),
        LIMIT_MS,
      );
      const inject = engine.inject(cat.pid!, { name: 'canary', source: SOURCE }, (event) => {
        if (event.type === 'message' && event.payload === `canary ${cat.pid}`) resolve();
        else reject(new Error(`the script ended: ${JSON.stringify(event)}`));
      });
      inject.catch(reject);
    });
    return performance.now() - start;
  } finally {
    clearTimeout(timer);
    cat.kill('SIGKILL');
  }
}
