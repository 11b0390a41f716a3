/**
 * A virtual tree compared with FUSE: libfuse's example `passthrough_ll` over a tmpfs directory.
 *
 * The goals compare with the example's `cache=never`, which like shimfs is never stale. Its default, in which the kernel caches
 * for a second, and the tmpfs itself are reported too.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheDirectory } from '../../injector/engine/venv.ts';
import { type Bed, BrokenMeasurement, MOUNT, type Worker } from './bed.ts';
import { program } from './programs.ts';
import type { Goal, Row } from './row.ts';
import { compare, median, sleep } from './stats.ts';

const EXAMPLE = '/usr/share/doc/libfuse3-dev/examples/passthrough_ll.c';
const PACKAGES = ['fuse3', 'libfuse3-dev', 'pkg-config'];
const ROUNDS = 9;
const FILES = 5000;
const SOURCES = 200;

/** The reason why FUSE is not available, if it is not. */
function obstacle(): string | undefined {
  if (process.platform !== 'linux') return 'FUSE is measured on Linux only';
  if (!existsSync('/dev/fuse')) return 'there is no /dev/fuse';
  if (process.getuid?.() !== 0) return 'mounting needs root here';
  if (existsSync(EXAMPLE)) return undefined;
  try {
    execFileSync('apt-get', ['install', '-y', '-qq', ...PACKAGES], { stdio: 'ignore' });
  } catch {
    return `the packages ${PACKAGES.join(', ')} are missing and cannot be installed`;
  }
  return existsSync(EXAMPLE) ? undefined : `libfuse3-dev brings no ${EXAMPLE}`;
}

function example(): string {
  const out = join(
    cacheDirectory(),
    `passthrough_ll-${createHash('sha256').update(readFileSync(EXAMPLE)).digest('hex').slice(0, 16)}`,
  );
  if (existsSync(out)) return out;
  mkdirSync(cacheDirectory(), { recursive: true, mode: 0o700 });
  const flags = execFileSync('pkg-config', ['fuse3', '--cflags', '--libs'], { encoding: 'utf8' });
  execFileSync('cc', ['-O2', '-o', out, EXAMPLE, ...flags.trim().split(/\s+/)]);
  return out;
}

class FuseMount {
  readonly path: string;
  readonly #server: ChildProcess;
  readonly #source: string;

  static async make(bed: Bed, option: string): Promise<FuseMount> {
    const source = mkdtempSync(join(bed.real, 'source-'));
    const path = mkdtempSync(join(tmpdir(), 'shimfs-fuse-'));
    const before = statSync(path).dev;
    const server = spawn(example(), ['-f', '-o', `source=${source},${option}`, path], { stdio: 'ignore' });
    for (let i = 0; statSync(path).dev === before; i++) {
      if (i === 100) throw new BrokenMeasurement('passthrough_ll does not mount');
      await sleep(20);
    }
    return new FuseMount(path, server, source);
  }

  private constructor(path: string, server: ChildProcess, source: string) {
    this.path = path;
    this.#server = server;
    this.#source = source;
  }

