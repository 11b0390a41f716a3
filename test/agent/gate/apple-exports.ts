/** Names that a library exports, by machine, out of Apple's text stub (.tbd, version 4). */

/** Symbols of `arch` (`arm64` or `x86_64`), as the linker sees them: with their leading underscore. */
export function exportedSymbols(stub: string, arch: string): Set<string> {
  const found = new Set<string>();
  const machine = new RegExp(`\\b${arch}e?(?:\\.x1)?-macos`);
  for (const group of stub.split(/-\s+targets:\s*/).slice(1)) {
    if (!machine.test(group.slice(0, group.indexOf(']')))) continue;
    for (const list of group.matchAll(/\bsymbols:\s*\[([^\]]*)\]/g))
      for (const name of (list[1] as string).split(',')) found.add(name.trim().replace(/^'|'$/g, ''));
  }
  return found;
}

/**
 * The names in an interposing table: `MY(name)` and `TUPLE(replacement, name)`, each by the symbol that an `__asm`
 * label in `declarations` gives it, or its own.
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
