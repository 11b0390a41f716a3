/**
 * `shimfs demo`: unmodified programs watch a virtual tree through kqueue, Dispatch and FSEvents, one of them in another
 * branch, while a script changes the tree. Prints a table of expected and received events.
 */
import { styleText } from 'node:util';
import { openEngine } from '../engine/select.ts';
import { SessionHost } from '../host/session-host.ts';
import { agentScript } from '../run/agent-script.ts';
import { gateLibrary } from '../run/gate-library.ts';
import { startProgram } from '../run/program.ts';
import { coreChanges } from './changes.ts';
import { FILE, HIDDEN } from './script.ts';
import { COLUMNS, type Column, commands, type DemoRow, fixturePrograms, perform } from './stage.ts';
import { WatchingProgram } from './watcher.ts';

export interface DemoOptions {
  readonly json?: boolean;
  /** Receives each line of output. Default: standard output. */
  readonly print?: (line: string) => void;
}

/** The first watch starts the engine, which may have to be downloaded. */
const START_MS = 120_000;
const ROOT = '/demo';
const DIRECTORY = `${ROOT}/project`;
/** Name of the second branch. */
const SECOND = 'second';
const HEADINGS: Readonly<Record<Column, string>> = {
  kqueue: 'kqueue',
  dispatch: 'Dispatch',
  fsevents: 'FSEvents',
  branch: 'kqueue on another branch',
};

/** @returns the exit status: 0 when every program received the expected events, 1 otherwise */
export async function demo({ json = false, print = console.log }: DemoOptions = {}): Promise<number> {
  const rows = await watchVirtualTree((line) => void process.stderr.write(`shimfs: ${line}\n`));
  printRows(rows, json, print);
  return rows.every(({ ok }) => ok) ? 0 : 1;
}

/** Runs the script on a virtual tree. @param report receives the session's messages for the user */
export async function watchVirtualTree(report: (line: string) => void): Promise<DemoRow[]> {
  const programs = await fixturePrograms();
  const host = await SessionHost.open({
    name: `demo-${process.pid}`,
    mounts: [ROOT],
    engine: () => openEngine({ onProgress: report }),
    agentSource: agentScript,
    gate: gateLibrary(),
    report,
  });
  const started: WatchingProgram[] = [];
  try {
    const view = host.core.view('main', { pid: 0, uid: 0, gid: 0, umask: 0o022 });
    const hidden = { path: `${DIRECTORY}/${HIDDEN}` };
    view.mkdir({ path: DIRECTORY });
    view.mknod({ path: `${DIRECTORY}/${FILE}` }, 0o100644);
    host.core.createBranch(SECOND, { parent: 'main' });
    view.mknod(hidden, 0o100644);
    host.core.hide(SECOND, hidden.path);
    view.unlink(hidden);

    const list = commands(programs, DIRECTORY, `${DIRECTORY}/${FILE}`);
    const watch = (column: Column): WatchingProgram => {
      const [command, ...args] = list[column];
      const program = startProgram({
        command,
        args,
        gate: host.file.gate,
        isVirtual: () => false,
        session: (keepalive) =>
          host.session.environmentValue(column === 'branch' ? SECOND : 'main', keepalive),
        stdio: 'pipe',
      });
      const watcher = new WatchingProgram(program, column === 'fsevents');
      started.push(watcher);
      return watcher;
    };
    const watchers = Object.fromEntries(COLUMNS.map((column) => [column, watch(column)]));
    await Promise.all(started.map((watcher) => watcher.ready(START_MS)));
    return await perform(watchers, coreChanges(view), DIRECTORY);
  } finally {
    for (const { child } of started) child.kill();
    await host.close();
  }
}

function printRows(rows: readonly DemoRow[], json: boolean, print: (line: string) => void): void {
  const good = rows.filter(({ ok }) => ok).length;
  if (json) {
    print(JSON.stringify({ rows, ok: good === rows.length }, null, 2));
    return;
  }
  const cell = (row: DemoRow, column: Column): string =>
    row.expected[column] === row.received[column]
      ? (row.received[column] ?? '')
      : `${row.received[column]} (expected ${row.expected[column]})`;
  const table = [
    ['change', ...COLUMNS.map((column) => HEADINGS[column]), 'latency'],
    ...rows.map((row) => [
      row.change,
      ...COLUMNS.map((column) => cell(row, column)),
      row.latencyMs === null ? '–' : `${row.latencyMs.toFixed(2)} ms`,
    ]),
  ];
  const widths = table[0].map((_, i) => Math.max(...table.map((line) => line[i].length)));
  table.forEach((line, n) => {
    const text = line
      .map((part, i) => part.padEnd(widths[i]))
      .join('  ')
      .trimEnd();
    const mark = n === 0 ? ' ' : rows[n - 1].ok ? styleText('green', '✓') : styleText('red', '✗');
    print(`${mark} ${n === 0 ? styleText('bold', text) : text}`);
  });
  print('');
  print(
    `For ${good} of ${rows.length} changes, four unmodified programs on two branches received exactly the expected events, through kqueue, Dispatch and FSEvents.`,
  );
}
