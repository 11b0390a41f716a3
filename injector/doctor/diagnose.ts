/** All checks, in the order in which one rests on another. */
import type { FridaEngine } from '../engine/frida-engine.ts';
import { openEngine } from '../engine/select.ts';
import { checkCanary } from './canary.ts';
import { type Check, type CheckRun, fail } from './check.ts';
import { checkObjectDirectory, checkRunDirectory } from './storage.ts';
import {
  checkCompiler,
  checkEngines,
  checkKoffi,
  checkNode,
  checkPlatform,
  checkPtrace,
  checkPython,
} from './system.ts';

export interface DiagnoseOptions {
  /** Default: what `auto` opens. It is closed at the end either way. */
  readonly engine?: () => Promise<FridaEngine>;
  /** Checks of other parts, run last. */
  readonly extraChecks?: readonly CheckRun[];
}

/** Never throws: a check that fails to run is a failed check. The canary may fetch the engine. */
export async function diagnose(options: DiagnoseOptions = {}): Promise<Check[]> {
  const { engine = openEngine, extraChecks = [] } = options;
  const runs: CheckRun[] = [
    async () => checkNode(),
    async () => checkPlatform(),
    async () => checkKoffi(),
    () => checkCompiler(),
    async () => checkRunDirectory(),
    async () => checkObjectDirectory(),
    () => checkPython(),
    () => checkEngines(),
    async () => checkPtrace(),
    () => canaryOf(engine),
    ...extraChecks,
  ];
  const checks: Check[] = [];
  for (const run of runs) checks.push(...(await guarded(run)));
  return checks;
}

async function canaryOf(open: () => Promise<FridaEngine>): Promise<Check> {
  const engine = await open();
  try {
    return await checkCanary(engine);
  } finally {
    await engine.close();
  }
}

async function guarded(run: CheckRun): Promise<readonly Check[]> {
  try {
    const told = await run();
    return 'name' in told ? [told] : told;
  } catch (error) {
    return [fail(run.name || 'check', `it could not be run: ${(error as Error).message}`)];
  }
}
