/**
 * `npm run prose`: rates of filler words in comments and documents, by part of the tree. Fails above a ceiling.
 *
 * Lower a ceiling whenever the total is below it, so that the rates only fall.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { excesses, FAMILIES, NAMES, proseOf, type Rates, rates, sum, type Tally, tally } from './prose.ts';

/** Per 1,000 words, over the whole tree. Targets are those of jimfs, memfs, zen-fs, libkqueue and fsnotify. */
const CEILINGS: Rates = { told: 0.2, who: 1.1, what: 0.6, one: 6.1 };
const TARGETS: Rates = { told: 0.2, who: 0, what: 0.8, one: 3 };

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const PARTS = ['core', 'agent', 'injector', 'fixtures', 'test', 'docs'];
/** `fixtures/build` holds compiled programs. */
const files = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...PARTS.flatMap((part) =>
    readdirSync(join(ROOT, part), { recursive: true }).map((name) => `${part}/${name}`),
  ),
].filter((path) => /\.([cm]?[tj]s|[chS]|py|md)$/.test(path) && !path.startsWith('fixtures/build/'));

/** `agent/gate` apart from the agent; every document together. */
function partOf(path: string): string {
  if (path.endsWith('.md')) return 'documents';
  return path.startsWith('agent/gate/') ? 'agent/gate' : path.split('/')[0];
}

const parts = new Map<string, Tally[]>();
for (const path of files) {
  const prose = proseOf(path, readFileSync(join(ROOT, path), 'utf8'));
  if (prose === undefined) continue;
  const part = partOf(path);
  parts.set(part, [...(parts.get(part) ?? []), tally(prose)]);
}

const row = (label: string, cells: readonly string[]): void =>
  console.log(`  ${label.padEnd(12)}${cells.map((cell) => cell.padStart(9)).join('')}`);
const figures = (each: Rates): string[] => NAMES.map((name) => each[name].toFixed(2));

console.log('prose: occurrences per 1,000 words of comments and documents');
row('', [...NAMES.map((name) => FAMILIES[name][0]), 'words']);
for (const [part, tallies] of [...parts].sort(([a], [b]) => a.localeCompare(b))) {
  const total = sum(tallies);
  row(part, [...figures(rates(total)), String(total.words)]);
}
const whole = sum([...parts.values()].flat());
row('total', [...figures(rates(whole)), String(whole.words)]);
row('ceiling', figures(CEILINGS));
row('target', figures(TARGETS));

const failures = excesses(rates(whole), CEILINGS);
for (const failure of failures) console.error(failure);
process.exitCode = failures.length === 0 ? 0 : 1;
