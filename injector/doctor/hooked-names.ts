/** Names of the system functions that the gate replaces. */
import { readFileSync } from 'node:fs';
import { DARWIN_CALLS } from '../../core/gate/system-calls.ts';
import { DISPATCH, FSEVENTS, KQUEUE, namesOf } from '../../core/gate/system-functions.ts';
import { packageFile } from '../package-root.ts';

/** Functions of the watching APIs, on every system. */
export const WATCH_NAMES: readonly string[] = namesOf([...KQUEUE, ...DISPATCH, ...FSEVENTS]);

/**
 * Symbols that the gate replaces on macOS: those of the table of calls, and the other tuples, `MY(name)` and
 * `TUPLE(replacement, name)` in `table`. The symbol is the `__asm` label of the name in `declarations`, or the name itself.
 * @returns symbols, with their leading underscore
 */
export function interposedNames(table: string, declarations: string): string[] {
  const labels = new Map(
    [...declarations.matchAll(/\b(\w+)\([^;]*?\)\s*__asm\("(_[^"]+)"\)/g)].map(([, name, symbol]) => [
      name as string,
      symbol as string,
    ]),
  );
  const begin = table.indexOf('tuples[] = {');
  const rows = table.slice(begin, table.indexOf('};', begin));
  const rest = [...rows.matchAll(/\bMY\((\w+)\)|\bTUPLE\(\w+, (\w+)\)/g)].map(
    (row) => (row[1] ?? row[2]) as string,
  );
  const replaced = [
    ...DARWIN_CALLS.filter((call) => !call.variadic).map((call) => call.native ?? call.name),
    ...rest,
    ...namesOf([...KQUEUE, ...DISPATCH]),
  ];
  return replaced.map((name) => labels.get(name) ?? `_${name}`);
}

/** Without the file calls on Linux: the gate replaces their instructions, and verifies that at each start. */
export function hookedNames(platform: NodeJS.Platform = process.platform): string[] {
  if (platform !== 'darwin') return [...WATCH_NAMES];
  const source = (name: string): string => readFileSync(packageFile('agent', 'gate', 'darwin', name), 'utf8');
  const files = interposedNames(source('interpose.c'), source('native.h') + source('sys.h'));
  return [...new Set([...files.map((symbol) => symbol.slice(1)), ...WATCH_NAMES])];
}
