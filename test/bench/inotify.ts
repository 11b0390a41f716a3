/**
 * inotify on the virtual tree, compared with the kernel's on tmpfs: from a change to the watcher's return, ten thousand watched
 * directories, and a queue overflow.
 */
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageFile } from '../../injector/package-root.ts';
import { type Bed, BrokenMeasurement, MOUNT, type Worker } from './bed.ts';
import { program } from './programs.ts';
import type { Row } from './row.ts';
import { quantile, sleep } from './stats.ts';

const BLOCKS = 10;
const SAMPLES = 60;
const RECORD = 24;
const DIRECTORIES = 10_000;
const WRITES = 200_000;
const GROUP = 'inotify: virtual / the kernel’s on tmpfs';

type Change = () => Promise<bigint> | bigint;

/** Alternating changes, one per millisecond, each after the previous event has arrived. */
async function block(watcher: Worker, changes: readonly Change[], into: number[]): Promise<void> {
  for (let i = 0; i < SAMPLES; i++) {
    await sleep(1);
    const began = await changes[i % changes.length]!();
    const heard = (await watcher.record(RECORD)).readBigUInt64LE(0);
    await sleep(0);
    while (watcher.waiting >= RECORD) await watcher.record(RECORD);
    into.push(Number(heard - began) / 1000);
  }
}

interface Side {
  readonly watcher: Worker;
  readonly changer: Worker;
}

async function latencies(bed: Bed): Promise<Row[]> {
  const [virtual, real] = [`${MOUNT}/heard`, join(bed.real, 'heard')];
  bed.fs.mkdirSync(virtual);
  mkdirSync(real);
  const ours: Side = {
    watcher: bed.covered(program('dwatch'), [virtual]),
    changer: bed.covered(program('namer'), [virtual]),
  };
  const peer: Side = {
    watcher: bed.bare(program('dwatch'), [real]),
    changer: bed.bare(program('namer'), [real]),
  };
  for (const { watcher, changer } of [ours, peer]) {
    await watcher.numbers();
    await changer.numbers();
  }
  const view = bed.host.core.view('main', { pid: 0, uid: 0, gid: 0, umask: 0 });
  const by = (worker: Worker, what: string) => async (): Promise<bigint> =>
    BigInt((await worker.ask(what))[0]!);
  const byHost = (change: () => void) => (): bigint => {
    const began = process.hrtime.bigint();
    change();
    return began;
  };
  const path = `${virtual}/h`;
  const ways: Readonly<Record<string, { ours: readonly Change[]; peer: readonly Change[] }>> = {
    'mkdir, rmdir by a process': {
      ours: [by(ours.changer, 'm'), by(ours.changer, 'r')],
      peer: [by(peer.changer, 'm'), by(peer.changer, 'r')],
    },
    'write by a process': { ours: [by(ours.changer, 'w')], peer: [by(peer.changer, 'w')] },
    'chmod by a process': { ours: [by(ours.changer, 'h')], peer: [by(peer.changer, 'h')] },
    'mkdir, rmdir by the host (peer: a process)': {
      ours: [byHost(() => view.mkdir({ path })), byHost(() => view.rmdir({ path }))],
      peer: [by(peer.changer, 'm'), by(peer.changer, 'r')],
    },
  };
  const times = Object.keys(ways).map((name) => ({ name, ours: [] as number[], peer: [] as number[] }));
  for (let i = -1; i < BLOCKS; i++)
    for (const sample of times) {
      await block(ours.watcher, ways[sample.name]!.ours, sample.ours);
      await block(peer.watcher, ways[sample.name]!.peer, sample.peer);
      if (i < 0) sample.ours.length = sample.peer.length = 0; // Warming up.
    }
  for (const side of [ours, peer]) for (const worker of [side.watcher, side.changer]) await worker.end();
  return times.flatMap(({ name, ours: a, peer: b }) => rows(name, a, b));
}

