/**
 * The watch scripts, as data: `corpus/THEME.watch`.
 *
 * A case is a line that begins with its name and a colon, and the indented lines below it; `;` separates the lines of a
 * script, whose language is described in programs/watchscript.c. Lines before `---` are run before any watch is set.
 * A line `> …` is the expected result of the `drain` before it, on every system: the kernel is the reference, so most
 * cases need none. `#` begins a comment.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Case {
  readonly theme: string;
  readonly name: string;
  /** Lines run before any watch is set. */
  readonly setup: readonly string[];
  readonly script: readonly string[];
  /** The expected events written in the corpus, of all drains; undefined if there are none. */
  readonly expected?: readonly string[];
}

const DIRECTORY = new URL('corpus/', import.meta.url);

/** @throws Error with file and line if a line belongs to no case */
export function parse(theme: string, text: string): Case[] {
  const cases: { name: string; lines: string[]; expected: string[] }[] = [];
  text.split('\n').forEach((line, i) => {
    if (/^\s*(#|$)/.test(line)) return;
    const head = /^(\S.*?):(?:\s+(.*))?$/.exec(line);
    const current = cases.at(-1);
    if (head) cases.push({ name: head[1]!, lines: split(head[2] ?? ''), expected: [] });
    else if (!current || !/^\s/.test(line)) throw new Error(`${theme}.watch:${i + 1}: no case: ${line}`);
    else if (line.trim().startsWith('>')) current.expected.push(line.trim().slice(1).trim());
    else current.lines.push(...split(line));
  });
  return cases.map(({ name, lines, expected }) => {
    const at = lines.indexOf('---');
    return {
      theme,
      name,
      setup: lines.slice(0, Math.max(at, 0)),
      script: lines.slice(at + 1),
      expected: expected.length > 0 ? expected : undefined,
    };
  });
}

const split = (text: string): string[] =>
  text
    .split(';')
    .map((part) => part.trim())
    .filter(Boolean);

/** Every theme's cases. @throws Error if two have the same name */
export function corpus(): Case[] {
  const all = readdirSync(DIRECTORY)
    .filter((file) => file.endsWith('.watch'))
    .sort()
    .flatMap((file) =>
      parse(file.replace('.watch', ''), readFileSync(fileURLToPath(new URL(file, DIRECTORY)), 'utf8')),
    );
  const names = new Set<string>();
  for (const { theme, name } of all) {
    if (names.has(`${theme}: ${name}`)) throw new Error(`two cases are called '${name}' in ${theme}.watch`);
    names.add(`${theme}: ${name}`);
  }
  return all;
}
