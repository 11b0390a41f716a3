/**
 * FsCore compared with memfs: the same operations through the same interface, in one run.
 *
 * Events and the journal are on; the result is the time per operation, divided by memfs's.
 */
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Volume } from 'memfs';
import { FsCore } from '../../core/index.ts';

export interface BenchRow {
  readonly name: string;
  /** Time of an operation, in `unit`. */
  readonly ours: number;
  readonly peer: number;
  readonly ratio: number;
  readonly unit: string;
}

/** The interface that both have. */
type Face = Pick<
  typeof import('node:fs'),
  | 'mkdirSync'
  | 'writeFileSync'
  | 'statSync'
  | 'readdirSync'
  | 'renameSync'
  | 'unlinkSync'
  | 'readFileSync'
  | 'openSync'
  | 'closeSync'
>;

const FILES = 2000;
const ROUNDS = 9;

interface Case {
  readonly name: string;
  readonly operations: number;
  prepare?(fs: Face): void;
  run(fs: Face): void;
}

const each = (action: (path: string) => void): void => {
  for (let i = 0; i < FILES; i++) action(`/w/d/f${i}`);
};

const CASES: readonly Case[] = [
  {
    name: 'create (open, close)',
    operations: FILES,
    run: (fs) => each((p) => fs.closeSync(fs.openSync(p, 'w'))),
  },
  { name: 'write file', operations: FILES, run: (fs) => each((p) => fs.writeFileSync(p, 'hello, world')) },
  { name: 'read file', operations: FILES, run: (fs) => each((p) => fs.readFileSync(p)) },
  { name: 'stat', operations: FILES, run: (fs) => each((p) => fs.statSync(p)) },
  {
    name: 'readdir of 2000, per entry',
    operations: FILES * 5,
    run(fs) {
      for (let i = 0; i < 5; i++) fs.readdirSync('/w/d');
    },
  },
  { name: 'rename', operations: FILES, run: (fs) => each((p) => fs.renameSync(p, `${p}x`)) },
  { name: 'unlink', operations: FILES, run: (fs) => each((p) => fs.unlinkSync(`${p}x`)) },
];

/** Nanoseconds per operation of each case, run in order on a fresh filesystem. */
function pass(fs: Face): number[] {
  fs.mkdirSync('/w/d', { recursive: true });
  return CASES.map(({ run, operations }) => {
    const start = process.hrtime.bigint();
    run(fs);
    return Number(process.hrtime.bigint() - start) / operations;
  });
}

/** The fastest round: other load on the machine only makes rounds slower. */
const best = (values: number[]): number => Math.min(...values);

/** Heap bytes for each of `count` empty files. */
function heapPerFile(count: number): number {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const core = new FsCore({ journal: { maxEvents: 0 } });
  core.fs.mkdirSync('/d');
  gc();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < count; i++) core.fs.closeSync(core.fs.openSync(`/d/file-${i}`, 'w'));
  gc();
  const used = process.memoryUsage().heapUsed - before;
  return core.fs.existsSync('/d/file-0') ? used / count : 0;
}

export function coreBench(): BenchRow[] {
  const ours: number[][] = [];
  const peers: number[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const core = new FsCore();
    let heard = 0;
    core.subscribe(() => heard++);
    ours.push(pass(core.fs));
    peers.push(pass(new Volume() as unknown as Face));
  }
  const rows = CASES.map(({ name }, i) => {
    const mine = best(ours.map((times) => times[i]));
    const peer = best(peers.map((times) => times[i]));
    return { name: `core: ${name}`, ours: mine, peer, ratio: mine / peer, unit: 'ns' };
  });
  const heap = heapPerFile(100_000);
  return [
    ...rows,
    { name: 'core: heap per empty file (goal 1 KiB)', ours: heap, peer: 1024, ratio: heap / 1024, unit: 'B' },
  ];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  process.stdout.write(`${JSON.stringify(coreBench(), null, 2)}\n`);
