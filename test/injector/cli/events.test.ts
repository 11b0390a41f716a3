/** `shimfs events`: its output, its beginning, and its end. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Command, ended, lines, stop } from './command.ts';

const test = suite('events');
const shimfs = await Command.prepare();

interface Line {
  id: number;
  kind: string;
  path: string;
  from?: string;
  ino: number;
  pid: number;
  branch: string;
  time: number;
  type: string;
  nlink: number;
  detail: string[];
}

const parse = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

async function withHost(
  name: string,
  body: (run: (line: string, input?: string) => ReturnType<Command['run']>) => Promise<void>,
) {
  const host = await shimfs.host(name);
  try {
    await body((line, input) => shimfs.run([...line.split(' '), '--session', name], input));
  } finally {
    await stop(host);
  }
}

test('every field, the id to go on from, and people’s lines', () =>
  withHost('fields', async (run) => {
    await run('fs write /v/a', 'text');
    await run('fs mv /v/a /v/b');
    await run('fs chmod 600 /v/b');
    const all = parse((await run('events --json')).text);
    assert.equal(
      all.map(({ kind, path, from, detail }) => [kind, from, path, detail]),
      [
        ['Created', undefined, '/v/a', []],
        ['Modified', undefined, '/v/a', ['Extended']],
        ['Renamed', '/v/a', '/v/b', []],
        ['Attrib', undefined, '/v/b', ['Mode']],
      ],
    );
    for (const { id, ino, pid, branch, time, type, nlink } of all)
      assert.equal(
        [id > 0, ino, pid, branch, Math.abs(time - Date.now()) < 60_000, type, nlink],
        [true, all[0]!.ino, 0, 'main', true, 'file', 1],
      );
    assert.equal(
      parse((await run(`events --json --since ${all[1]!.id}`)).text).map(({ id }) => id),
      [all[2]!.id, all[3]!.id],
    );
    assert.is((await run(`events --since ${all[3]!.id}`)).text, '');
    assert.match((await run('events')).text, /main Renamed {2}\/v\/a -> \/v\/b ino=\d+ pid=0\n/);
  }));

test('an event has the program’s pid', () =>
  withHost('pids', async (run) => {
    const { text } = await shimfs.run([
      'run',
      '--session',
      'pids',
      '--',
      'sh',
      '-c',
      'echo $$; : > /v/by-shell',
    ]);
    const [created] = parse((await run('events --json')).text);
    assert.is(created!.path, '/v/by-shell');
    assert.is(created!.pid, Number(text));
  }));

test('--follow: the past, then the present, until the host goes', async () => {
  const host = await shimfs.host('follow');
  const run = (line: string, input?: string) =>
    shimfs.run([...line.split(' '), '--session', 'follow'], input);
  await run('fs mkdir /v/before');
  const child = shimfs.start(['events', '--session', 'follow', '--since', '0', '--follow', '--json']);
  const end = ended(child);
  const next = lines(child);
  assert.is(JSON.parse((await next())!).path, '/v/before');
  await run('fs mkdir /v/after');
  assert.is(JSON.parse((await next())!).path, '/v/after');
  await stop(host);
  assert.is(await next(), undefined);
  const { status, stderr } = await end;
  assert.is(`${status}${stderr}`, '0');
});

test('--follow ends with Ctrl-C', () =>
  withHost('interrupt', async (run) => {
    await run('fs mkdir /v/d');
    const child = shimfs.start(['events', '--session', 'interrupt', '--since', '0', '--follow']);
    const end = ended(child);
    await lines(child)();
    child.kill('SIGINT');
    assert.is((await end).status, 0);
  }));

test('--branch: only the events of a branch; without it, all events', () =>
  withHost('branches', async (run) => {
    await run('branch create b');
    await run('fs mkdir /v/upper --branch b');
    await run('fs mkdir /v/lower');
    const paths = async (line: string) => parse((await run(line)).text).map(({ path }) => path);
    assert.equal(await paths('events --json --branch main'), ['/v/lower']);
    assert.equal(await paths('events --json --branch b'), ['/v/upper', '/v/lower']);
    assert.equal(await paths('events --json'), ['/v/upper', '/v/lower']);
    assert.is((await run('events --branch none')).status, 1);
  }));

test('a name with a line break stays on one line', () =>
  withHost('lines', async (run) => {
    await shimfs.run(['fs', 'mkdir', '/v/two\nlines', '--session', 'lines']);
    assert.match((await run('events')).text, /Created {2}"\/v\/two\\nlines" ino=\d+ pid=0\n$/);
  }));

test.run();
