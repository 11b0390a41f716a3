/**
 * Checks of watching: programs get the gate's functions, their watchers receive the expected events on a virtual tree,
 * and the system's own watchers receive the same events on a real directory.
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

/** A covered program looks up each hooked function by name, and must get the gate's. */
export async function checkHooks(names: readonly string[] = hookedNames()): Promise<Check> {
  const name = 'hooks';
  const { program } = await fixturePrograms();
  const { child, done } = await run({
    mounts: [`/shimfs-hooks-${process.pid}`],
    command: program('hooks'),
    args: [...names],
    stdio: 'pipe',
    report: () => undefined,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr] as Readable[])
    stream.on('data', (text) => (output += text));
  const status = await done;
  const owners = new Map(output.split('\n').map((line) => line.split(' ', 2) as [string, string]));
  const foreign = names.filter((symbol) => basename(owners.get(symbol) ?? '') !== GATE_LIBRARY);
  if (status === 0 && foreign.length === 0)
    return ok(name, `programs get the gate's version of ${names.length} functions`);
  return fail(
    name,
    `programs do not get the gate's version of ${foreign.length} of ${names.length} functions: ${foreign.map((symbol) => `${symbol} (${owners.get(symbol) ?? 'not looked up'})`).join(', ')}`,
    'Programs that call them are not covered. Report it with the version of your system.',
  );
}

/** A check for each column of the rows. */
export function checksOf(tree: string, rows: readonly DemoRow[], bad: typeof fail, remedy: string): Check[] {
  const columns = Object.keys(rows[0]?.expected ?? {}) as Column[];
  return columns.map((column) => {
    const name = `${tree}: ${HEADINGS[column]}`;
    const wrong = rows.filter(({ expected, received }) => expected[column] !== received[column]);
    if (wrong.length === 0)
      return ok(name, `the expected events for ${rows.length} of ${rows.length} changes`);
    const differences = wrong
      .map(({ change, expected, received }) => `${change}: ${received[column]}, not ${expected[column]}`)
      .join('; ');
    return bad(name, `other events for ${wrong.length} of ${rows.length} changes: ${differences}`, remedy);
  });
}

/** Real injection: watchers of each kind on a virtual tree. */
export async function checkWatching(): Promise<Check | readonly Check[]> {
  const tree = 'virtual tree';
  const engines = await describeEngines();
  if (!engines.some(({ state }) => state === 'ready' || state === 'fetchable'))
    return warn(tree, 'not checked, because there is no Frida engine');
  try {
    return checksOf(
      tree,
      await watchVirtualTree(() => undefined),
      fail,
      'Run `shimfs demo` for the details.',
    );
  } catch (error) {
    return fail(
      tree,
      (error as Error).message,
      'Resolve the problems of the checks `canary attach` and `gate` first.',
    );
  }
}

/** The system's own watchers (on Linux: the stand-in's) on a real directory must receive the events of the script. */
export async function checkSystem(): Promise<readonly Check[]> {
  const tree = process.platform === 'darwin' ? 'macOS itself' : 'stand-in';
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'shimfs-doctor-')));
  const directory = join(scratch, 'project');
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
    return checksOf(
      tree,
      rows,
      warn,
      'Watchers of virtual files may receive events that this system would not send for real files.',
    );
  } finally {
    for (const { child } of started) child.kill();
    rmSync(scratch, { recursive: true, force: true });
  }
}
