/** The functions of the system that the gate stands before, by the names that programs use. */
import { readFileSync } from 'node:fs';
import { DARWIN_CALLS } from '../../core/gate/system-calls.ts';
import { DISPATCH, FSEVENTS, KQUEUE, namesOf } from '../../core/gate/system-functions.ts';
import { packageFile } from '../package-root.ts';

/** Functions that report changes, on every system. */
export const WATCH_NAMES: readonly string[] = namesOf([...KQUEUE, ...DISPATCH, ...FSEVENTS]);

/**
 * The symbols that the gate replaces on macOS: those of the table of calls, and the rest of the tuples, `MY(name)` and
 * `TUPLE(replacement, name)` in `table`. Each is the symbol that an `__asm` label in `declarations` gives a name, or its own.
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

/** On Linux file calls have no names: their instructions are replaced, which the gate proves at each start. */
export function hookedNames(platform: NodeJS.Platform = process.platform): string[] {
  if (platform !== 'darwin') return [...WATCH_NAMES];
  const source = (name: string): string => readFileSync(packageFile('agent', 'gate', 'darwin', name), 'utf8');
  const files = interposedNames(source('interpose.c'), source('native.h') + source('sys.h'));
  return [...new Set([...files.map((symbol) => symbol.slice(1)), ...WATCH_NAMES])];
}
