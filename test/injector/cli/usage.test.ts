/** Wrong usage exits with status 2 and names the right usage; every command's help has an example. */
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
  ['run --mount v -- true', /v cannot be a mount: it is relative/],
  ['run --mount / -- true', /it is the root/],
  ['attach 1', /--mount, --overlay, --import or --session/],
  ['attach 0 --mount /v', /'0' is not a process id/],
  ['attach --mount /v', /missing required argument 'pid'/],
  ['attach 1 2 --mount /v', /too many arguments/],
  ['host --session s --mount /v --max-bytes -1', /Give bytes/],
  ['host --session ../s --mount /v', /not a session name/],
  ['host --session s --mount /v extra', /too many arguments/],
  ['host --mount /v', /--session is missing/],
  ['host --session s', /--mount is missing/],
  ['fs', /Usage: shimfs fs/],
  ['fs ls /v', /--session is missing/],
  ['fs chmod rwx /v/a --session s', /'rwx' is invalid[\s\S]*octal/],
  ['fs truncate /v/a lots --session s', /'lots' is invalid[\s\S]*whole number/],
  ['fs truncate /v/a --session s', /missing required argument 'size'/],
  ['fs chmod 644 --session s', /missing required argument 'paths'/],
  ['fs ls --session ../x', /'\.\.\/x' is not a session name\n {2}Use 1 to 64/],
  ['fs ls --frob --session s', /unknown option/],
  ['fs frob', /unknown command/],
  ['events', /--session is missing/],
  ['events --session s --since yesterday', /whole number/],
  ['events --session s --since -1', /whole number/],
  ['events --since', /argument missing/],
  ['branch', /Usage: shimfs branch/],
  ['branch frob', /unknown command/],
  ['branch create', /missing required argument/],
  ['branch bind b me --session s', /whole number/],
  ['snapshot frob', /unknown command/],
  ['doctor extra', /too many arguments/],
  ['demo --frob', /unknown option/],
  ['launchd frob', /unknown command/],
  ['launchd install --throttle 0 --print-systemd', /'0' is not a number of seconds between two starts/],
  ['launchd install --throttle x', /whole number/],
  ['launchd install --listen nowhere --print-systemd', /'nowhere' is not an address/],
  ['serve --listen 127.0.0.1:99999', /'127\.0\.0\.1:99999' is not an address/],
  ['serve --sync-interval 99', /'99' is not a sync interval/],
  ['serve --store ftp://x', /'ftp:\/\/x' is not a store/],
  ['serve --store nats://', /'nats:\/\/' is not the address of a NATS server/],
  ['serve --allow session:', /'session:' is not a scope/],
  ['serve --nats-credentials /x', /--nats-credentials needs --store nats:/],
  ['serve extra', /too many arguments/],
  ['branch create b --from a --snapshot s --session s', /cannot be used with/],
];
for (const [line, message] of wrong)
  test(`wrong usage: shimfs ${line}`, async () => {
    const { status, stderr, text } = await shimfs.run(line === '' ? [] : line.split(' '));
    assert.is(status, 2, stderr);
    assert.match(stderr, message);
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
  'branch bind',
  'branch diff',
  'branch commit',
  'branch discard',
  'serve',
  'launchd',
  'launchd install',
  'launchd status',
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

test('a session without a host: cause and remedy', async () => {
  for (const line of ['fs ls', 'events', 'branch list', 'run', 'attach']) {
    const rest = line === 'run' ? ['--', 'true'] : line === 'attach' ? [String(process.pid)] : [];
    const { status, stderr } = await shimfs.run([...line.split(' '), '--session', 'nobody', ...rest]);
    assert.is(status, 1, line);
    assert.match(stderr, /there is no session 'nobody'\n {2}Start one: shimfs host --session nobody/);
  }
});

test.run();
