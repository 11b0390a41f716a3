/** Python's watchdog, on tmpfs and in a session: the same script, the same report. */
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EngineError } from '../../injector/engine/frida-engine.ts';
import { ensureVenv } from '../../injector/engine/venv.ts';
import { looksOn, type Side, sides } from './sides.ts';

const watchdog = suite("Python's watchdog");
const LINES = [
  'echo hello > made',
  'echo more >> grown',
  'chmod 600 mode',
  'mv from to',
  'rm gone',
  'mv into sub/into',
  'echo n > .save.tmp; mv .save.tmp saved',
  'ln linked link; ln -s linked soft',
  'mkdir new',
  'echo x > new/f',
  'mkdir -p new/one/two/three; echo y > new/one/two/three/g',
  'mv olddir newdir',
  'echo z > newdir/h',
  'rmdir empty',
  'truncate -s 0 short',
  'cat grown > /dev/null',
];
const PREPARED = [
  'for f in grown mode from gone into saved linked short; do echo 1 > $f; done',
  'mkdir -p sub olddir empty; echo 1 > olddir/kept',
].join('; ');

/** Of a new file keeps the creation only: whether it watched a new directory in time to receive more is chance. */
function settled(lines: readonly string[]): string[] {
  const of = (line: string): string => line.replace(/^\w+ /, '');
  const came = new Set(lines.filter((line) => /^created .* file$/.test(line)).map(of));
  return [...new Set(lines)]
    .filter((line) => line.startsWith('created ') || !came.has(of(line)))
    .filter((line) => !/^(opened|closed_no_write) .*directory$|^modified \. /.test(line))
    .sort();
}

const venv = await ensureVenv({ name: 'watchdog', packages: ['watchdog==6.0.0'] }).catch((error) => {
  if (!(error instanceof EngineError)) throw error;
  // Its sentences are about the engine, which wants the same of Python.
  console.log(`skipped: Python's watchdog: ${error.message.replace('the Frida engine', 'it')}`);
  return undefined;
});

if (venv) {
  const { both, close } = await sides();
  watchdog.after(close);
  const program = fileURLToPath(new URL('watchers/tree_watcher.py', import.meta.url));

  watchdog('a tree', async () => {
    const report = async (side: Side): Promise<string[][]> => {
      const directory = await side.directory('tree');
      await side.run(`cd ${directory}; ${PREPARED}`);
      const follower = side.follow(venv.python, [program, directory]);
      await follower.until(/^ready$/);
      // It opens and reads new directories itself, at unspecified times.
      const said = await looksOn(side, follower, directory, LINES, {
        pattern: (name) => new RegExp(`^created ${name}`),
      });
      await follower.stop('SIGKILL');
      return said.map(settled);
    };
    const [kernels, ours] = await Promise.all(both.map(report));
    for (const [i, line] of LINES.entries()) assert.equal(ours![i], kernels![i], line);
    assert.ok(kernels!.flat().length > LINES.length, 'it said next to nothing');
  });
}

watchdog.run();
