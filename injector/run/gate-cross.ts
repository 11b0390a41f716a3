/**
 * Builds the gate for other machines, by a compiler that has their headers and libraries (`zig cc -target …`).
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type GatePlatform, gateFlags, gateSources, writeGateHeaders } from './gate-library.ts';

export interface GateTarget {
  /** The compiler's `-target`, with the oldest supported system. */
  readonly triple: string;
  readonly platform: GatePlatform;
  /** Node's name. */
  readonly arch: 'arm64' | 'x64';
  readonly library: string;
}

/** macOS 11 is the first for Arm, and the first with all functions that the gate replaces. */
export const GATE_TARGETS: readonly GateTarget[] = [
  { triple: 'x86_64-linux-gnu.2.36', platform: 'linux', arch: 'x64', library: 'libshimfs-gate.so' },
  { triple: 'aarch64-linux-gnu.2.36', platform: 'linux', arch: 'arm64', library: 'libshimfs-gate.so' },
  { triple: 'aarch64-macos.11.0', platform: 'darwin', arch: 'arm64', library: 'libshimfs-gate.dylib' },
  { triple: 'x86_64-macos.11.0', platform: 'darwin', arch: 'x64', library: 'libshimfs-gate.dylib' },
];

/** `zig cc` takes the machine's features from the target and ignores -mgeneral-regs-only; it respects this flag. */
const NO_VECTORS = '-mno-implicit-float';

/** zig does not pass this linker flag on. Without it the loader initialises the gate in its usual order. */
const NOT_PASSED_ON = '-Wl,-z,initfirst';

/** Compiler flags for a target, without sources and output. */
export function crossFlags(target: GateTarget, include: string): string[] {
  const flags = [
    ...gateFlags(target.platform).filter((flag) => flag !== NOT_PASSED_ON),
    '-Werror',
    `-I${include}`,
  ];
  return target.platform === 'linux' ? [...flags, NO_VECTORS] : flags;
}

/** Runs the compiler. @returns its messages; empty on success without warnings */
export type CrossCompiler = (triple: string, args: readonly string[]) => string;

/**
 * Builds the gate and its generated header in `directory`.
 * @returns the library's path, and the compiler's messages: warnings count as failures
 */
export function buildGateFor(
  target: GateTarget,
  directory: string,
  compile: CrossCompiler,
): { library: string; messages: string } {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeGateHeaders(directory);
  const library = join(directory, target.library);
  const sources = gateSources(target.platform, target.arch);
  return {
    library,
    messages: compile(target.triple, [...crossFlags(target, directory), '-o', library, ...sources]),
  };
}