function rows(name: string, ours: readonly number[], peer: readonly number[]): Row[] {
  return ([0.5, 0.99] as const).map((q): Row => {
    const [mine, theirs] = [quantile(ours, q), quantile(peer, q)];
    const goal = q === 0.5 ? { ratioMost: 10 } : { most: 1000 };
    const which = q === 0.5 ? 'median' : 'p99';
    return {
      group: GROUP,
      name: `${name}, ${which}`,
      unit: 'µs',
      ours: mine,
      peer: theirs,
      ratio: mine / theirs,
      goal,
    };
  });
}

async function storm(bed: Bed): Promise<Row[]> {
  const [virtual, real] = [`${MOUNT}/storm`, join(bed.real, 'storm')];
  bed.fs.mkdirSync(virtual);
  mkdirSync(real);
  const reports = await Promise.all(
    [
      bed.covered(program('storm'), [virtual, String(WRITES)]),
      bed.bare(program('storm'), [real, String(WRITES)]),
    ].map((worker) => worker.numbers()),
  );
  const [[ourNs = 0, ourHeard, ourLost, ourAfter], [ns = 0, heard, lost, after]] = reports as [
    number[],
    number[],
  ];
  if (ourHeard !== heard || ourLost !== 1 || lost !== 1 || ourAfter !== 1 || after !== 1)
    throw new BrokenMeasurement(
      `storm: the virtual tree reported ${reports[0]!.join(' ')}, the kernel ${reports[1]!.join(' ')}`,
    );
  const rate = (took: number): number => (WRITES / took) * 1e9;
  return [
    {
      group: GROUP,
      name: `${WRITES / 1000} k writes with events, to a reader that does not read`,
      unit: 'events/s',
      ours: rate(ourNs),
      peer: rate(ns),
      ratio: ns / ourNs,
      goal: { ratioLeast: 0.5 },
      note: `both: ${heard} events, one overflow, then the next event`,
    },
  ];
}

async function manyDirectories(bed: Bed): Promise<Row[]> {
  const [virtual, real] = [`${MOUNT}/many`, join(bed.real, 'many')];
  for (let i = 0; i < DIRECTORIES; i++) {
    bed.fs.mkdirSync(`${virtual}/d${i}`, { recursive: true });
    mkdirSync(`${real}/d${i}`, { recursive: true });
  }
  const before = process.memoryUsage().rss;
  const ours = bed.covered(program('watchall'), [virtual, String(DIRECTORIES)]);
  const [took = 0] = await ours.numbers();
  const grown = process.memoryUsage().rss - before;
  const peer = bed.bare(program('watchall'), [real, String(DIRECTORIES)]);
  const [peerTook = 0] = await peer.numbers();
  const chokidar = createRequire(import.meta.url).resolve('chokidar');
  const script = packageFile('test', 'bench', 'programs', 'chokidar.mjs');
  const inside = bed.covered(process.execPath, [script, virtual, chokidar]);
  const [chokidarTook = 0, chokidarGrown = 0] = await inside.numbers();
  const outside = bed.bare(process.execPath, [script, real, chokidar]);
  const [outsideTook = 0, outsideGrown = 0] = await outside.numbers();
  await Promise.all([ours, peer, inside, outside].map((worker) => worker.end()));
  const each = (value: number): number => value / DIRECTORIES;
  const row = (name: string, unit: string, mine: number, theirs: number, rest: Partial<Row> = {}): Row => ({
    group: GROUP,
    name,
    unit,
    ours: mine,
    peer: theirs,
    ratio: mine / theirs,
    ...rest,
  });
  return [
    row('10 000 directories: each watch', 'µs', each(took) / 1000, each(peerTook) / 1000),
    {
      group: GROUP,
      name: 'the same: resident memory of the host, each',
      unit: 'B',
      ours: each(grown),
      goal: { most: 2048 },
    },
    row('the same by chokidar: ready', 'ms', chokidarTook / 1e6, outsideTook / 1e6),
    row('the same by chokidar: its own memory, each', 'B', each(chokidarGrown), each(outsideGrown)),
  ];
}

export async function inotify(bed: Bed): Promise<Row[]> {
  return [...(await latencies(bed)), ...(await storm(bed)), ...(await manyDirectories(bed))];
}
