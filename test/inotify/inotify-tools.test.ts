/** inotifywait and inotifywatch, on tmpfs and in a session: the same script, the same report. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { installed } from '../support/tools.ts';
import { type Follower, idle } from './follower.ts';
import { looksOn, type Side, sides } from './sides.ts';

const tools = suite('inotify-tools');
const PREPARED = 'mkdir -p sub/deep; echo old > old; echo other > sub/other; ln -s old link';

const LINES = [
  'echo hello > a',
  'echo more >> old',
  'cat old > /dev/null',
  'chmod 600 old; touch -d @1000 old',
  'mv a b',
  'mv b sub/b',
  'mv sub/b sub/deep/c',
  'cp old copy',
  'ln old hard; ln -s old soft; rm soft',
  'echo n > .old.tmp; mv .old.tmp old',
  'mkdir new',
  'echo x > new/f',
  'mkdir new/more',
  'echo y > new/more/g; rm new/more/g',
  'mv new moved',
  'echo z > moved/h',
  'mv moved sub/moved',
  'echo z >> sub/moved/h',
  // Not rm -r: the order in which a directory is listed is unspecified.
  'cd sub/moved; rm f h; rmdir more; cd ..; rmdir moved',
  'truncate -s 100 old; truncate -s 0 old',
  'ls > /dev/null; ls sub > /dev/null',
  'rm sub/deep/c sub/other; rmdir sub/deep sub',
  'rm old hard copy link',
];

async function ready(
  side: Side,
  name: string,
  args: readonly string[],
  where = '',
): Promise<[Follower, string]> {
  const directory = await side.directory(name);
  await side.run(`cd ${directory} && { ${PREPARED}; }`);
  const follower = side.follow('inotifywait', ['-m', ...args, `${directory}${where}`]);
  await follower.until(/Watches established/);
  return [follower, directory];
}

async function report(side: Side, name: string, args: readonly string[]): Promise<string[][]> {
  const [follower, directory] = await ready(side, name, ['--format', '%e %w%f', ...args]);
  const said = await looksOn(side, follower, directory, LINES);
  await follower.stop();
  // Equal events are merged or not, depending on when it reads.
  return said.map((lines) => lines.filter((line, i) => line !== lines[i - 1]));
}

if (installed('inotifywait', 'inotify-tools', 'inotifywait and inotifywatch')) {
  const { both, close } = await sides();
  tools.after(close);
  const equal = async (ask: (side: Side) => Promise<readonly string[][]>): Promise<void> => {
    const [kernels, ours] = await Promise.all(both.map(ask));
    for (const [i, line] of LINES.entries()) assert.equal(ours![i], kernels![i], line);
    assert.ok(kernels!.flat().length > 10, 'it said next to nothing');
  };

  tools('inotifywait -m hears all events of a directory', () => equal((side) => report(side, 'all', [])));

  // It opens and reads directories itself, at unspecified times.
  const changes = 'create,delete,modify,attrib,move,close_write,move_self,delete_self';
  tools('inotifywait -m -r hears all changes of a tree', () =>
    equal((side) => report(side, 'tree', ['-r', '-e', changes])),
  );

  tools('inotifywait -m -r --exclude', () =>
    equal((side) => report(side, 'exclude', ['-r', '-e', changes, '--exclude', 'deep|copy'])),
  );

  tools('inotifywait waits for one event and ends', async () => {
    const ends = both.map(async (side) => {
      const directory = await side.directory('one');
      await side.run(`echo x > ${directory}/f`);
      const follower = side.follow('inotifywait', ['-e', 'close_write', '--format', '%e %f', directory]);
      await follower.until(/Watches established/);
      await side.run(`cat ${directory}/f; echo y >> ${directory}/f`.replace('cat', 'true'));
      return [(await follower.until(/CLOSE_WRITE/)).at(-1), await follower.ended];
    });
    const [kernels, ours] = await Promise.all(ends);
    assert.equal(ours, kernels);
    assert.equal(ours, ['CLOSE_WRITE,CLOSE f', 0]);
  });

  tools('inotifywait of a file, of a missing path, and without an event in time', async () => {
    const answers = both.map(async (side) => {
      const directory = await side.directory('odd');
      await side.run(`echo x > ${directory}/f`);
      const missing = side.follow('inotifywait', ['-q', `${directory}/none`]);
      const late = side.follow('inotifywait', ['-q', '-t', '1', `${directory}/f`]);
      const file = side.follow('inotifywait', ['-m', '--format', '%e %w%f', `${directory}/f`]);
      await file.until(/Watches established/);
      await side.run(`echo y >> ${directory}/f; mv ${directory}/f ${directory}/g; rm ${directory}/g`);
      const told = await file.until(/DELETE_SELF|IGNORED/);
      const plain = (lines: readonly string[]) => lines.map((line) => line.replaceAll(directory, '@'));
      return [await missing.ended, plain(missing.lines), await late.ended, plain(told), await file.stop()];
    });
    const [kernels, ours] = await Promise.all(answers);
    assert.equal(ours, kernels);
  });

  tools('inotifywatch -r counts the same', async () => {
    const counts = both.map(async (side) => {
      const directory = await side.directory('count');
      await side.run(`cd ${directory} && { ${PREPARED}; }`);
      const follower = side.follow('inotifywatch', ['-r', '-e', changes, directory]);
      await follower.until(/Finished establishing watches/);
      // The kernel merges equal events that are not read yet: each command waits until those of the last are counted.
      for (const command of LINES.slice(0, 10).flatMap((line) => line.split('; '))) {
        await side.run(`cd ${directory} && { ${command}\n}`);
        await idle(follower.child.pid!);
      }
      await follower.stop('SIGINT');
      return follower.lines
        .filter((line) => /^\d|^total/.test(line))
        .map((line) => line.replace(directory, '@'));
    });
    const [kernels, ours] = await Promise.all(counts);
    assert.equal(ours, kernels);
    assert.ok(kernels!.length > 1, 'it counted nothing');
  });
}

tools.run();
