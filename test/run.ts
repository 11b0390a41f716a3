/**
 * Runs every suite in a process of its own and counts: `npm test [-- part of a path…]`.
 *
 * The last line is `N passed, N failed`. A suite that dies before it says a number counts as one failure.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { buildAgent } from '../injector/build.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
/** A suite that runs longer hangs. */
const LIMIT_MS = 5 * 60_000;
const AT_ONCE = 2;

interface Outcome {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly output: string;
  readonly ms: number;
}

function suites(filters: readonly string[]): string[] {
  return readdirSync(HERE, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.test.ts'))
    .filter((name) => filters.length === 0 || filters.some((part) => name.includes(part)))
    .sort();
}

const strip = (text: string): string => stripVTControlCharacters(text);
/** uvu's own totals, summed if a file has several suites. */
const total = (text: string, word: string): number =>
  [...text.matchAll(new RegExp(`^\\s*${word}:\\s+(\\d+)`, 'gm'))].reduce(
    (sum, match) => sum + Number(match[1]),
    0,
  );

function run(file: string): Promise<Outcome> {
  const began = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', join(HERE, file)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, FORCE_COLOR: '0' },
      // A group of its own, so that a suite that hangs goes with all it started.
      detached: true,
    });
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    const limit = setTimeout(() => {
      output += `\nstill running after ${LIMIT_MS / 1000} s: killed`;
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    }, LIMIT_MS);
    child.on('close', (status) => {
      clearTimeout(limit);
      const text = strip(output);
      const passed = total(text, 'Passed');
      const failed = Math.max(total(text, 'Total') - passed, status === 0 ? 0 : 1);
      resolve({ file, passed, failed, output: text, ms: performance.now() - began });
    });
  });
}

function report({ file, passed, failed, output, ms }: Outcome): void {
  console.log(
    `${failed ? '✗' : '✓'} ${file.padEnd(52)} ${String(passed).padStart(4)} passed ${failed ? `${failed} failed ` : ''}${(ms / 1000).toFixed(1)} s`,
  );
  for (const line of output.split('\n'))
    if (/^(?:skipped\b|SKIP\b|coverage: )/.test(line)) console.log(`    ${line}`);
  if (failed) console.log(output.replaceAll(/^/gm, '    '));
}

await buildAgent();
const queue = suites(process.argv.slice(2));
const outcomes: Outcome[] = [];
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const outcome = await run(file);
      report(outcome);
      outcomes.push(outcome);
    }
  }),
);
const sum = (count: (one: Outcome) => number): number => outcomes.reduce((all, one) => all + count(one), 0);
const failed = sum((one) => one.failed);
console.log(`\n${relative(process.cwd(), HERE) || '.'}: ${outcomes.length} suites`);
console.log(`${sum((one) => one.passed)} passed, ${failed} failed`);
process.exitCode = failed === 0 && outcomes.length > 0 ? 0 : 1;
