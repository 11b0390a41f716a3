/**
 * The watch scripts, as data: `corpus/THEME.watch`.
 *
 * A case is a line that begins with its name and a colon, and the indented lines below it; `;` parts the lines of a
 * script, whose language is told in programs/watchscript.c. What stands before `---` is set up before anybody
 * watches. A line `> …` says what the `drain` before it must have given, on every system: the kernel is asked anyway,
 * so that most cases need none. `#` begins a comment.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Case {
  readonly theme: string;
  readonly name: string;
  /** Made before anybody watches. */
  readonly setup: readonly string[];
  readonly script: readonly string[];
  /** The events that somebody wrote down, of all drains; undefined where nobody did. */
  readonly expected?: readonly string[];
}

const DIRECTORY = new URL('corpus/', import.meta.url);

/** @throws Error with file and line, when a line is no part of a case */
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

/** Every theme's cases. @throws Error when two have one name */
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
