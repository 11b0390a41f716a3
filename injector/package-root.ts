/** Where this package's own files are, from its sources as from its build. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function find(): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); at !== dirname(at); at = dirname(at)) {
    const manifest = join(at, 'package.json');
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === 'shimfs') return at;
  }
  throw new Error('the files of the shimfs package cannot be found: install it again');
}

export const PACKAGE_ROOT = find();
export const packageFile = (...parts: string[]): string => join(PACKAGE_ROOT, ...parts);
