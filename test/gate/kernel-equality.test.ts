/** The kernel is the oracle: one script on a real tmpfs directory and on a virtual one, and equal results. */
import { mkdtempSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bare, compiled, TestSession } from '../support/session.ts';
import { scripts } from './scripts.ts';

const program = compiled(fileURLToPath(new URL('programs/ops.c', import.meta.url)));
const real = mkdtempSync('/dev/shm/shimfs-oracle-');
/** Of equal length, so that sizes of links with absolute targets are equal too. */
const mount = `/${'v'.repeat(real.length - 1)}`;
const session = await TestSession.open({ mounts: [mount] });

const equality = suite('kernel equality');
equality.after(async () => {
  await session.close();
  rmSync(real, { recursive: true, force: true });
});

const names = Object.keys(scripts);
const lines = (name: string): string[] =>
  scripts[name]!.split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
const input = names.map((name, i) => [`begin s${i}`, ...lines(name)].join('\n')).join('\n');

/** A run's output, by script. */
const sections = (stdout: string): string[] => stdout.split(/^== .*\n/m).slice(1);

const wanted = await bare(program, [real], { input });
const got = await session.run(program, [mount], { input });

equality('both runs go to their end', () => {
  assert.is(wanted.status, 0, wanted.stdout.slice(-300));
  assert.is(got.status, 0, `${got.stderr}\n${got.stdout.slice(-300)}`);
  assert.is(got.stderr, '');
});

names.forEach((name, i) => {
  equality(name, () => {
    const [ours, kernels] = [got, wanted].map((ran) => (sections(ran.stdout)[i] ?? '').split('\n'));
    assert.equal(ours!.length, kernels!.length, ours!.at(-2));
    const different = kernels!.flatMap((line, k) =>
      line === ours![k] ? [] : [`kernel: ${line}`, `shimfs: ${ours![k]}`],
    );
    assert.is(different.join('\n'), '', different.join('\n'));
  });
});

equality.run();
