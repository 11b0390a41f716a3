/**
 * The gate for machines other than this one: what to hand a compiler that knows their headers and libraries
 * (`zig cc -target …` does).
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type GatePlatform, gateFlags, gateSources, writeGateHeaders } from './gate-library.ts';

export interface GateTarget {
  /** As the compiler's `-target` takes it, with the oldest system it is built for. */
  readonly triple: string;
  readonly platform: GatePlatform;
  /** Node's name. */
  readonly arch: 'arm64' | 'x64';
  readonly library: string;
}

/** macOS 11 is the first on Arm, and the first with all the names that we stand before. */
export const GATE_TARGETS: readonly GateTarget[] = [
  { triple: 'x86_64-linux-gnu.2.36', platform: 'linux', arch: 'x64', library: 'libshimfs-gate.so' },
  { triple: 'aarch64-linux-gnu.2.36', platform: 'linux', arch: 'arm64', library: 'libshimfs-gate.so' },
  { triple: 'aarch64-macos.11.0', platform: 'darwin', arch: 'arm64', library: 'libshimfs-gate.dylib' },
  { triple: 'x86_64-macos.11.0', platform: 'darwin', arch: 'x64', library: 'libshimfs-gate.dylib' },
];

/** A compiler that is told the machine's features by its target forgets -mgeneral-regs-only; this it keeps. */
const NO_VECTORS = '-mno-implicit-float';

/** A wish of the linker's that zig does not pass on: a gate built so is initialised in the loader's usual order. */
const NOT_PASSED_ON = '-Wl,-z,initfirst';

/** Beside the sources and the output, for one target. */
export function crossFlags(target: GateTarget, include: string): string[] {
  const flags = [
    ...gateFlags(target.platform).filter((flag) => flag !== NOT_PASSED_ON),
    '-Werror',
    `-I${include}`,
  ];
  return target.platform === 'linux' ? [...flags, NO_VECTORS] : flags;
}

/** What a run of the compiler said; empty when all went well. */
export type CrossCompiler = (triple: string, args: readonly string[]) => string;

/**
 * Builds the gate into `directory`, beside its generated header.
 * @returns the library's path, and what the compiler said: warnings count as failures
 */
export function buildGateFor(
  target: GateTarget,
  directory: string,
  compile: CrossCompiler,
): { library: string; said: string } {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeGateHeaders(directory);
  const library = join(directory, target.library);
  const sources = gateSources(target.platform, target.arch);
  return {
    library,
    said: compile(target.triple, [...crossFlags(target, directory), '-o', library, ...sources]),
  };
}
