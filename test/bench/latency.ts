/**
 * From a change to the return of the waiting call.
 *
 * One change per millisecond, each after the previous event has arrived, so that a sample belongs to one change. Both ends
 * read CLOCK_MONOTONIC. The kernel's inotify gets alternating changes from a writer of the same type.
 */
import { openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Bed, MOUNT, type Worker } from './bed.ts';
import { program } from './programs.ts';
import type { Goal, Row } from './row.ts';
import { median, quantile, sleep } from './stats.ts';

const BLOCKS = 16;
const SAMPLES = 100;
const RECORD = 24;
const WARM_UP = 5000;
const GROUP = 'From a change to the watcher’s return: kevent / kernel inotify on tmpfs';

/** @returns time of the change's start (ns) */
type Change = () => Promise<bigint> | bigint;

async function block(watcher: Worker, change: Change, into: number[]): Promise<void> {
  for (let i = 0; i < SAMPLES; i++) {
    await sleep(1);
    const began = await change();
    const heard = (await watcher.record(RECORD)).readBigUInt64LE(0);
    // A second return for the same change would be counted for the next change.
    await sleep(0);
    while (watcher.waiting >= RECORD) await watcher.record(RECORD);
    into.push(Number(heard - began) / 1000);
  }
}

export async function latency(bed: Bed): Promise<Row[]> {
  const virtual = `${MOUNT}/latency`;
  const real = join(bed.real, 'latency');
  bed.fs.writeFileSync(virtual, Buffer.alloc(64));
  writeFileSync(real, Buffer.alloc(64));

  const bytes = Buffer.alloc(8, 1);
  const fd = openSync(real, 'r+');
  const view = bed.host.core.view('main', { pid: 0, uid: 0, gid: 0, umask: 0 });
  // The session has run for a while, so that neither writer's code runs for the first time.
  bed.fs.writeFileSync(`${virtual}-warm`, '');
  const warm = view.stat({ path: `${virtual}-warm` }).ino;
  for (let i = 0; i < WARM_UP; i++) {
    view.write(warm, bytes, 0, 8, 0);
    view.chmod({ path: `${virtual}-warm` }, 0o644);
    writeSync(fd, bytes, 0, 8, 0);
  }

  const kwatch = bed.covered(program('kwatch'), [virtual]);
  const iwatch = bed.bare(program('iwatch'), [real]);
  const inside = bed.covered(program('writer'), [virtual]);
  const outside = bed.bare(program('writer'), [real]);
  await Promise.all([kwatch, iwatch, inside, outside].map((worker) => worker.numbers()));

  const { ino } = view.stat({ path: virtual });
  const byHost = (write: () => void) => (): bigint => {
    const began = process.hrtime.bigint();
    write();
    return began;
  };
  const byProgram = (worker: Worker) => async (): Promise<bigint> => BigInt((await worker.ask('w'))[0]!);
  const ways = {
    core: {
      watcher: kwatch,
      change: byHost(() => view.write(ino, bytes, 0, 8, 0)),
      times: [] as number[],
    },
    node: { watcher: iwatch, change: byHost(() => writeSync(fd, bytes, 0, 8, 0)), times: [] as number[] },
    attrib: {
      watcher: kwatch,
      change: byHost(() => view.chmod({ path: virtual }, 0o644)),
      times: [] as number[],
    },
    covered: { watcher: kwatch, change: byProgram(inside), times: [] as number[] },
    bare: { watcher: iwatch, change: byProgram(outside), times: [] as number[] },
  };
  for (let i = -1; i < BLOCKS; i++) {
    for (const { watcher, change, times } of Object.values(ways)) {
      await block(watcher, change, times);
      if (i < 0) times.length = 0; // Warming up.
    }
  }
  await Promise.all([kwatch, iwatch, inside, outside].map((worker) => worker.end()));

  return [
    ...rows('write by the host', ways.core.times, ways.node.times, { ratioMost: 25 }),
    ...rows('chmod by the host (peer: its write)', ways.attrib.times, ways.node.times, { ratioMost: 25 }),
    ...rows('write by a covered process', ways.covered.times, ways.bare.times, { ratioMost: 25 }),
  ];
}

function rows(name: string, ours: number[], peer: number[], goal: Goal): Row[] {
  return (
    [
      ['median', 0.5],
      ['p90', 0.9],
      ['p99', 0.99],
    ] as const
  ).map(([which, q]) => {
    const [a, b] = [quantile(ours, q), quantile(peer, q)];
    return {
      group: GROUP,
      name: `${name}, ${which}`,
      unit: 'µs',
      ours: a,
      peer: b,
      ratio: a / b,
      goal: which === 'median' ? goal : which === 'p99' ? { most: 1000 } : undefined,
      note:
        which === 'median'
          ? `${ours.length} samples${median(ours) / median(peer) <= 10 ? '' : '; later goal ≤ 10×'}`
          : undefined,
    };
  });
}
