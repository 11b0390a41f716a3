/**
 * `shimfs demo`: one core, two unmodified kqueue programs on two branches, a script of changes, and a table of
 * what each should and did hear.
 */
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { styleText } from 'node:util';
import { openEngine } from '../engine/select.ts';
import { SessionHost } from '../host/session-host.ts';
import { packageFile } from '../package-root.ts';
import { agentScript } from '../run/agent-script.ts';
import { gateLibrary } from '../run/gate-library.ts';
import { startProgram } from '../run/program.ts';
import { DIRECTORY, FILE, HIDDEN, noteNames, ROOT, STEPS, type Step, type Watcher } from './script.ts';
import { WatchingProgram } from './watcher.ts';

export interface DemoOptions {
  readonly json?: boolean;
  /** Where lines go. Default: standard output. */
  readonly print?: (line: string) => void;
}

export interface DemoRow {
  readonly change: string;
  readonly expected: Record<Watcher, string>;
  readonly received: Record<Watcher, string>;
  /** From before the change until the last program's line had arrived, milliseconds. */
  readonly latencyMs: number | null;
  readonly ok: boolean;
}

/** The first watch brings the engine, perhaps from the network. */
const START_MS = 120_000;
const STEP_MS = 3_000;
const WATCHERS: readonly Watcher[] = ['file', 'directory', 'branch'];

/** The compiled fixtures: the build's own module, or its source when there is no build. */
async function fixtures(): Promise<{ program(name: string): string }> {
  const built = packageFile('dist', 'fixtures', 'build.js');
  const module = await import(
    pathToFileURL(existsSync(built) ? built : packageFile('fixtures', 'build.ts')).href
  );
  return module.buildFixtures();
}

async function openHost(tell: (line: string) => void): Promise<SessionHost> {
  return SessionHost.open({
    name: `demo-${process.pid}`,
    mounts: [ROOT],
    engine: () => openEngine({ onProgress: tell }),
    agentSource: agentScript,
    gate: gateLibrary(),
    tell,
  });
}

function watch(
  host: SessionHost,
  program: string,
  branch: string,
  paths: readonly string[],
): WatchingProgram {
  return new WatchingProgram(
    startProgram({
      command: program,
      args: ['-m', '7f', ...paths],
      gate: host.options.gate,
      isVirtual: () => false,
      session: (keepalive) => host.sessionValue(branch, keepalive),
      stdio: 'pipe',
    }),
  );
}

/** @returns the exit status: 0 when everything was heard as it should be, 1 otherwise */
export async function demo({ json = false, print = console.log }: DemoOptions = {}): Promise<number> {
  const tell = (line: string): void => void process.stderr.write(`shimfs: ${line}\n`);
  const program = (await fixtures()).program('watch_vnode');
  const host = await openHost(tell);
  try {
    const view = host.core.view('main', { pid: 0, uid: 0, gid: 0, umask: 0o022 });
    view.mkdir({ path: DIRECTORY });
    view.mknod({ path: FILE }, 0o100644);
    host.core.createBranch('aside', { parent: 'main' });
    view.mknod({ path: HIDDEN }, 0o100644);
    host.core.hide('aside', HIDDEN);
    view.unlink({ path: HIDDEN });

    const first = watch(host, program, 'main', [FILE, DIRECTORY]);
    const second = watch(host, program, 'aside', [DIRECTORY]);
    await Promise.all([first.ready(START_MS), second.ready(START_MS)]);

    const rows: DemoRow[] = [];
    for (const step of STEPS) rows.push(await perform(step, () => step.run(view), first, second));
    for (const { program } of [first, second]) program.child.kill();
    report(rows, json, print);
    return rows.every(({ ok }) => ok) ? 0 : 1;
  } finally {
    await host.close();
  }
}

async function perform(
  step: Step,
  run: () => void,
  first: WatchingProgram,
  second: WatchingProgram,
): Promise<DemoRow> {
  const began = performance.now();
  run();
  const heard = (): Record<Watcher, number> => ({
    file: first.bits().get(0) ?? 0,
    directory: first.bits().get(1) ?? 0,
    branch: second.bits().get(0) ?? 0,
  });
  const has = (watcher: Watcher): boolean => {
    const wanted = step.expected[watcher] ?? 0;
    return (heard()[watcher] & wanted) === wanted;
  };
  await Promise.all([
    first.until(() => has('file') && has('directory'), STEP_MS),
    second.until(() => has('branch'), STEP_MS),
  ]);
  const received = heard();
  const last = Math.max(...[first.lastAt, second.lastAt].filter((at) => !Number.isNaN(at)));
  first.forget();
  second.forget();
  const names = (bits: (watcher: Watcher) => number): Record<Watcher, string> => ({
    file: noteNames(bits('file')),
    directory: noteNames(bits('directory')),
    branch: noteNames(bits('branch')),
  });
  return {
    change: step.change,
    expected: names((watcher) => step.expected[watcher] ?? 0),
    received: names((watcher) => received[watcher]),
    latencyMs: Number.isFinite(last) ? last - began : null,
    ok: WATCHERS.every((watcher) => received[watcher] === (step.expected[watcher] ?? 0)),
  };
}

function report(rows: readonly DemoRow[], json: boolean, print: (line: string) => void): void {
  const good = rows.filter(({ ok }) => ok).length;
  if (json) {
    print(JSON.stringify({ rows, ok: good === rows.length }, null, 2));
    return;
  }
  const cell = (row: DemoRow, watcher: Watcher): string =>
    row.expected[watcher] === row.received[watcher]
      ? row.received[watcher]
      : `${row.received[watcher]} (expected ${row.expected[watcher]})`;
  const table = [
    ['change', 'file hears', 'directory hears', 'other branch hears', 'latency'],
    ...rows.map((row) => [
      row.change,
      cell(row, 'file'),
      cell(row, 'directory'),
      cell(row, 'branch'),
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
    `${good} of ${rows.length} changes were heard exactly as expected, by two unmodified kqueue programs on two branches.`,
  );
}
