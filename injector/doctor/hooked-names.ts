/** The functions of the system that the gate stands before, by the names that programs use. */
import { readFileSync } from 'node:fs';
import { FSEVENTS_FUNCTIONS } from '../../core/fsevents-functions.ts';
import { packageFile } from '../package-root.ts';

const KQUEUE = ['kqueue', 'guarded_kqueue_np', 'kevent', 'kevent64', 'kevent_qos'];
const DISPATCH = [
  'dispatch_source_create',
  'dispatch_source_get_handle',
  'dispatch_source_get_mask',
  'dispatch_source_cancel',
  'dispatch_activate',
  'dispatch_resume',
  'dispatch_suspend',
];
/** Of the functions that tell of changes, on every system. */
export const WATCH_NAMES: readonly string[] = [...KQUEUE, ...DISPATCH, ...FSEVENTS_FUNCTIONS];

/**
 * The names in an interposing table: `MY(name)` and `TUPLE(replacement, name)`, each by the symbol that an `__asm`
 * label in `declarations` gives it, or its own.
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
  return [...rows.matchAll(/\bMY\((\w+)\)|\bTUPLE\(\w+, (\w+)\)/g)].map((row) => {
    const name = (row[1] ?? row[2]) as string;
    return labels.get(name) ?? `_${name}`;
  });
}

/** On Linux file calls have no names: their instructions are replaced, which the gate proves at each start. */
export function hookedNames(platform: NodeJS.Platform = process.platform): string[] {
  if (platform !== 'darwin') return [...WATCH_NAMES];
  const source = (name: string): string => readFileSync(packageFile('agent', 'gate', 'darwin', name), 'utf8');
  const files = interposedNames(source('interpose.c'), source('native.h') + source('sys.h'));
  return [...new Set([...files.map((symbol) => symbol.slice(1)), ...WATCH_NAMES])];
}
