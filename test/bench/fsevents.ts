/** FSEvents: from a change to the callback, many changes below a root, and many streams. */
import { openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Bed, BrokenMeasurement, MOUNT, type Worker } from './bed.ts';
import { program } from './programs.ts';
import type { Row } from './row.ts';
import { quantile, sleep } from './stats.ts';

const RECORD = 24;
const BLOCKS = 12;
const SAMPLES = 100;
const CHANGES = 100_000;
const FILES = 1000;
const STREAMS = 1000;
const MB = 1024 * 1024;

interface Heard {
  readonly when: bigint;
  readonly callbacks: number;
  readonly events: number;
  readonly lost: boolean;
}

async function next(watcher: Worker): Promise<Heard> {
  const record = await watcher.record(RECORD);
  return {
    when: record.readBigUInt64LE(0),
    callbacks: Number(record.readBigUInt64LE(8)),
    events: record.readUInt32LE(16),
    lost: record.readUInt32LE(20) !== 0,
  };
}

const viewOf = (bed: Bed) => bed.host.core.view('main', { pid: 0, uid: 0, gid: 0, umask: 0 });

async function started(bed: Bed, ...args: string[]): Promise<{ watcher: Worker; ns: number }> {
  const watcher = bed.covered(program('streams'), args);
  return { watcher, ns: (await watcher.numbers())[0]! };
}

async function fromChangeToCallback(bed: Bed): Promise<Row[]> {
  const group = 'From a change to the FSEvents callback, latency 0: virtual / kernel inotify on tmpfs';
  const directory = `${MOUNT}/streams`;
  bed.fs.mkdirSync(directory);
  bed.fs.writeFileSync(`${directory}/f`, Buffer.alloc(64));
  const real = join(bed.real, 'stream');
  writeFileSync(real, Buffer.alloc(64));
  const fd = openSync(real, 'r+');
  const view = viewOf(bed);
  const { ino } = view.stat({ path: `${directory}/f` });
  const bytes = Buffer.alloc(8, 1);
  const { watcher: loop } = await started(bed, directory, '1', '0');
  const { watcher: queue } = await started(bed, directory, '1', '0', 'queue');
  const iwatch = bed.bare(program('iwatch'), [real]);
  await iwatch.numbers();
  const times = { loop: [] as number[], queue: [] as number[], kernel: [] as number[] };
  for (let i = -1; i < BLOCKS; i++) {
    for (let sample = 0; sample < SAMPLES; sample++) {
      await sleep(1);
      const began = process.hrtime.bigint();
      view.write(ino, bytes, 0, 8, 0);
      const [a, b] = [await next(loop), await next(queue)];
      const begun = process.hrtime.bigint();
      writeSync(fd, bytes, 0, 8, 0);
      const kernel = (await iwatch.record(RECORD)).readBigUInt64LE(0);
      if (i < 0) continue; // Warming up.
      times.loop.push(Number(a.when - began) / 1000);
      times.queue.push(Number(b.when - began) / 1000);
      times.kernel.push(Number(kernel - begun) / 1000);
    }
  }
  await Promise.all([loop, queue, iwatch].map((worker) => worker.end()));
  return (['loop', 'queue'] as const).flatMap((where) =>
    ([0.5, 0.99] as const).map((q): Row => {
      const [ours, peer] = [quantile(times[where], q), quantile(times.kernel, q)];
      return {
        group,
        name: `write by the host, on a ${where === 'loop' ? 'run loop' : 'queue'}, ${q === 0.5 ? 'median' : 'p99'}`,
        unit: 'µs',
        ours,
        peer,
        ratio: ours / peer,
        goal: q === 0.5 ? undefined : { most: 1000 },
        note: q === 0.5 ? `${times[where].length} samples; both streams hear each` : undefined,
      };
    }),
  );
}

async function manyChanges(bed: Bed, latency: string): Promise<Row[]> {
  const group = `${CHANGES} changes of ${FILES} files below one root, latency ${latency} s`;
  const directory = `${MOUNT}/storm${latency}`;
  bed.fs.mkdirSync(directory);
  const { watcher } = await started(bed, directory, '1', latency);
  const view = viewOf(bed);
  for (let i = 0; i < FILES; i++) bed.fs.writeFileSync(`${directory}/${i}`, '');
  await next(watcher);
  const before = watcher.memory().now;
  const began = performance.now();
  let callbacks = 0;
  let events = 0;
  let most = 0;
  let lost = 0;
  let done = false;
  const reading = (async () => {
    // The end is detected by a separate file, which is changed repeatedly until no event is under way.
    while (!done || watcher.waiting >= RECORD) {
      const heard = await next(watcher);
      callbacks++;
      events += heard.events;
      most = Math.max(most, heard.events);
      lost += heard.lost ? 1 : 0;
    }
  })();
  for (let i = 0; i < CHANGES; i++) {
    view.chmod({ path: `${directory}/${i % FILES}` }, 0o600 + (i % 7));
    if (i % 500 === 499) await new Promise((resolve) => setImmediate(resolve));
  }
  const made = performance.now() - began;
  let quiet = -1;
  while (quiet !== callbacks) {
    quiet = callbacks;
    await sleep(Number(latency) * 1000 + 200);
  }
  const memory = watcher.memory();
  done = true;
  view.chmod({ path: `${directory}/0` }, 0o644);
  await reading;
  await watcher.end();
  if (events === 0) throw new BrokenMeasurement('nothing was heard');
  return [
    { group, name: 'a change, in the host', unit: 'µs', ours: (made * 1000) / CHANGES },
    {
      group,
      name: 'callbacks',
      unit: '',
      ours: callbacks,
      note: `${events} events, ${most} at most in one, ${lost} times lost`,
    },
    {
      group,
      name: 'target memory, growth at most',
      unit: 'MiB',
      ours: (memory.most - before) / MB,
      goal: { most: 64 },
    },
  ];
}

async function manyStreams(bed: Bed): Promise<Row[]> {
  const group = `${STREAMS} streams over one directory in one process`;
  const directory = `${MOUNT}/manystreams`;
  bed.fs.mkdirSync(directory);
  const one = await started(bed, directory, '1', '0');
  const base = one.watcher.memory().now;
  await one.watcher.end();
  const { watcher, ns } = await started(bed, directory, String(STREAMS), '0');
  const memory = watcher.memory().now;
  const took: number[] = [];
  for (let round = 0; round < 20; round++) {
    const began = process.hrtime.bigint();
    bed.fs.writeFileSync(`${directory}/${round}`, '');
    let last = began;
    for (let events = 0; events < STREAMS; ) {
      const heard = await next(watcher);
      events += heard.events;
      last = heard.when;
    }
    took.push(Number(last - began) / 1e6);
  }
  await watcher.end();
  return [
    { group, name: 'made, scheduled and started, each', unit: 'µs', ours: (ns - one.ns) / STREAMS / 1000 },
    { group, name: 'target memory, each', unit: 'KiB', ours: (memory - base) / STREAMS / 1024 },
    { group, name: 'one new file → all streams have its event', unit: 'ms', ours: quantile(took, 0.5) },
  ];
}

export async function fsevents(bed: Bed): Promise<Row[]> {
  return [
    ...(await fromChangeToCallback(bed)),
    ...(await manyChanges(bed, '0')),
    ...(await manyChanges(bed, '0.1')),
    ...(await manyStreams(bed)),
  ];
}
