/**
 * Watching: events through the router, and the cost of ten thousand watched directories.
 *
 * The peers watch the same real tree in the same run, each in a separate process where memory is measured.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { EventHub } from '../../core/events/event-hub.ts';
import { EventKind, type FsEvent } from '../../core/events/fs-event.ts';
import { FsCore } from '../../core/index.ts';
import { branchSource } from '../../core/watch/branch-source.ts';
import { changesOf } from '../../core/watch/event-change.ts';
import { EventStream } from '../../core/watch/event-stream.ts';
import { Router } from '../../core/watch/router.ts';
import { gc } from './gc.ts';
import type { Row } from './row.ts';
import { median } from './stats.ts';

const SUBSCRIBERS = 10;
const EVENTS = 1_000_000;
const DIRECTORIES = 10_000;
const ROUNDS = 3;
const GROUP = 'Watching';

function madeUp(count: number): FsEvent[] {
  return Array.from({ length: count }, (_, i) => ({
    id: i + 1,
    kind: EventKind.Modified,
    path: `/w/d${(i >> 4) % 100}/f${i % 16}`,
    ino: i % 1600,
    parent: 1,
    type: 'file',
    nlink: 1,
    pid: 0,
    branch: 'main',
    time: 0,
    detail: 0,
  }));
}

/** Events per second from the hub through the router, each to every subscriber. */
function routed(roots: (i: number) => string): number {
  const events = madeUp(16_000);
  const hub = new EventHub(() => {});
  const router = new Router(() => []);
  let delivered = 0;
  for (let i = 0; i < SUBSCRIBERS; i++)
    router.add({ root: roots(i), watchRoot: false, sink: () => void delivered++ });
  hub.subscribe((event) => {
    for (const change of changesOf(event)) router.push(change);
  });
  const rounds = EVENTS / events.length;
  for (const event of events) hub.publish({ event });
  delivered = 0;
  const start = performance.now();
  for (let round = 0; round < rounds; round++) for (const event of events) hub.publish({ event });
  const seconds = (performance.now() - start) / 1000;
  if (delivered === 0) throw new Error('nothing was delivered');
  return (rounds * events.length) / seconds;
}

/** Writes per second to a core with ten streams that buffer and merge, and without. */
function written(streams: number): number {
  const core = new FsCore();
  core.fs.mkdirSync('/w');
  let told = 0;
  const open = Array.from(
    { length: streams },
    () => new EventStream('/w', { source: branchSource(core) }, (batch) => (told += batch.length)),
  );
  const fds = Array.from({ length: 16 }, (_, i) => core.fs.openSync(`/w/f${i}`, 'w'));
  const bytes = Buffer.from('x');
  const writes = 100_000;
  const start = performance.now();
  for (let i = 0; i < writes; i++) core.fs.writeSync(fds[i % 16]!, bytes, 0, 1, 0);
  for (const stream of open) stream.flush();
  const seconds = (performance.now() - start) / 1000;
  if (told !== streams * 16) throw new Error(`${told} events were delivered instead of ${streams * 16}`);
  for (const stream of open) stream.close();
  core.close();
  return writes / seconds;
}

/** Bytes and microseconds for each of ten thousand streams, one for each directory of a branch. */
function branchStreams(): { bytes: number; us: number } {
  const core = new FsCore();
  core.fs.mkdirSync('/w');
  for (let i = 0; i < DIRECTORIES; i++) core.fs.mkdirSync(`/w/d${i}`);
  const source = branchSource(core);
  let heard = 0;
  gc();
  const before = process.memoryUsage().heapUsed;
  const start = performance.now();
  const streams: EventStream[] = [];
  for (let i = 0; i < DIRECTORIES; i++) streams.push(new EventStream(`/w/d${i}`, { source }, () => heard++));
  const us = ((performance.now() - start) * 1000) / DIRECTORIES;
  gc();
  const bytes = (process.memoryUsage().heapUsed - before) / DIRECTORIES;
  core.fs.writeFileSync('/w/d77/f', 'x');
  for (const stream of streams) stream.flush();
  if (heard !== 1) throw new Error(`${heard} streams got the event instead of 1`);
  for (const stream of streams) stream.close();
  return { bytes, us };
}

