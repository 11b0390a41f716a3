/** The package's own directory, for code run from the sources and from dist/. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function find(): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); at !== dirname(at); at = dirname(at)) {
    const manifest = join(at, 'package.json');
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === 'shimfs') return at;
  }
  throw new Error(
    `no package.json of shimfs in or above ${dirname(fileURLToPath(import.meta.url))}: install the package again`,
  );
}

export const PACKAGE_ROOT = find();
export const packageFile = (...parts: string[]): string => join(PACKAGE_ROOT, ...parts);
