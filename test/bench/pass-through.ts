/** Calls on files that are not virtual: the same program in a session and without, alternating. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Bed } from './bed.ts';
import { program } from './programs.ts';
import type { Row } from './row.ts';
import { compare } from './stats.ts';

/** New pairs of processes: a program's addresses affect the result. */
const PAIRS = 6;
const ROUNDS = 24;
/** About a millisecond each. */
const CALLS: readonly (readonly [name: string, count: number])[] = [
  ['open+close', 400],
  ['stat', 1000],
  ['stat-far', 1000],
  ['stat-missing', 1000],
  ['read', 3000],
  ['write', 3000],
  ['getdents', 4],
];

const NAMES: Readonly<Record<string, string>> = {
  'stat-far': 'stat, each name in another page',
  'stat-missing': 'stat of a missing file',
  getdents: 'getdents of 1 000',
};

/** The same where a mount covers a real directory, which the kernel could reach by itself. */
export async function passThroughOverlay(bed: Bed): Promise<Row[]> {
  const over = join(bed.real, 'overlay');
  mkdirSync(over);
  const own = await Bed.make([over]);
  try {
    return await passThrough(own, 'Pass-through in a session with an overlay / bare');
  } finally {
    await own.close();
  }
}

export async function passThrough(
  bed: Bed,
  group = 'Pass-through: files that are not virtual, in a session / bare',
): Promise<Row[]> {
  const calls = program('calls');
  const times = new Map(CALLS.map(([name]) => [name, { ours: [] as number[], peer: [] as number[] }]));
  for (let pair = 0; pair < PAIRS; pair++) {
    const directory = (name: string): string => {
      const path = join(bed.real, `pass-${pair}-${name}`);
      mkdirSync(path);
      return path;
    };
    const cpu = String(pair % 2);
    const ours = bed.covered(calls, [directory('a'), cpu]);
    const peer = bed.bare(calls, [directory('b'), cpu]);
    await Promise.all([ours.numbers(), peer.numbers()]);
    for (const [name, count] of CALLS)
      for (let round = -2; round < ROUNDS; round++) {
        const order = round % 2 === 0 ? [ours, peer] : [peer, ours];
        const taken = new Map<unknown, number>();
        for (const worker of order) taken.set(worker, (await worker.ask(`${name} ${count}`))[0]! / count);
        if (round < 0) continue;
        times.get(name)!.ours.push(taken.get(ours)!);
        times.get(name)!.peer.push(taken.get(peer)!);
      }
    await Promise.all([ours.end(), peer.end()]);
  }
  return CALLS.map(([name]) => {
    const { ours, peer } = times.get(name)!;
    return {
      group,
      name: NAMES[name] ?? name,
      unit: 'ns',
      ...compare(ours, peer),
      goal: { ratioMost: 1.05 },
    };
  });
}
