/** The bench's C programs, compiled on demand and cached by content. */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { buildFixtures, includeDirectory } from '../../fixtures/build.ts';
import { cacheDirectory } from '../../injector/engine/venv.ts';
import { packageFile } from '../../injector/package-root.ts';

const COMPILER = process.env.CC || 'cc';
const FLAGS = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-D_GNU_SOURCE'];
/** Programs that watch by kqueue or FSEvents. */
const DARWIN = new Set(['kwatch', 'manyfds', 'streams']);

/** The path of the program compiled from test/bench/programs/NAME.c. @throws Error with the compiler's message */
export function program(name: string): string {
  const directory = packageFile('test', 'bench', 'programs');
  const source = join(directory, `${name}.c`);
  const flags = [...FLAGS];
  const libraries: string[] = [];
  if (DARWIN.has(name)) {
    const built = buildFixtures().directory;
    flags.push(`-I${includeDirectory}`);
    libraries.push(`-L${built}`, '-ldarwin', `-Wl,-rpath,${built}`);
  }
  const hash = createHash('sha256').update([COMPILER, ...flags, ...libraries].join('\0'));
  for (const file of [source, join(directory, 'bench.h')]) hash.update(readFileSync(file));
  const cache = join(cacheDirectory(), 'bench');
  const output = join(cache, `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(output)) return output;
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const draft = `${output}.${randomBytes(4).toString('hex')}`;
  execFileSync(COMPILER, [...flags, '-o', draft, source, ...libraries], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  renameSync(draft, output);
  return output;
}
