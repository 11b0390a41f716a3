/** Runs the script's steps while programs watch, and collects the events that each of them received. */
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { packageFile } from '../package-root.ts';
import type { Changes } from './changes.ts';
import { noteNames, OPTIONAL_EVENT, STEPS, type Step } from './script.ts';
import type { WatchingProgram } from './watcher.ts';

/** A watching program: `branch` uses kqueue in the second branch, the others are in the main branch. */
export type Column = 'kqueue' | 'dispatch' | 'fsevents' | 'branch';
export const COLUMNS: readonly Column[] = ['kqueue', 'dispatch', 'fsevents', 'branch'];

export interface DemoRow {
  readonly change: string;
  /** Events as text; `–` for none. Columns without a watcher are absent. */
  readonly expected: Readonly<Partial<Record<Column, string>>>;
  readonly received: Readonly<Partial<Record<Column, string>>>;
  /** Milliseconds from before the change to the arrival of the last program's output. */
  readonly latencyMs: number | null;
  readonly ok: boolean;
}

export type Watchers = Readonly<Partial<Record<Column, WatchingProgram>>>;

const STEP_MS = 3_000;

interface Programs {
  program(name: string): string;
  client(name: string): string;
}

/** The compiled fixtures. Uses the built module; without a build, its source. */
export async function fixturePrograms(): Promise<Programs> {
  const built = packageFile('dist', 'fixtures', 'build.js');
  const module = await import(
    pathToFileURL(existsSync(built) ? built : packageFile('fixtures', 'build.ts')).href
  );
  return module.buildFixtures();
}

/** Program and arguments of each column, watching `directory` and the file in it. */
export function commands(
  { program, client }: Programs,
  directory: string,
  file: string,
): Readonly<Record<Column, readonly [command: string, ...args: string[]]>> {
  return {
    kqueue: [program('watch_vnode'), '-m', '7f', file, directory],
    dispatch: [program('watch_dispatch'), '-m', '7f', file, directory],
    fsevents: [client('fsnotify_fsevents'), directory],
    branch: [program('watch_vnode'), '-m', '7f', directory],
  };
}

/** @param limitMs how long to wait for the expected events of a step */
export async function perform(
  watchers: Watchers,
  changes: Changes,
  directory: string,
  limitMs: number = STEP_MS,
): Promise<DemoRow[]> {
  const at = (name: string): string => (name === '' ? directory : `${directory}/${name}`);
  const rows: DemoRow[] = [];
  for (const step of STEPS)
    rows.push(await performStep(step, watchers, () => step.run(changes, at), limitMs));
  return rows;
}

async function performStep(
  step: Step,
  watchers: Watchers,
  run: () => void,
  limitMs: number,
): Promise<DemoRow> {
  const expected = expectedOf(step);
  const present = COLUMNS.flatMap((column) => {
    const watcher = watchers[column];
    return watcher ? [{ column, watcher }] : [];
  });
  const began = performance.now();
  run();
  await Promise.all(
    present.map(({ column, watcher }) =>
      watcher.until(() => receivedBy(column, watcher) === expected[column], limitMs),
    ),
  );
  const of = (value: (column: Column, watcher: WatchingProgram) => string) =>
    Object.fromEntries(present.map(({ column, watcher }) => [column, value(column, watcher)]));
  const received = of(receivedBy);
  const times = present.map(({ watcher }) => watcher.lastAt).filter((time) => !Number.isNaN(time));
  for (const { watcher } of present) watcher.forget();
  return {
    change: step.change,
    expected: of((column) => expected[column]),
    received,
    latencyMs: times.length > 0 ? Math.max(...times) - began : null,
    ok: present.every(({ column }) => received[column] === expected[column]),
  };
}

/** The expected events of a step as text, for each column. */
function expectedOf({ expected, events }: Step): Record<Column, string> {
  const both = bitsText(expected.file ?? 0, expected.directory ?? 0);
  return {
    kqueue: both,
    dispatch: both,
    fsevents: events.join(', ') || '–',
    branch: bitsText(0, expected.branch ?? 0),
  };
}

/** The events that a watcher has received, as text. */
function receivedBy(column: Column, watcher: WatchingProgram): string {
  if (column === 'fsevents')
    return (
      watcher
        .lines()
        .filter((line) => line !== OPTIONAL_EVENT)
        .join(', ') || '–'
    );
  const bits = watcher.bits();
  const [first, second] = [bits.get(0) ?? 0, bits.get(1) ?? 0];
  return column === 'branch' ? bitsText(0, first) : bitsText(first, second);
}

function bitsText(file: number, directory: number): string {
  const parts = [
    ...(file ? [`file ${noteNames(file)}`] : []),
    ...(directory ? [`dir ${noteNames(directory)}`] : []),
  ];
  return parts.join(', ') || '–';
}
