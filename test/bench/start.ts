/** From exec to main: a program started in a session, and the children of such a program. */

import { SESSION_VARIABLE } from '../../core/protocol.ts';
import type { Bed, Worker } from './bed.ts';
import { program } from './programs.ts';
import type { Row } from './row.ts';
import { compare } from './stats.ts';

const ROUNDS = 10;
const CHILDREN = 10;
const GROUP = 'Start: in a running session / bare (goal: the difference)';
const GOAL = { addMost: 1 };

const milliseconds = (ns: number): number => ns / 1e6;

export async function start(bed: Bed): Promise<Row[]> {
  const [spawner, mark] = [program('spawner'), program('mark')];
  const bare = bed.bare(spawner, [mark]);
  const entering = bed.bare(spawner, [mark], {});
  const covered = bed.covered(spawner, [mark]);
  entering.tell(`env LD_PRELOAD=${bed.host.file.gate}`);
  entering.tell(`env ${SESSION_VARIABLE}=${bed.host.session.environmentValue('main')}`);
  await Promise.all([bare, entering, covered].map((worker) => worker.numbers()));

  const row = async (
    name: string,
    ours: Worker,
    how: 'spawn' | 'fork',
    which: 0 | 1,
    count: number,
  ): Promise<Row> => {
    const a: number[] = [];
    const b: number[] = [];
    for (let round = -1; round < ROUNDS; round++) {
      const times = new Map<Worker, number>();
      for (const worker of round % 2 === 0 ? [ours, bare] : [bare, ours])
        times.set(worker, milliseconds((await worker.ask(`${how} ${count}`))[which]!));
      if (round < 0) continue;
      a.push(times.get(ours)!);
      b.push(times.get(bare)!);
    }
    const { spread: _, ...compared } = compare(a, b);
    const difference = compared.ours - compared.peer;
    return {
      group: GROUP,
      name,
      unit: 'ms',
      ...compared,
      goal: GOAL,
      note: `+${difference.toFixed(3)} ms each`,
    };
  };
  const rows = [
    await row('a program, exec → main', entering, 'fork', 0, CHILDREN),
    await row('a child by fork + exec, exec → main', covered, 'fork', 0, CHILDREN),
    await row('a child by fork + exec, fork → waited for', covered, 'fork', 1, CHILDREN),
    await row('a child by posix_spawn, spawn → main', covered, 'spawn', 0, CHILDREN),
    await row('100 children in a row by posix_spawn, each', covered, 'spawn', 1, CHILDREN * 10),
  ];
  await Promise.all([bare, entering, covered].map((worker) => worker.end()));
  return rows;
}
