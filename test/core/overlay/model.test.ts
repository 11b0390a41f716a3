/** Any series of operations does to an overlay what it does to a copy of the real directory, which stays unchanged. */
import * as realFs from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FsCore } from '../../../core/index.ts';
import { directory, fingerprint, type Plan, plant, tree } from './trees.ts';

const PLAN: Plan = {
  a: 'one\n',
  'd/b': 'two\n',
  'd/e/c': 'three\n',
  'd/l': { to: 'b' },
  'f/': '',
};
const NAMES = ['a', 'b', 'd', 'd/b', 'd/e', 'd/e/c', 'd/l', 'd/n', 'f', 'f/a', 'n', 'n/e'];

type Fs = Pick<
  typeof realFs,
  | 'appendFileSync'
  | 'chmodSync'
  | 'mkdirSync'
  | 'renameSync'
  | 'rmdirSync'
  | 'rmSync'
  | 'symlinkSync'
  | 'truncateSync'
  | 'unlinkSync'
  | 'writeFileSync'
>;

const STEPS = {
  write: (fs: Fs, at: string, _: string, n: number) => fs.writeFileSync(at, `w${n}`),
  append: (fs: Fs, at: string, _: string, n: number) => fs.appendFileSync(at, `+${n}`),
  truncate: (fs: Fs, at: string, _: string, n: number) => fs.truncateSync(at, n % 4),
  unlink: (fs: Fs, at: string) => fs.unlinkSync(at),
  rmdir: (fs: Fs, at: string) => fs.rmdirSync(at),
  remove: (fs: Fs, at: string) => fs.rmSync(at, { recursive: true, force: true }),
  mkdir: (fs: Fs, at: string) => fs.mkdirSync(at),
  rename: (fs: Fs, at: string, to: string) => fs.renameSync(at, to),
  symlink: (fs: Fs, at: string, _: string, n: number) => fs.symlinkSync(`t${n}`, at),
  chmod: (fs: Fs, at: string, _: string, n: number) => fs.chmodSync(at, n % 2 ? 0o700 : 0o751),
} as const;
type Step = { op: keyof typeof STEPS; path: string; to: string; n: number };

const steps = fc.array(
  fc.record<Step>({
    op: fc.constantFrom(...(Object.keys(STEPS) as (keyof typeof STEPS)[])),
    path: fc.constantFrom(...NAMES),
    to: fc.constantFrom(...NAMES),
    n: fc.nat(9),
  }),
  { maxLength: 14 },
);

function outcome(fs: Fs, root: string, { op, path, to, n }: Step): string {
  try {
    STEPS[op](fs, join(root, path), join(root, to), n);
    return 'ok';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

const model = suite('overlay model');

function run(script: readonly Step[]) {
  const [lower, copy] = [directory(), directory()];
  plant(lower, PLAN);
  plant(copy, PLAN);
  const core = new FsCore({ overlays: [lower] });
  const before = fingerprint(lower);
  for (const step of script)
    assert.is(
      outcome(core.fs as unknown as Fs, lower, step),
      outcome(realFs, copy, step),
      JSON.stringify(step),
    );
  return { core, lower, copy, before };
}
const forget = (...paths: string[]): void => {
  for (const path of paths) realFs.rmSync(path, { recursive: true });
};

model('an overlay equals a copy, and the real directory is unchanged', () => {
  fc.assert(
    fc.property(steps, (script) => {
      const { core, lower, copy, before } = run(script);
      assert.equal(tree(lower, core.fs as never), tree(copy));
      assert.is(fingerprint(lower), before);
      core.discardBranch('main');
      assert.equal(tree(lower, core.fs as never), tree(lower));
      core.close();
      forget(lower, copy);
    }),
    { numRuns: 150 },
  );
});

model('a commit makes the real directory equal to the copy, and leaves no change', () => {
  fc.assert(
    fc.property(steps, steps, (script, more) => {
      const { core, lower, copy } = run(script);
      for (const again of [[], more]) {
        for (const step of again)
          assert.is(outcome(core.fs as unknown as Fs, lower, step), outcome(realFs, copy, step));
        const { failed, conflicts } = core.commitOverlays('main');
        assert.equal([failed, conflicts], [[], []]);
        assert.equal(tree(lower), tree(copy));
        assert.equal(tree(lower, core.fs as never), tree(copy));
        assert.equal(
          core.overlayChanges('main').map(({ kind, path }) => `${kind} ${path}`),
          [],
        );
      }
      core.close();
      forget(lower, copy);
    }),
    { numRuns: 150 },
  );
});

model.run();
