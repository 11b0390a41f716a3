/** Many changes of one file, and many files: no final change is lost, and memory is bounded. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Bed, BrokenMeasurement, MOUNT } from './bed.ts';
import { program } from './programs.ts';
import type { Row } from './row.ts';

const CHANGES = 100_000;
const FILES = 10_000;
const RECORD = 24;
const MB = 1024 * 1024;

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** Bytes in use in this process's heaps. */
function held(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

export async function burst(bed: Bed): Promise<Row[]> {
  const group = `${CHANGES.toLocaleString('en-US').replaceAll(',', ' ')} Modified on one watched file, the watcher at work 2 ms on each wake-up`;
  const path = `${MOUNT}/burst`;
  bed.fs.writeFileSync(path, Buffer.alloc(64));
  const watcher = bed.covered(program('kwatch'), [path], { SLOW: '2000' });
  await watcher.numbers();
  const view = bed.host.core.view('main', { pid: 0, uid: 0, gid: 0, umask: 0 });
  const { ino } = view.stat({ path });
  const bytes = Buffer.alloc(8);
  collectGarbage();
  const host = { before: process.memoryUsage.rss(), most: 0 };
  const target = watcher.memory();

  const began = performance.now();
  for (let i = 1; i <= CHANGES; i++) {
    bytes.writeUInt32LE(i, 0);
    view.write(ino, bytes, 0, 8, 0);
    if (i % 1000) continue;
    host.most = Math.max(host.most, process.memoryUsage.rss());
    // As an event loop with other work would.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const made = performance.now() - began;
  let record: Buffer;
  do record = await watcher.record(RECORD);
  while (record.readUInt32LE(16) !== CHANGES);
  const told = performance.now() - began;
  const wakes = Number(record.readBigUInt64LE(8));
  if (wakes >= CHANGES) throw new BrokenMeasurement('the changes were not folded at all');
  host.most = Math.max(host.most, process.memoryUsage.rss());
  const after = watcher.memory();
  await watcher.end();
  return [
    { group, name: 'a change, in the host', unit: 'µs', ours: (made * 1000) / CHANGES },
    {
      group,
      name: 'wake-ups of the watcher',
      unit: '',
      ours: wakes,
      goal: { most: Math.ceil(told / 2) },
      note: 'the last content was seen; goal: its own pace',
    },
    { group, name: 'last change made → its content seen', unit: 'ms', ours: told - made },
    {
      group,
      name: 'host memory, growth at most',
      unit: 'MiB',
      ours: (host.most - host.before) / MB,
      goal: { most: 64 },
    },
    {
      group,
      name: 'target memory, growth at most',
      unit: 'MiB',
      ours: (after.most - target.now) / MB,
      goal: { most: 16 },
    },
  ];
}

export async function manyFiles(bed: Bed): Promise<Row[]> {
  const group = `${FILES.toLocaleString('en-US').replaceAll(',', ' ')} watched files in one process`;
  const directory = `${MOUNT}/many`;
  bed.fs.mkdirSync(directory);
  collectGarbage();
  const before = held();
  for (let i = 0; i < FILES; i++) bed.fs.writeFileSync(`${directory}/${i}`, '');
  const one = bed.covered(program('kwatch'), [`${directory}/0`]);
  await one.numbers();
  const base = one.memory().now;
  await one.end();
  const watcher = bed.covered(program('manyfds'), [directory, String(FILES)]);
  const [opened, added] = await watcher.numbers();
  const view = bed.host.core.view('main', { pid: 0, uid: 0, gid: 0, umask: 0 });
  const nodes = Array.from({ length: FILES }, (_, i) => view.stat({ path: `${directory}/${i}` }).ino);

  const answer = watcher.ask(`collect ${FILES}`);
  const began = performance.now();
  const bytes = Buffer.alloc(8, 1);
  for (const [i, ino] of nodes.entries()) {
    view.write(ino, bytes, 0, 8, 0);
    if (i % 100 === 99) await new Promise((resolve) => setImmediate(resolve));
  }
  const made = performance.now() - began;
  const [, calls, events] = await answer;
  const took = performance.now() - began;
  const after = watcher.memory();
  collectGarbage();
  const host = held() - before;
  await watcher.end();
  return [
    { group, name: 'open, each', unit: 'µs', ours: opened! / FILES / 1000 },
    { group, name: 'EV_ADD in one list, each', unit: 'µs', ours: added! / FILES / 1000 },
    {
      group,
      name: 'one change of each → all heard',
      unit: 'ms',
      ours: took,
      note: `made in ${made.toFixed(0)} ms; ${calls} calls of kevent, ${events} events`,
    },
    {
      group,
      name: 'host heap, each',
      unit: 'KiB',
      ours: host / FILES / 1024,
      note: 'file, object and watch',
    },
    {
      group,
      name: 'target memory, each',
      unit: 'KiB',
      ours: (after.most - base) / FILES / 1024,
      goal: { most: 2 },
      note: 'beside a program that watches one',
    },
  ];
}
