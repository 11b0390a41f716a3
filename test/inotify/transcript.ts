/**
 * Many scripts through one long-lived program: its output for each.
 *
 * A program that dies or hangs within a script costs that script alone: the rest goes to another program.
 */
import { fileURLToPath } from 'node:url';
import { compiled, type Ran } from '../support/session.ts';
import type { Case } from './corpus.ts';

export const watchscript = (): string =>
  compiled(fileURLToPath(new URL('programs/watchscript.c', import.meta.url)));

/** Runs the program with these lines as its input. */
export type Run = (input: string) => Promise<Ran>;

/** The lines of the `k`-th script. @param again its directories and setup exist already */
export const linesOf = ({ setup, script }: Case, k: number, again = false): string[] => [
  `${again ? 'again' : 'begin'} s${k}`,
  ...(again ? [] : setup),
  ...script,
  'end',
];

/**
 * The output, by case; `DIED …` ends the output of a script during which the program died.
 *
 * @param first number of the first script: unique within one root
 */
export async function transcripts(
  run: Run,
  cases: readonly Case[],
  { first = 0, again = false }: { readonly first?: number; readonly again?: boolean } = {},
): Promise<string[][]> {
  const said: string[][] = [];
  while (said.length < cases.length) {
    const from = said.length;
    const input = cases.slice(from).flatMap((one, i) => linesOf(one, first + from + i, again));
    const ran = await run(`${input.join('\n')}\n`);
    for (const part of ran.stdout.split(/^== s\d+\n/m).slice(1)) {
      const whole = part.endsWith('== end\n');
      const lines = part
        .replace(/== end\n$/, '')
        .split('\n')
        .filter(Boolean);
      if (!whole) lines.push(`DIED with status ${ran.status}: ${ran.stderr.trim().slice(-500)}`);
      said.push(lines);
    }
    if (said.length === from)
      said.push([
        `DIED before it began, status ${ran.status}: ${ran.stderr.slice(-500)} ${ran.stdout.slice(-500)}`,
      ]);
  }
  return said;
}

/** The same in several programs at once: closing an instance costs the kernel milliseconds. */
export async function inParts(
  run: Run,
  cases: readonly Case[],
  { parts = 4, ...how }: { readonly parts?: number; readonly again?: boolean } = {},
): Promise<string[][]> {
  const size = Math.ceil(cases.length / parts);
  const said = await Promise.all(
    Array.from({ length: parts }, (_, k) =>
      transcripts(run, cases.slice(k * size, (k + 1) * size), { first: k * size, ...how }),
    ),
  );
  return said.flat();
}

/** The events in the output. */
export const eventsOf = (said: readonly string[]): string[] =>
  said.filter((line) => line.startsWith('  ') && line !== '  .').map((line) => line.trim());

/** A difference for people: the common output before it, then each side's. Empty if there is none. */
export function difference(wanted: readonly string[], got: readonly string[]): string {
  if (wanted.length === got.length && wanted.every((line, i) => line === got[i])) return '';
  const at = wanted.findIndex((line, i) => line !== got[i]);
  const from = at < 0 ? wanted.length : at;
  return [
    ...got.slice(Math.max(0, from - 12), from).map((line) => `          ${line}`),
    ...wanted.slice(from, from + 14).map((line) => `kernel:   ${line}`),
    ...got.slice(from, from + 14).map((line) => `shimfs:   ${line}`),
  ].join('\n');
}
