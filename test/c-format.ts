/**
 * Whether the C files are formatted as .clang-format says. `--write` formats them.
 *
 * The formatter is the `clang-format` wheel of PyPI, in a private virtual environment.
 */
import { spawnSync } from 'node:child_process';
import { ensureVenv } from '../injector/engine/venv.ts';

const PACKAGE = 'clang-format==23.1.5';
/** Headers that stand for Apple's keep their layout. */
const EXCEPT = /^fixtures\/darwin\/include\//;

const listed = spawnSync('git', ['ls-files', '*.c', '*.h'], { encoding: 'utf8' });
const files = listed.stdout.split('\n').filter((file) => file !== '' && !EXCEPT.test(file));

/** A Python that has the formatter. */
async function formatter(): Promise<string | undefined> {
  try {
    const { python } = await ensureVenv({ name: 'clang-format', packages: [PACKAGE] });
    return python;
  } catch (error) {
    console.log(`skipped: the format of C is not checked, ${(error as Error).message}`);
    return undefined;
  }
}

const program = files.length > 0 ? await formatter() : undefined;
if (files.length === 0) console.log('skipped: the format of C is not checked, git lists no files here');
if (program !== undefined) {
  const how = process.argv.includes('--write') ? ['-i'] : ['--dry-run', '--Werror'];
  const run = spawnSync(
    program,
    ['-c', 'from clang_format import clang_format; clang_format()', ...how, ...files],
    { encoding: 'utf8' },
  );
  process.stderr.write(run.stderr ?? String(run.error));
  if (run.status !== 0) console.error('C files are not formatted: npm run format formats them');
  else console.log(`C: ${files.length} files formatted`);
  process.exitCode = run.status ?? 1;
}
