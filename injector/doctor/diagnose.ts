/** Runs all checks, each after those that it depends on. */
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
  /** Opens the engine, which is closed at the end. Default: `auto`. */
  readonly engine?: () => Promise<FridaEngine>;
  /** Further checks, run last. */
  readonly extraChecks?: readonly CheckRun[];
}

/** Never throws: a check that throws is a failed check. The canary may download the engine. */
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
    const result = await run();
    return 'name' in result ? [result] : result;
  } catch (error) {
    return [fail(run.name || 'check', `the check could not be run: ${(error as Error).message}`)];
  }
}
