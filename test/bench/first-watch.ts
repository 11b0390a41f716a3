/** The cost of a program's first virtual watch, and of the next. */
import { type Bed, MOUNT } from './bed.ts';
import { program } from './programs.ts';
import type { Row } from './row.ts';
import { median } from './stats.ts';

const GROUP = 'EV_ADD on a virtual file';
const PROGRAMS = 5;
const FILES = 4;

export async function firstWatch(bed: Bed): Promise<Row[]> {
  const files = Array.from({ length: FILES }, (_, i) => `${MOUNT}/first-${i}`);
  for (const file of files) bed.fs.writeFileSync(file, '');
  const first: number[] = [];
  const next: number[] = [];
  for (let i = 0; i < PROGRAMS; i++) {
    const watcher = bed.covered(program('kwatch'), files);
    for (let k = 0; k < FILES; k++) {
      const [ns] = await watcher.numbers();
      if (k === 0) first.push(ns! / 1e6);
      else next.push(ns! / 1000);
    }
    await watcher.end();
  }
  const goal = { most: 150 };
  return [
    {
      group: GROUP,
      name: 'the first in a session (engine starts, agent is brought)',
      unit: 'ms',
      ours: first[0]!,
      goal,
    },
    {
      group: GROUP,
      name: 'the first in a further program (agent is brought)',
      unit: 'ms',
      ours: median(first.slice(1)),
      goal,
    },
    { group: GROUP, name: 'a further one in the same program', unit: 'µs', ours: median(next) },
  ];
}
