/**
 * Checks of what tells a program of changes: that the gate's functions are the ones it gets, that its watchers hear what
 * they should on a virtual tree, and that the system itself says the same on a real directory.
 */
import { spawn } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, realpathSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { realChanges } from '../demo/changes.ts';
import { watchVirtualTree } from '../demo/demo.ts';
import { FILE } from '../demo/script.ts';
import { type Column, commands, type DemoRow, fixturePrograms, perform } from '../demo/stage.ts';
import { WatchingProgram } from '../demo/watcher.ts';
import { describeEngines } from '../engine/select.ts';
import { GATE_LIBRARY } from '../run/gate-library.ts';
import { run } from '../run/run.ts';
import { type Check, fail, ok, warn } from './check.ts';
import { hookedNames } from './hooked-names.ts';

const HEADINGS: Readonly<Record<Column, string>> = {
  kqueue: 'kqueue',
  dispatch: 'Dispatch',
  fsevents: 'FSEvents',
  branch: 'another branch',
};
const START_MS = 30_000;

/** A covered program asks for each hooked function by name, and must get the gate's. */
export async function checkHooks(names: readonly string[] = hookedNames()): Promise<Check> {
  const name = 'hooks';
  const { program } = await fixturePrograms();
  const { child, done } = await run({
    mounts: [`/shimfs-hooks-${process.pid}`],
    command: program('hooks'),
    args: [...names],
    stdio: 'pipe',
    tell: () => undefined,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr] as Readable[])
    stream.on('data', (text) => (output += text));
  const status = await done;
  const owners = new Map(output.split('\n').map((line) => line.split(' ', 2) as [string, string]));
  const dead = names.filter((one) => basename(owners.get(one) ?? '') !== GATE_LIBRARY);
  if (status === 0 && dead.length === 0) return ok(name, `${names.length} functions are the gate’s`);
  return fail(
    name,
    `${dead.length} of ${names.length} functions are not the gate’s: ${dead.map((one) => `${one} (${owners.get(one) ?? 'no answer'})`).join(', ')}`,
    'Programs that call them are not covered. Report it, with the version of the system.',
  );
}

/** One check for each column of what was played. */
export function checksOf(what: string, rows: readonly DemoRow[], bad: typeof fail, remedy: string): Check[] {
  const columns = Object.keys(rows[0]?.expected ?? {}) as Column[];
  return columns.map((column) => {
    const name = `${what}: ${HEADINGS[column]}`;
    const wrong = rows.filter(({ expected, received }) => expected[column] !== received[column]);
    if (wrong.length === 0) return ok(name, `${rows.length} of ${rows.length} changes heard as expected`);
    const first = wrong
      .map(({ change, expected, received }) => `${change}: ${received[column]}, not ${expected[column]}`)
      .join('; ');
    return bad(name, `${wrong.length} of ${rows.length} changes heard otherwise: ${first}`, remedy);
  });
}

/** Real injection: watchers of each kind on a virtual tree. */
export async function checkWatching(): Promise<Check | readonly Check[]> {
  const what = 'virtual tree';
  const engines = await describeEngines();
  if (!engines.some(({ state }) => state === 'ready' || state === 'fetchable'))
    return warn(what, 'not tried, because there is no Frida engine');
  try {
    return checksOf(what, await watchVirtualTree(() => undefined), fail, 'Run `shimfs demo` to see it.');
  } catch (error) {
    return fail(what, (error as Error).message, 'Look at the engine and the gate above.');
  }
}

/** The system's own watchers (on Linux, the stand-in's) on a real directory: is our idea of it right? */
export async function checkSystem(): Promise<readonly Check[]> {
  const what = process.platform === 'darwin' ? 'macOS itself' : 'stand-in';
  const place = realpathSync(mkdtempSync(join(tmpdir(), 'shimfs-doctor-')));
  const directory = join(place, 'project');
  const started: WatchingProgram[] = [];
  try {
    const file = join(directory, FILE);
    mkdirSync(directory);
    chmodSync(directory, 0o755);
    closeSync(openSync(file, 'wx'));
    const list = commands(await fixturePrograms(), directory, file);
    const watch = (column: Column): WatchingProgram => {
      const [command, ...args] = list[column];
      const child = spawn(command, args, { stdio: 'pipe' });
      const status = new Promise<number>((resolve, reject) => {
        child.once('error', reject);
        child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
      });
      const watcher = new WatchingProgram({ child, status }, column === 'fsevents');
      started.push(watcher);
      return watcher;
    };
    const watchers = { kqueue: watch('kqueue'), dispatch: watch('dispatch'), fsevents: watch('fsevents') };
    await Promise.all(started.map((watcher) => watcher.ready(START_MS)));
    const rows = await perform(watchers, realChanges, directory);
    return checksOf(what, rows, warn, 'Programs may hear of virtual files what this system would not say.');
  } finally {
    for (const { child } of started) child.kill();
    rmSync(place, { recursive: true, force: true });
  }
}