/** Resident bytes and milliseconds until a watcher of `root` is ready, in a new process. */
function inProcess(which: string, root: string): { rss: number; ms: number } {
  const self = fileURLToPath(import.meta.url);
  const child = spawnSync(process.execPath, ['--import', 'tsx', self, which, root], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (child.status !== 0) throw new Error(`${which}: ${child.stderr}`);
  return JSON.parse(child.stdout) as { rss: number; ms: number };
}

async function measureOne(which: string, root: string): Promise<void> {
  const watchers: Record<string, () => Promise<() => Promise<unknown>>> = {
    ours: async () => {
      const stream = new EventStream(root, {}, () => {});
      await stream.ready;
      return () => {
        stream.close();
        return stream.closed;
      };
    },
    parcel: async () => {
      const { default: parcel } = await import('@parcel/watcher');
      const subscription = await parcel.subscribe(root, () => {});
      return () => subscription.unsubscribe();
    },
    chokidar: async () => {
      const { watch } = await import('chokidar');
      const watcher = watch(root, { ignoreInitial: true });
      await new Promise<void>((resolve, reject) => {
        watcher.on('ready', () => resolve());
        watcher.on('error', reject);
      });
      return () => watcher.close();
    },
  };
  // Modules are loaded before: only watching is measured.
  await import('@parcel/watcher');
  await import('chokidar');
  gc();
  const before = process.memoryUsage().rss;
  const start = performance.now();
  const stop = await watchers[which]!();
  const ms = performance.now() - start;
  gc();
  process.stdout.write(JSON.stringify({ rss: process.memoryUsage().rss - before, ms }));
  await stop();
}

function realTrees(): Row[] {
  const root = mkdtempSync(join(tmpdir(), 'watch-bench-'));
  try {
    for (let i = 0; i < 100; i++)
      for (let k = 0; k < DIRECTORIES / 100; k++) {
        const dir = join(root, `d${i}`, `e${k}`);
        mkdirSync(dir, { recursive: true });
        writeFileSync(join(dir, 'f'), '');
      }
    const taken = { ours: [], parcel: [], chokidar: [] } as Record<string, { rss: number; ms: number }[]>;
    for (let round = 0; round < ROUNDS; round++)
      for (const which of Object.keys(taken)) taken[which]!.push(inProcess(which, root));
    const row = (peer: string, what: string, unit: string, of: 'rss' | 'ms', scale: number): Row => {
      const figure = (which: string): number => median(taken[which]!.map((one) => one[of])) / scale;
      const [ours, theirs] = [figure('ours'), figure(peer)];
      return {
        group: GROUP,
        name: `real tree of 10 000 directories, ${what} / ${peer}`,
        unit,
        ours,
        peer: theirs,
        ratio: ours / theirs,
        goal: { ratioMost: 1.25 },
      };
    };
    return ['parcel', 'chokidar'].flatMap((peer) => [
      row(peer, 'ready', 'ms', 'ms', 1),
      row(peer, 'resident per directory', 'B', 'rss', DIRECTORIES),
    ]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

export function watchBench(): Row[] {
  const { bytes, us } = branchStreams();
  const rate = (name: string, value: number, least?: number): Row => ({
    group: GROUP,
    name,
    unit: 'events/s',
    ours: value,
    ...(least && { peer: least, ratio: value / least, goal: { ratioLeast: 1 }, note: 'peer: the goal' }),
  });
  return [
    rate(
      'router, 10 subscribers, each hears all',
      routed(() => '/w'),
      1e6,
    ),
    rate(
      'router, 10 subscribers of a directory each',
      routed((i) => `/w/d${i}`),
      1e6,
    ),
    rate('writes to a core, no stream', written(0)),
    rate('writes to a core, 10 streams that merge', written(10)),
    {
      group: GROUP,
      name: '10 000 streams of a branch: heap each',
      unit: 'B',
      ours: bytes,
      goal: { most: 2048 },
    },
    { group: GROUP, name: '10 000 streams of a branch: start each', unit: 'µs', ours: us },
    ...realTrees(),
  ];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [which, root] = process.argv.slice(2);
  if (which !== undefined && root !== undefined) await measureOne(which, root);
  else process.stdout.write(`${JSON.stringify(watchBench(), null, 2)}\n`);
}
