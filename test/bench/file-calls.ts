/** Calls on virtual files through the gate, compared with the same calls on a real tmpfs. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Bed, MOUNT, type Worker } from './bed.ts';
import { program } from './programs.ts';
import type { Row } from './row.ts';
import { compare } from './stats.ts';

const ROUNDS = 12;

async function pair(bed: Bed, name: string, ...cpu: string[]): Promise<{ ours: Worker; peer: Worker }> {
  const calls = program('calls');
  const [virtual, real] = [`${MOUNT}/${name}`, join(bed.real, name)];
  bed.fs.mkdirSync(virtual);
  mkdirSync(real);
  const workers = { ours: bed.covered(calls, [virtual, ...cpu]), peer: bed.bare(calls, [real, ...cpu]) };
  await Promise.all([workers.ours.numbers(), workers.peer.numbers()]);
  return workers;
}

/** Runs every lot in order in both programs, alternating which is first; ns per call. */
async function rounds(
  { ours, peer }: { ours: Worker; peer: Worker },
  lots: readonly (readonly [name: string, count: number])[],
  options: {
    readonly lots: number;
    /** Each lot twice, the first for the caches: they are colder for the program that waited longer. */
    readonly twice?: boolean;
  },
): Promise<Map<string, { ours: number[]; peer: number[] }>> {
  const times = new Map(lots.map(([name]) => [name, { ours: [] as number[], peer: [] as number[] }]));
  for (let round = -1; round < options.lots; round++)
    for (const [name, count] of lots) {
      const taken = new Map<Worker, number>();
      for (const worker of round % 2 === 0 ? [ours, peer] : [peer, ours]) {
        if (options.twice) await worker.ask(`${name} ${count}`);
        taken.set(worker, (await worker.ask(`${name} ${count}`))[0]! / count);
      }
      if (round < 0) continue;
      times.get(name)!.ours.push(taken.get(ours)!);
      times.get(name)!.peer.push(taken.get(peer)!);
    }
  return times;
}

const NAMES: Readonly<Record<string, string>> = {
  create: 'create + write 4 KiB + close',
  'open+read+close': 'open + read 4 KiB + close',
  readdir: 'readdir of 1 000',
};

export async function fileCalls(bed: Bed): Promise<Row[]> {
  const workers = await pair(bed, 'calls');
  const times = await rounds(
    workers,
    [
      ['stat', 200],
      ['open+read+close', 100],
      ['create', 100],
      ['rename', 100],
      ['unlink', 100],
      ['mkdir', 100],
      ['rmdir', 100],
      ['readdir', 3],
    ],
    { lots: ROUNDS },
  );
  await Promise.all([workers.ours.end(), workers.peer.end()]);
  return [...times].map(([name, { ours, peer }]) => ({
    group: 'Calls on virtual files / on a real tmpfs',
    name: NAMES[name] ?? name,
    unit: 'µs',
    ...compare(
      ours.map((ns) => ns / 1000),
      peer.map((ns) => ns / 1000),
    ),
  }));
}

/** New pairs of processes and files: the pages of a file affect the result by tens of per cent. */
const PAIRS = 5;

export async function throughput(bed: Bed): Promise<Row[]> {
  const lots = [
    ['write-64k', 128],
    ['read-64k', 128],
    ['map', 64],
    ['write-4k', 32],
    ['read-4k', 32],
  ] as const;
  const all = new Map<string, { ours: number[]; peer: number[] }>();
  for (let i = 0; i < PAIRS; i++) {
    // No third process takes part, so both run on one processor.
    const workers = await pair(bed, `stream-${i}`, String(i % 2));
    for (const [name, { ours, peer }] of await rounds(workers, lots, { lots: 4, twice: true })) {
      const known = all.get(name) ?? { ours: [], peer: [] };
      all.set(name, { ours: [...known.ours, ...ours], peer: [...known.peer, ...peer] });
    }
    await Promise.all([workers.ours.end(), workers.peer.end()]);
  }
  /** ns per MiB → GiB/s */
  const rate = (ns: number): number => 1e9 / ns / 1024;
  return [...all].map(([name, { ours, peer }]) => ({
    group: 'Throughput on an open virtual file / on tmpfs',
    name,
    unit: 'GiB/s',
    ...compare(ours.map(rate), peer.map(rate)),
    goal: { ratioLeast: 0.95 },
  }));
}
