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

export { interposedNames } from '../../../injector/doctor/hooked-names.ts';
