/** Node's fs.watch, chokidar and @parcel/watcher, on tmpfs and in a session: the same script, the same report. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Follower } from './follower.ts';
import { looksOn, type Side, sides } from './sides.ts';

/** How long one side may take to report what the other has reported. */
const LATE_MS = 5_000;
const watchers = suite('watchers in Node');
const { both, close } = await sides();
watchers.after(close);

const program = (name: string): string => fileURLToPath(new URL(`watchers/${name}.mjs`, import.meta.url));

/** Each line uses names of its own, so that a late report cannot be taken for another line's. */
const LINES = [
  'echo hello > made',
  'echo more >> grown',
  'chmod 600 mode',
  'mv from to',
  'rm gone',
  'mv into sub/into',
  'mv sub/out out',
  'echo n > .save.tmp; mv .save.tmp saved',
  'ln linked link; ln -s linked soft',
  'mkdir new',
  'echo x > new/f',
  'mkdir new/one',
  'mkdir new/one/two',
  'mkdir new/one/two/three',
  'echo y > new/one/two/three/g',
  'mv olddir newdir',
  'echo z > newdir/h',
  'rmdir empty',
  'rm sub/deep/last; rmdir sub/deep',
  'truncate -s 0 short',
  'echo w > "a name with spaces é"',
];
const PREPARED = [
  'for f in grown mode from gone into saved linked short; do echo 1 > $f; done',
  'mkdir -p sub/deep olddir empty; echo 1 > sub/out; echo 1 > sub/deep/last; echo 1 > olddir/kept',
].join('; ');

/**
 * Reports that do not depend on when the watcher looks. A creation or removal implies a change at the same time; a
 * name that existed for an instant may be missed.
 */
function settled(lines: readonly string[]): string[] {
  const path = (line: string): string => line.replace(/^\w+ /, '');
  const came = new Set(lines.filter((line) => /^(add|create|rename) /.test(line)).map(path));
  return [...new Set(lines)]
    .filter((line) => !(/^(change|update) /.test(line) && came.has(path(line))))
    .filter((line) => !line.endsWith('.save.tmp'))
    .sort();
}

async function start(
  side: Side,
  name: string,
  how: string,
  prepared = PREPARED,
  own = `${name}-${how}`,
): Promise<[Follower, string]> {
  const directory = await side.directory(own);
  await side.run(`cd ${directory}; ${prepared}`);
  const follower = side.follow(process.execPath, [program(name), directory, how]);
  return [follower, directory];
}

/** A watcher that has seen all lines in turn; more reports may follow from its later looks. */
async function shown(
  side: Side,
  name: string,
  how = 'plain',
  own?: string,
): Promise<[Follower, () => string[]]> {
  const [follower, directory] = await start(side, name, how, PREPARED, own);
  await follower.until(/^ready$/);
  await looksOn(side, follower, directory, LINES, { settles: /^mkdir|^mv olddir/ });
  const said = (): string[] => follower.lines.filter((line) => line !== 'ready' && !line.includes('mark-'));
  return [follower, said];
}

/** @returns the final reports of both, ours first, after waiting for one side to catch up with the other */
async function bothSay(name: string, how: string, round: number): Promise<string[][]> {
  const [kernels, ours] = await Promise.all(
    both.map((side) => shown(side, name, how, `${name}-${how}-${round}`)),
  );
  const lists = (): string[][] => [settled(ours![1]()), settled(kernels![1]())];
  const limit = AbortSignal.timeout(LATE_MS);
  while (String(lists()[0]) !== String(lists()[1]) && !limit.aborted)
    await Promise.race([ours![0].more(limit), kernels![0].more(limit)]);
  await Promise.all([ours![0].stop(), kernels![0].stop()]);
  return lists();
}

/** These read directories some time after an event, and on any system occasionally too late. */
const ROUNDS = 3;

async function equal(name: string, how = 'plain'): Promise<void> {
  for (let round = 1; ; round++) {
    const [ours, kernels] = await bothSay(name, how, round);
    assert.ok(kernels!.length > LINES.length, 'it said next to nothing');
    if (String(ours) === String(kernels)) return;
    if (round === ROUNDS) assert.equal(ours, kernels);
  }
}

watchers('fs.watch of a directory reports the same in the same order', async () => {
  const [kernels, ours] = await Promise.all(
    both.map(async (side) => {
      const [follower, said] = await shown(side, 'fs-watch');
      await follower.stop();
      return said();
    }),
  );
  assert.equal(ours, kernels);
  assert.ok(kernels!.length > LINES.length, 'it said next to nothing');
});

watchers('fs.watch of a tree', () => equal('fs-watch', 'recursive'));

watchers('chokidar', () => equal('chokidar'));

watchers('@parcel/watcher', () => equal('parcel'));

watchers('fs.watch of a file', async () => {
  const answers = both.map(async (side) => {
    const directory = await side.directory('file');
    await side.run(`echo 1 > ${directory}/f`);
    const follower = side.follow(process.execPath, [program('fs-watch'), `${directory}/f`]);
    await follower.until(/^ready$/);
    const said: string[][] = [];
    for (const [line, until] of [
      ['echo 2 >> f', /^change/],
      ['chmod 600 f', /^change/],
      ['mv f g', /^rename/],
      ['echo 3 >> g', /^change/],
      ['rm g', /^rename/],
    ] as const) {
      await side.run(`cd ${directory}; ${line}`);
      said.push((await follower.until(until)).slice(-1));
    }
    await follower.stop();
    return said;
  });
  const [kernels, ours] = await Promise.all(answers);
  assert.equal(ours, kernels);
});

/** Voluntary and involuntary context switches of its threads: a process that polls cannot avoid them. */
const switches = (pid: number): number =>
  [...readFileSync(`/proc/${pid}/status`, 'utf8').matchAll(/ctxt_switches:\s+(\d+)/g)].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  );

watchers('fs.watch does not poll: while nothing happens its loop sleeps', async () => {
  const [, ours] = both;
  const [follower, directory] = await start(ours, 'fs-watch', 'idle');
  await follower.until(/^ready$/);
  await ours.run(`: > ${directory}/first`);
  await follower.until(/first/);
  const pid = follower.child.pid!;
  // Wait until it is idle: starting up uses timers of its own.
  for (let still = 0, last = -1; still < 5; ) {
    const now = switches(pid);
    still = now === last ? still + 1 : 0;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const before = switches(pid);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const idle = switches(pid) - before;
  // A process that polls every 20 ms would have been switched 75 times.
  assert.ok(idle <= 5, `${idle} context switches`);
  await ours.run(`: > ${directory}/second`);
  await follower.until(/second/);
  await follower.stop();
});

watchers('fs.watch of a tree finds files created in new directories', async () => {
  const found = both.map(async (side) => {
    const [follower, directory] = await start(side, 'fs-watch', 'recursive', 'mkdir old', 'new-directories');
    await follower.until(/^ready$/);
    await side.run(
      `cd ${directory}; for d in 1 2 3 4 5; do mkdir -p old/n$d/m$d; echo x > old/n$d/m$d/f; done`,
    );
    for (const d of [1, 2, 3, 4, 5])
      if (!follower.lines.some((line) => line.endsWith(`old/n${d}/m${d}/f`)))
        await follower.until(new RegExp(`n${d}/m${d}/f$`));
    return follower.stop();
  });
  assert.equal(await Promise.all(found), [143, 143]);
});

watchers.run();
