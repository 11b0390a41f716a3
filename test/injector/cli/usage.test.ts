/** Wrong usage ends with 2 and a word about the right one; every command has help with an example. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Command } from './command.ts';

const test = suite('usage');
const shimfs = await Command.prepare();

const wrong: readonly (readonly [string, RegExp])[] = [
  ['', /Usage: shimfs/],
  ['frobnicate', /unknown command/],
  ['run', /missing required argument/],
  ['run -- true', /--mount, --overlay, --import or --session[\s\S]*Example: shimfs run --mount \/v/],
  ['run --session s --mount /v -- true', /exclude each other/],
  ['run --mount /v --agent sometimes -- true', /Allowed choices are lazy, always/],
  ['run --mount /v --max-bytes lots -- true', /Give bytes/],
  ['run --import here -- true', /DIR:P/],
  ['run --mount /v --env novalue -- true', /NAME=VALUE/],
  ['run --frob', /unknown option/],
  ['attach --mount /v one', /whole number/],
  ['attach 1', /--mount, --overlay, --import or --session/],
  ['host --mount /v', /--session is missing/],
  ['host --session s', /--mount is missing/],
  ['fs', /Usage: shimfs fs/],
  ['fs ls /v', /--session is missing/],
  ['fs chmod rwx /v/a --session s', /session/],
  ['events', /--session is missing/],
  ['events --session s --since yesterday', /whole number/],
  ['branch create', /missing required argument/],
  ['branch create b --from a --snapshot s --session s', /cannot be used with/],
];
for (const [line, told] of wrong)
  test(`wrong: shimfs ${line}`, async () => {
    const { status, stderr, text } = await shimfs.run(line === '' ? [] : line.split(' '));
    // The session is looked for before the mode is read: not usage.
    assert.is(status, line.startsWith('fs chmod') ? 1 : 2, stderr);
    assert.match(stderr, told);
    assert.is(text, '');
  });

for (const line of [
  '',
  'run',
  'attach',
  'host',
  'events',
  'doctor',
  'demo',
  'fs',
  'branch create',
  'branch list',
  'branch delete',
  'snapshot create',
  'snapshot list',
  'snapshot restore',
  'snapshot delete',
  ...[
    'ls',
    'cat',
    'write',
    'append',
    'truncate',
    'mkdir',
    'rm',
    'mv',
    'ln',
    'chmod',
    'stat',
    'import',
    'export',
  ].map((name) => `fs ${name}`),
])
  test(`help: shimfs ${line}`, async () => {
    const { status, text, stderr } = await shimfs.run([
      ...line.split(' ').filter((word) => word !== ''),
      '--help',
    ]);
    assert.is(status, 0, stderr);
    assert.match(text, /Examples?:\n {2}\S/);
  });

test('a session that is not there: cause and remedy', async () => {
  for (const line of ['fs ls', 'events', 'branch list', 'run', 'attach']) {
    const rest = line === 'run' ? ['--', 'true'] : line === 'attach' ? [String(process.pid)] : [];
    const { status, stderr } = await shimfs.run([...line.split(' '), '--session', 'nobody', ...rest]);
    assert.is(status, 1, line);
    assert.match(stderr, /there is no session 'nobody'\n {2}Start one: shimfs host --session nobody/);
  }
});

test('a name that is none', async () => {
  const { status, stderr } = await shimfs.run(['fs', 'ls', '--session', '../x']);
  assert.is(status, 1);
  assert.match(stderr, /no session name/);
});

test.run();
