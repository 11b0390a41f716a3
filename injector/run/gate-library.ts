/** The gate's shared library: compiled on demand by the machine's C compiler, and cached by a hash of its sources. */
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gateHeaders } from '../../core/gate/headers.ts';
import { cacheDirectory } from '../engine/venv.ts';
import { packageFile } from '../package-root.ts';

export type GatePlatform = 'linux' | 'darwin';
const HERE: GatePlatform = process.platform === 'darwin' ? 'darwin' : 'linux';

export const GATE_LIBRARY = HERE === 'darwin' ? 'libshimfs-gate.dylib' : 'libshimfs-gate.so';

/** A signal handler may call from a stack of 8 KiB, and some ten functions of the gate are on it then. */
export const MAX_FRAME_BYTES = 1280;

/** For every system. The unwind tables: a cancelled thread unwinds through the gate's frames. */
const COMMON_FLAGS = [
  '-std=gnu11',
  '-O2',
  '-g',
  '-fPIC',
  '-Wall',
  '-Wextra',
  '-Werror=implicit-function-declaration',
  '-Wno-unused-parameter',
  '-fvisibility=hidden',
  '-fno-builtin',
  '-fno-stack-protector',
  '-fexceptions',
  '-fasynchronous-unwind-tables',
  `-Wframe-larger-than=${MAX_FRAME_BYTES}`,
];
/** On Linux the gate replaces system call instructions, which preserve vector registers: so must the gate. */
const NO_VECTORS = '-mgeneral-regs-only';
const LINUX_FLAGS = ['-ftls-model=initial-exec', NO_VECTORS];

/** Darwin: the program need not have loaded the frameworks that the gate refers to. */
const LOOKED_UP_LATE = '-Wl,-undefined,dynamic_lookup';

/** Flags to compile and link in one run. */
export function gateFlags(platform: GatePlatform = HERE): string[] {
  return platform === 'darwin'
    ? [...COMMON_FLAGS, '-shared', LOOKED_UP_LATE]
    : [...COMMON_FLAGS, ...LINUX_FLAGS, '-shared', '-Wl,-z,now', '-Wl,-z,nodelete', '-Wl,-z,initfirst'];
}

/** The gate's library cannot be compiled. */
export class GateBuildError extends Error {
  /** A sentence with the remedy. */
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.name = 'GateBuildError';
    this.remedy = remedy;
  }
}

/** Common files that only Linux uses: darwin/ has a file of the same name. */
const LINUX_ONLY = ['exec.c'];

/** The directory of FSEvents' functions. */
const FLOATING = 'fsevents';

/** Sources for a machine; system and architecture as Node names them. */
export function gateSources(platform: GatePlatform = HERE, arch: string = process.arch): string[] {
  const directory = packageFile('agent', 'gate');
  const in_ = (...parts: string[]): string[] =>
    readdirSync(join(directory, ...parts))
      .filter((name) => name.endsWith('.c'))
      .sort()
      .map((name) => join(directory, ...parts, name));
  const streams = in_(FLOATING);
  if (platform === 'darwin')
    return [...in_().filter((file) => !LINUX_ONLY.includes(basename(file))), ...streams, ...in_('darwin')];
  return [
    ...in_(),
    ...streams,
    ...in_('linux'),
    join(directory, 'linux', `site_${arch === 'arm64' ? 'aarch64' : 'x86_64'}.S`),
  ];
}

/** Functions with floating-point arguments are compiled separately: all others must not use a vector register. */
export const isFloating = (source: string): boolean => basename(dirname(source)) === FLOATING;

const headers = (): string[] => {
  const directory = packageFile('agent', 'gate');
  return readdirSync(directory, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.h'))
    .sort()
    .map((name) => join(directory, name));
};

/**
 * The library's path. Compiles it if the cache has none for these sources and this compiler.
 * @throws GateBuildError when there is no compiler, or when it fails
 */
export function gateLibrary(compiler: string = process.env.CC ?? 'cc'): string {
  const version = spawnSync(compiler, ['--version'], { encoding: 'utf8' });
  if (version.error || version.status !== 0)
    throw new GateBuildError(
      `the C compiler '${compiler}' cannot be run, and the gate is compiled with it`,
      'Install one (Debian: apt-get install gcc libc6-dev; macOS: xcode-select --install) or set CC to its name.',
    );
  const sources = gateSources();
  const hash = createHash('sha256').update(version.stdout).update(gateFlags().join(' '));
  for (const text of Object.values(gateHeaders())) hash.update(text);
  for (const file of [...sources, ...headers()]) hash.update(readFileSync(file));
  const directory = join(cacheDirectory(), `gate-${hash.digest('hex').slice(0, 16)}`);
  const library = join(directory, GATE_LIBRARY);
  if (!existsSync(library)) compile(compiler, sources, directory);
  return library;
}

/** Writes the generated headers, which every source of the gate includes. */
export function writeGateHeaders(directory: string): void {
  for (const [name, text] of Object.entries(gateHeaders())) writeFileSync(join(directory, name), text);
}

/** Builds in a directory of its own and renames it, so that no other process loads half a library. */
function compile(compiler: string, sources: readonly string[], directory: string): void {
  const building = `${directory}.${randomBytes(4).toString('hex')}`;
  mkdirSync(building, { recursive: true, mode: 0o700 });
  try {
    writeGateHeaders(building);
    const run = (flags: readonly string[], cwd?: string): void => {
      const result = spawnSync(compiler, [...flags, `-I${building}`], { encoding: 'utf8', cwd });
      if (result.status !== 0)
        throw new GateBuildError(
          `the gate does not compile:\n${result.stderr}`,
          'Install the headers of the C library (Debian: apt-get install libc6-dev), or set CC to another compiler.',
        );
    };
    const floating = sources.filter(isFloating);
    const others = sources.filter((file) => !isFloating(file));
    const objects = floating.map((file) => join(building, `${basename(file, '.c')}.o`));
    const compiling = gateFlags().filter((flag) => flag !== NO_VECTORS && !flag.startsWith('-Wl,'));
    run([...compiling.filter((flag) => flag !== '-shared'), '-c', ...floating], building);
    run([...gateFlags(), '-o', join(building, GATE_LIBRARY), ...others, ...objects]);
    // A program of another user loads it by a descriptor: the directory is closed to it.
    chmodSync(join(building, GATE_LIBRARY), 0o755);
    try {
      renameSync(building, directory);
    } catch (error) {
      // Another process built the same library first.
      if (!existsSync(join(directory, GATE_LIBRARY))) throw error;
    }
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}
