/** tail -F and entr, on tmpfs and in a session: the same script, the same report, without polling. */
import { readdirSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { installed } from '../support/tools.ts';
import type { Follower } from './follower.ts';
import { type Side, sides } from './sides.ts';

/** Watches of the file and of its directory. */
const WATCHES = 2;
const followers = suite('tail -F and entr');
const { both, close } = await sides();
followers.after(close);

/** Number of watches in its inotify instances, from /proc. */
function watchCount({ child }: Follower): number {
  const fds = `/proc/${child.pid}/fdinfo`;
  try {
    const infos = readdirSync(fds).map((fd) => readFileSync(`${fds}/${fd}`, 'utf8'));
    return infos.join('\n').match(/^inotify wd:/gm)?.length ?? 0;
  } catch {
    return 0; // a descriptor was closed meanwhile
  }
}

async function equal(ask: (side: Side) => Promise<unknown>): Promise<void> {
  const [kernels, ours] = await Promise.all(both.map(ask));
  assert.equal(ours, kernels);
}

/** A tail that would poll only after an hour. */
async function tail(
  side: Side,
  name: string,
): Promise<[Follower, (line: string, said: RegExp) => Promise<string[]>]> {
  const directory = await side.directory(name);
  await side.run(`printf 'one\\ntwo\\n' > ${directory}/log; echo > ${directory}/other`);
  const follower = side.follow('tail', ['-F', '-s', '3600', '-n', '+1', `${directory}/log`]);
  await follower.until(/^two$/);
  while (watchCount(follower) < WATCHES) await side.run(':');
  const then = async (line: string, said: RegExp): Promise<string[]> => {
    await side.run(`cd ${directory} && { ${line}; }`);
    return (await follower.until(said)).map((one) => one.replaceAll(directory, '@'));
  };
  return [follower, then];
}

/** tail reports about the file on another pipe than the file's lines, so their order is unspecified. */
const together = (said: readonly (readonly string[])[]): string[] => said.flat().sort();

// Between its first look and its watch tail looks once more: lines written meanwhile are not lost, on either side.
followers('tail -F: appended lines', () =>
  equal(async (side) => {
    const [follower, then] = await tail(side, 'append');
    const said = [
      await then('echo three >> log', /^three$/),
      await then("printf 'four\\nfive\\n' >> log", /^five$/),
      await then('echo unrelated >> other; echo six >> log', /^six$/),
      await then('{ echo seven; echo eight; echo nine; } >> log', /^nine$/),
    ];
    return [together(said), await follower.stop()];
  }),
);

followers('tail -F: truncation', () =>
  equal(async (side) => {
    const [follower, then] = await tail(side, 'truncate');
    const said = [
      await then(': > log', /truncated/),
      await then('echo new >> log', /^new$/),
      await then('truncate -s 0 log', /truncated/),
      await then('echo newer >> log', /^newer$/),
    ];
    return [together(said), await follower.stop()];
  }),
);

followers('tail -F: rotation by rename', () =>
  equal(async (side) => {
    const [follower, then] = await tail(side, 'rotate');
    const said = [
      await then('mv log log.1', /inaccessible|No such/),
      await then('echo fresh > log', /^fresh$/),
      await then('echo more >> log', /^more$/),
      await then('mv log log.2', /inaccessible|No such/),
      await then('echo again > log.new; mv log.new log', /^again$/),
      await then('echo last >> log', /^last$/),
    ];
    return [together(said), await follower.stop()];
  }),
);

followers('tail -F: removed and created again', () =>
  equal(async (side) => {
    const [follower, then] = await tail(side, 'remove');
    const said = [
      await then('rm log', /inaccessible|No such/),
      await then('echo back > log', /^back$/),
      await then('echo more >> log', /^more$/),
    ];
    return [together(said), await follower.stop()];
  }),
);

followers('tail -F: replaced in one step', () =>
  equal(async (side) => {
    const [follower, then] = await tail(side, 'replace');
    const said = [
      await then('echo replaced > log.new; mv log.new log', /^replaced$/),
      await then('echo more >> log', /^more$/),
    ];
    return [together(said), await follower.stop()];
  }),
);

followers('tail -F: two files', () =>
  equal(async (side) => {
    const directory = await side.directory('two');
    await side.run(`cd ${directory}; echo a > a; echo b > b`);
    const follower = side.follow('tail', ['-F', '-s', '3600', '-q', `${directory}/a`, `${directory}/b`]);
    await follower.until(/^b$/);
    while (watchCount(follower) < 3) await side.run(':');
    await side.run(`cd ${directory}; echo a2 >> a`);
    await follower.until(/^a2$/);
    await side.run(`cd ${directory}; rm b`);
    await follower.until(/inaccessible|No such/);
    await side.run(`cd ${directory}; echo b2 > b`);
    await follower.until(/^b2$/);
    return [follower.lines.map((line) => line.replaceAll(directory, '@')), await follower.stop()];
  }),
);

if (installed('entr', 'entr', 'entr')) {
  /** After a run it ignores events for some milliseconds: wait until it polls without timeout again. */
  const waits = async (side: Side, { child }: Follower): Promise<void> => {
    while (!/^7 0x\w+ 0x1 0xf{8,16} /.test(readFileSync(`/proc/${child.pid}/syscall`, 'utf8')))
      await side.run(':');
  };
  /** @returns an entr that watches three files and their directories */
  const entr = async (side: Side, name: string, ...options: string[]): Promise<[Follower, string]> => {
    const directory = await side.directory(name);
    await side.run(`cd ${directory}; echo 1 > a; echo 1 > b; mkdir sub; echo 1 > sub/c`);
    const follower = side.follow('entr', ['-n', ...options, 'echo', 'ran', '/_']);
    follower.child.stdin!.end(['a', 'b', 'sub/c'].map((file) => `${directory}/${file}\n`).join(''));
    if (!options.includes('-p')) await follower.until(/^ran/);
    return [follower, directory];
  };
  const plain = (lines: readonly string[], directory: string) =>
    lines.map((line) => line.replaceAll(directory, '@'));

  followers('entr runs again for each change', () =>
    equal(async (side) => {
      const [follower, directory] = await entr(side, 'entr');
      const said: string[][] = [];
      for (const line of ['echo 2 > b', 'echo 3 >> sub/c', 'touch a', 'echo n > n; mv n a', 'echo 4 > a']) {
        await waits(side, follower);
        await side.run(`cd ${directory} && { ${line}; }`);
        said.push(plain(await follower.until(/^ran/), directory));
      }
      return [together(said), await follower.stop()];
    }),
  );

  followers('entr -p -z waits for the first change, and ends with it', () =>
    equal(async (side) => {
      const [follower, directory] = await entr(side, 'later', '-p', '-z');
      await waits(side, follower);
      await side.run(`cd ${directory}; echo 2 > b`);
      const status = await follower.ended;
      return [plain(follower.lines, directory), status];
    }),
  );

  followers('entr -d ends when a file is added to a directory', () =>
    equal(async (side) => {
      const [follower, directory] = await entr(side, 'added', '-d');
      await waits(side, follower);
      await side.run(`cd ${directory}; echo > new`);
      const status = await follower.ended;
      return [plain(follower.lines, directory), status];
    }),
  );
}

followers.run();