  async end(): Promise<void> {
    const gone = new Promise((resolve) => this.#server.once('close', resolve));
    execFileSync('umount', ['-l', this.path]);
    this.#server.kill();
    await gone;
    rmSync(this.path, { recursive: true });
    rmSync(this.#source, { recursive: true });
  }
}

const PLACES = ['ours', 'never', 'auto', 'tmpfs'] as const;
type PlaceName = (typeof PLACES)[number];
type Each<T> = Readonly<Record<PlaceName, T>>;

async function each<T>(make: (place: PlaceName) => Promise<T>): Promise<Each<T>> {
  const made: Partial<Record<PlaceName, T>> = {};
  for (const place of PLACES) made[place] = await make(place);
  return made as Each<T>;
}

/** A different program is first in each round; the first round is for the caches. */
async function inRounds(
  rounds: number,
  take: (place: PlaceName) => Promise<number>,
): Promise<Each<number[]>> {
  const taken = await each<number[]>(async () => []);
  for (let round = -1; round < rounds; round++)
    for (let i = 0; i < PLACES.length; i++) {
      const place = PLACES[(i + round + 1) % PLACES.length]!;
      const value = await take(place);
      if (round >= 0) taken[place].push(value);
    }
  return taken;
}

function row(name: string, unit: string, times: Each<number[]>, goal?: Goal): Row {
  const show = (place: PlaceName): string => median(times[place]).toPrecision(3);
  return {
    group: 'A virtual tree / FUSE (passthrough_ll, cache=never) over tmpfs',
    name,
    unit,
    ...compare(times.ours, times.never),
    goal,
    note: `cache=auto ${show('auto')} (${compare(times.ours, times.auto).ratio.toFixed(2)}×), tmpfs ${show('tmpfs')}`,
  };
}

const CALLS: readonly (readonly [lot: string, count: number, name: string, goal?: Goal])[] = [
  ['stat', 500, 'stat hit', { ratioMost: 0.1 }],
  ['stat-missing', 500, 'stat miss'],
  ['open+read+close', 200, 'open + read 4 KiB + close', { ratioMost: 0.7 }],
  ['create', 200, 'create + write 4 KiB + close', { ratioMost: 0.7 }],
  ['rename', 200, 'rename', { ratioMost: 1.5 }],
  ['unlink', 200, 'unlink', { ratioMost: 1.5 }],
  ['mkdir', 200, 'mkdir', { ratioMost: 1.5 }],
  ['rmdir', 200, 'rmdir'],
  ['readdir-10k', 1, 'readdir of 10 000'],
];
const STREAMS: readonly (readonly [lot: string, name: string])[] = [
  ['write-64k', 'sequential write, 64 KiB'],
  ['read-64k', 'sequential read, 64 KiB'],
  ['write-anywhere', 'random write, 4 KiB'],
  ['read-anywhere', 'random read, 4 KiB'],
];
const MIB = 32;

async function calls(workers: Each<Worker>): Promise<Row[]> {
  const taken = new Map<string, Each<number[]>>();
  // Lots depend on each other: in a round, each program runs all of them in turn.
  for (let round = -1; round < ROUNDS; round++)
    for (const [lot, count] of CALLS) {
      const times = taken.get(lot) ?? (await each<number[]>(async () => []));
      taken.set(lot, times);
      for (let i = 0; i < PLACES.length; i++) {
        const place = PLACES[(i + round + 1) % PLACES.length]!;
        const [ns] = await workers[place].ask(`${lot} ${count}`);
        if (round >= 0) times[place].push(ns! / count / 1000);
      }
    }
  const rows = CALLS.map(([lot, , name, goal]) => row(name, 'µs', taken.get(lot)!, goal));
  for (const [lot, name] of STREAMS) {
    /** ns per MiB → GiB/s */
    const rate = async (place: PlaceName): Promise<number> =>
      ((MIB / 1024) * 1e9) / (await workers[place].ask(`${lot} ${MIB}`))[0]!;
    rows.push(row(name, 'GiB/s', await inRounds(ROUNDS, rate)));
  }
  return rows;
}

/** Runs a shell's line. @returns ms */
async function shell(bed: Bed, place: PlaceName, line: string): Promise<number> {
  const began = performance.now();
  const worker = place === 'ours' ? bed.covered('/bin/sh', ['-c', line]) : bed.bare('/bin/sh', ['-c', line]);
  const status = await new Promise((resolve) => worker.child.once('exit', resolve));
  const took = performance.now() - began;
  if (status !== 0) throw new BrokenMeasurement(`'${line.slice(0, 80)}' ends with ${status}`);
  return took;
}

async function programs(bed: Bed, roots: Each<string>): Promise<Row[]> {
  const rows: Row[] = [];
  const git = 'git -c gc.auto=0 -c user.name=a -c user.email=a@example.org';
  for (const place of PLACES)
    await shell(
      bed,
      place,
      `set -e; mkdir ${roots[place]}/git ${roots[place]}/make; cd ${roots[place]}/git; ${git} init -q; for d in $(seq ${FILES / 100}); do mkdir d$d; cd d$d; i=0; while [ $i -lt 100 ]; do echo $i > f$i; i=$((i+1)); done; cd ..; done; ${git} add .; ${git} commit -qm one;
       cd ../make; for i in $(seq ${SOURCES}); do echo "int f$i(void) { return $i; }" > f$i.c; done; printf 'O := $(patsubst %%.c,%%.o,$(wildcard *.c))\\nall: $(O)\\n%%.o: %%.c\\n\\t$(CC) -O0 -c -o $@ $<\\n' > Makefile`,
    );
  const status = (place: PlaceName): Promise<number> =>
    shell(bed, place, `cd ${roots[place]}/git && git status --porcelain`);
  rows.push(row(`git status of ${FILES} files`, 'ms', await inRounds(5, status)));
  const make = async (place: PlaceName): Promise<number> => {
    await shell(bed, place, `rm -f ${roots[place]}/make/*.o`);
    return shell(bed, place, `make -s -j2 -C ${roots[place]}/make`);
  };
  rows.push(row(`make -j2 of ${SOURCES} files`, 'ms', await inRounds(2, make)));
  return rows;
}

export async function fuse(bed: Bed): Promise<Row[]> {
  const reason = obstacle();
  if (reason !== undefined) {
    console.log(`\nskipped: fuse: ${reason}`);
    return [];
  }
  const mounts: FuseMount[] = [];
  try {
    for (const option of ['cache=never', 'cache=auto']) mounts.push(await FuseMount.make(bed, option));
    const roots: Each<string> = {
      ours: MOUNT,
      never: mounts[0]!.path,
      auto: mounts[1]!.path,
      tmpfs: mkdtempSync(join(bed.real, 'plain-')),
    };
    const tool = program('calls');
    const workers = await each(async (place) => {
      const worker = place === 'ours' ? bed.covered(tool, [MOUNT]) : bed.bare(tool, [roots[place]]);
      await worker.numbers();
      return worker;
    });
    const rows = await calls(workers);
    await Promise.all(Object.values(workers).map((worker) => worker.end()));
    return [...rows, ...(await programs(bed, roots))];
  } finally {
    for (const mount of mounts) await mount.end();
  }
}
