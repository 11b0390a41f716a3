/**
 * A C compiler for other machines: `zig cc`, from the `ziglang` wheel, in a private virtual environment.
 *
 * The wheel brings Apple's own headers and library stubs, so statements about Darwin can be tested without a Mac.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory, ensureVenv } from '../../injector/engine/venv.ts';

export interface Zig {
  /** Runs `zig cc -target TARGET ...`. Returns its messages: empty on success without warnings. */
  compile(target: string, args: readonly string[]): string;
  /** Text of Apple's stub of libSystem, with the exports for each machine. */
  libSystem(): string;
}

const PACKAGE = 'ziglang==0.17.1';

/** The compiler, or the reason for its absence, as text for the list of skipped tests. */
export async function findZig(): Promise<Zig | string> {
  try {
    const { python } = await ensureVenv({ name: 'zig', packages: [PACKAGE] });
    return { compile: (target, args) => compile(python, target, args), libSystem: () => libSystem(python) };
  } catch (error) {
    return (error as Error).message;
  }
}

function compile(python: string, target: string, args: readonly string[]): string {
  const run = spawnSync(python, ['-m', 'ziglang', 'cc', '-target', target, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ZIG_GLOBAL_CACHE_DIR: join(cacheDirectory(), 'zig') },
    timeout: 300_000,
  });
  if (run.error) return run.error.message;
  return run.status === 0 ? '' : run.stderr || `status ${run.status}`;
}

function libSystem(python: string): string {
  const where = 'import os, ziglang; print(os.path.dirname(ziglang.__file__), end="")';
  const directory = execFileSync(python, ['-c', where], { encoding: 'utf8' });
  return readFileSync(join(directory, 'lib', 'libc', 'darwin', 'libSystem.tbd'), 'utf8');
}
