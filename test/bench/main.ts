/**
 * `npm run bench`: the cost of a session, compared with the kernel or the underlying library in the same run.
 *
 * Prints a table; `--json FILE` also writes the rows, `--only NAME` (repeatable) selects measures.
 * A missed goal is reported and is not a failure; a measure that throws is.
 */
import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import { Bed } from './bed.ts';
import { coreBench } from './core.ts';
import { fileCalls, throughput } from './file-calls.ts';
import { firstWatch } from './first-watch.ts';
import { fsevents } from './fsevents.ts';
import { fuse } from './fuse.ts';
import { gc } from './gc.ts';
import { inotify } from './inotify.ts';
import { latency } from './latency.ts';
import { burst, manyFiles } from './load.ts';
import { passThrough, passThroughOverlay } from './pass-through.ts';
import { type Row, table, verdict } from './row.ts';
import { serviceBench } from './service.ts';
import { start } from './start.ts';
import { watchBench } from './watch.ts';

function core(): Row[] {
  gc();
  return coreBench().map(({ name, ours, peer, ratio, unit }) => {
    const heap = unit === 'B';
    return {
      group: 'The core, events on / memfs',
      name: name.replace(/^core: /, ''),
      unit,
      ours,
      peer,
      ratio,
      goal: { ratioMost: heap ? 1 : 1.25 },
    };
  });
}

/** Measures that load an agent for the first time run first. */
const MEASURES: Readonly<Record<string, (bed: Bed) => Promise<Row[]> | Row[]>> = {
  'first-watch': firstWatch,
  'pass-through': passThrough,
  'pass-through-overlay': passThroughOverlay,
  start,
  latency,
  inotify,
  fsevents,
  burst,
  'many-files': manyFiles,
  'file-calls': fileCalls,
  throughput,
  fuse,
  core,
  watch: () => watchBench(),
  service: () => serviceBench(),
};

const { values } = parseArgs({
  options: { json: { type: 'string' }, only: { type: 'string', multiple: true } },
});
const names = values.only ?? Object.keys(MEASURES);
const unknown = names.find((name) => !(name in MEASURES));
if (unknown !== undefined) {
  console.error(`There is no measure '${unknown}': there are ${Object.keys(MEASURES).join(', ')}.`);
  process.exit(2);
}

const machine = {
  cpu: cpus()[0]?.model ?? '?',
  cpus: cpus().length,
  kernel: release(),
  node: process.version,
};
console.log(`${machine.cpus} × ${machine.cpu}, kernel ${machine.kernel}, Node ${machine.node}`);
const rows: Row[] = [];
const broken: string[] = [];
for (const name of names) {
  // A session for each measure, so that its files and processes do not affect the next.
  const bed = await Bed.make();
  try {
    const taken = await MEASURES[name]!(bed);
    rows.push(...taken);
    console.log(`\n${table(taken)}`);
  } catch (error) {
    broken.push(name);
    console.error(`\n${name} is broken: ${(error as Error).stack}`);
  } finally {
    await bed.close();
  }
}
const missed = rows.filter((row) => verdict(row) === 'not met');
console.log(
  `\n${rows.length} figures, ${missed.length} goals not met${missed.map((row) => `\n  ${row.name}`).join('')}`,
);
if (values.json !== undefined) {
  const report = {
    machine,
    taken: new Date().toISOString(),
    rows: rows.map((row) => ({ ...row, verdict: verdict(row) })),
  };
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}
if (broken.length > 0) {
  console.error(`${broken.join(', ')}: no figures`);
  process.exitCode = 1;
}
