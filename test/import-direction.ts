/**
 * Imports go one way: `agent → core ← injector`. And `core` knows neither Frida nor processes.
 *
 * `npm run imports` prints every breach and fails.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: ['core'],
  agent: ['agent', 'core'],
  injector: ['injector', 'core'],
};
/** Modules that a part must not touch, whatever it is for. */
const FORBIDDEN: Record<string, readonly RegExp[]> = {
  core: [/^(node:)?child_process$/, /^(node:)?cluster$/, /^frida/, /^koffi$/, /^hono/],
  agent: [/^node:/, /^koffi$/, /^rxjs/, /^memfs/],
};
const IMPORT = /(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g;

export function breaches(part: string): string[] {
  return readdirSync(join(ROOT, part), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => {
      const file = join(ROOT, part, name);
      return [...readFileSync(file, 'utf8').matchAll(IMPORT)].flatMap(([, target]) => {
        const where = `${part}/${name} imports ${target}`;
        if (target.startsWith('.')) {
          const top = relative(ROOT, resolve(dirname(file), target)).split('/')[0];
          return MAY_IMPORT[part].includes(top)
            ? []
            : [`${where}: ${part} may import ${MAY_IMPORT[part].join(' and ')} only`];
        }
        return (FORBIDDEN[part] ?? []).some((rule) => rule.test(target)) ? [`${where}: not in ${part}`] : [];
      });
    });
}

const found = Object.keys(MAY_IMPORT).flatMap(breaches);
for (const breach of found) console.error(breach);
console.log(
  found.length === 0
    ? 'imports: all in the right direction'
    : `imports: ${found.length} in the wrong direction`,
);
process.exitCode = found.length === 0 ? 0 : 1;
