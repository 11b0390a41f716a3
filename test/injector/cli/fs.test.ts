/** `shimfs fs` against a real host. */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Command, ended, lines, stop } from './command.ts';

const test = suite('fs');
const shimfs = await Command.prepare();
let host: Awaited<ReturnType<Command['host']>>;
test.before(async () => {
  host = await shimfs.host('s');
});
test.after(async () => {
  const { status } = await stop(host);
  assert.is(status, 0);
});

const fs = (line: string, input?: string | Uint8Array) =>
  shimfs.run(['fs', ...line.split(' '), '--session', 's'], input);
const good = async (line: string, input?: string | Uint8Array): Promise<string> => {
  const { status, stderr, text } = await fs(line, input);
  assert.is(`${status} ${stderr}`, '0 ', line);
  return text;
};

for (const [name, bytes] of [
  ['nothing', Buffer.alloc(0)],
  ['all byte values', Buffer.from(Array.from({ length: 256 }, (_, i) => i))],
  ['one chunk exactly', randomBytes(48 * 1024)],
  ['300 KB', randomBytes(300_000)],
] as const)
  test(`write and cat: ${name}`, async () => {
    await good('write /v/bytes', bytes);
    const { stdout } = await fs('cat /v/bytes');
    assert.ok(stdout.equals(bytes));
  });

test('append, truncate and several files at once', async () => {
  await good('write /v/a', 'one');
  await good('append /v/a', 'two');
  await good('append /v/new', '!');
  await good('truncate /v/a 4');
  assert.is(await good('cat /v/a /v/new'), 'onet!');
});

test('directories, names and links', async () => {
  await good('mkdir -p /v/d/e/f');
  await good('mkdir -p /v/d/e/f');
  assert.is((await fs('mkdir /v/d')).status, 1);
  await good('write /v/d/file', 'x');
  await good('mv /v/d/file /v/d/e');
  await good('mv /v/d/e/file /v/d/e/moved');
  await good('ln /v/d/e/moved /v/d/hard');
  await good('ln -s e/moved /v/d/soft');
  assert.is(await good('ls /v/d'), 'e\nhard\nsoft\n');
  assert.is(await good('cat /v/d/soft'), 'x');
  const soft = JSON.parse(await good('stat /v/d/soft --json'));
  assert.is(soft.type, 'symlink');
  assert.is(soft.target, 'e/moved');
  assert.is(JSON.parse(await good('stat /v/d/hard --json')).nlink, 2);
  await good('rm -r /v/d');
  assert.is((await fs('ls /v/d')).status, 1);
});

test('ls: long, JSON, the mounts', async () => {
  await good('mkdir /v/ls');
  await good('write /v/ls/tool', 'abc');
  await good('chmod 4755 /v/ls/tool');
  assert.match(
    await good('ls -l /v/ls'),
    /^-rwsr-xr-x {2}1 {2}\d+ {2}\d+ {2}3 {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}tool\n$/,
  );
  const [entry] = JSON.parse(await good('ls --json /v/ls'));
  assert.is(entry.path, '/v/ls/tool');
  assert.is(entry.mode & 0o7777, 0o4755);
  assert.is(await good('ls'), '/v\n');
});

test('import and export keep bytes, modes, times and links', async () => {
  const from = join(shimfs.scratch, 'from');
  mkdirSync(join(from, 'sub/deep'), { recursive: true });
  writeFileSync(join(from, 'large'), randomBytes(200_000));
  writeFileSync(join(from, 'sub/script'), '#!/bin/sh\n');
  chmodSync(join(from, 'sub/script'), 0o751);
  linkSync(join(from, 'sub/script'), join(from, 'again'));
  symlinkSync('../large', join(from, 'sub/link'));
  utimesSync(join(from, 'large'), 1_000_000_000, 1_100_000_000);
  chmodSync(join(from, 'sub/deep'), 0o700);
  utimesSync(join(from, 'sub'), 1_200_000_000, 1_200_000_000);
  await good(`import ${from} /v/tree`);
  assert.is(JSON.parse(await good('stat /v/tree/large --json')).mtime.sec, 1_100_000_000);
  const to = join(shimfs.scratch, 'to');
  await good(`export /v/tree ${to}`);
  assert.ok(readFileSync(join(to, 'large')).equals(readFileSync(join(from, 'large'))));
  for (const name of ['large', 'sub', 'sub/script', 'sub/deep', 'sub/link']) {
    const [was, is] = [lstatSync(join(from, name)), lstatSync(join(to, name))];
    assert.is(is.mode, was.mode, name);
    assert.is(Math.floor(is.mtimeMs / 1000), Math.floor(was.mtimeMs / 1000), name);
  }
  assert.is(readlinkSync(join(to, 'sub/link')), '../large');
  assert.is(statSync(join(to, 'again')).ino, statSync(join(to, 'sub/script')).ino);
});

test('export follows no link that stands in its way', async () => {
  await good('mkdir /v/out');
  await good('write /v/out/name', 'new');
  const to = join(shimfs.scratch, 'guarded');
  mkdirSync(to);
  const outside = join(shimfs.scratch, 'outside');
  writeFileSync(outside, 'old');
  symlinkSync(outside, join(to, 'name'));
  await good(`export /v/out ${to}`);
  assert.is(readFileSync(outside, 'utf8'), 'old');
  assert.is(readFileSync(join(to, 'name'), 'utf8'), 'new');
});

test('branches see their own files', async () => {
  const branch = (line: string) => shimfs.run([...line.split(' '), '--session', 's']);
  assert.is((await branch('branch create work')).status, 0);
  await good('write /v/own --branch work', 'w');
  assert.is((await fs('cat /v/own')).status, 1);
  assert.is(await good('cat /v/own --branch work'), 'w');
  assert.is((await branch('snapshot create then --branch work')).status, 0);
  await good('rm /v/own --branch work');
  assert.is((await branch('branch create again --snapshot then')).status, 0);
  assert.is(await good('cat /v/own --branch again'), 'w');
  assert.is((await branch('snapshot restore then --branch work')).status, 0);
  assert.is(await good('cat /v/own --branch work'), 'w');
  assert.match((await branch('snapshot restore never')).stderr, /no snapshot 'never'[\s\S]*then/);
  const listed = JSON.parse((await branch('branch list --json')).text);
  assert.equal(
    listed.map((one: { name: string }) => one.name),
    ['main', 'work', 'again'],
  );
  assert.is((await branch('branch delete work')).status, 0);
  assert.match((await branch('branch delete main')).stderr, /cannot be deleted/);
  assert.match((await fs('ls /v --branch work')).stderr, /no branch 'work'[\s\S]*shimfs branch create work/);
});

test('branch bind: a running program sees another branch', async () => {
  const branch = (line: string) => shimfs.run(['branch', ...line.split(' '), '--session', 's']);
  await branch('create bound');
  await good('write /v/seen', 'main\n');
  await good('write /v/seen --branch bound', 'bound\n');
  const reader = 'echo $$; while read -r file; do cat "$file"; done; exit 0';
  const child = shimfs.start(['run', '--session', 's', '--', 'bash', '-c', reader]);
  const next = lines(child);
  const pid = await next();
  const ask = (): Promise<string | undefined> => {
    child.stdin!.write('/v/seen\n');
    return next();
  };
  assert.is(await ask(), 'main');
  const bound = await branch(`bind bound ${pid} --json`);
  assert.is(bound.stderr, '');
  assert.equal(JSON.parse(bound.text), { pid: Number(pid), branch: 'bound', before: 'main' });
  assert.is(await ask(), 'bound');
  assert.match((await branch('delete bound')).stderr, /in use by 1/);
  const silent = await branch(`bind main ${pid}`);
  assert.equal([silent.status, silent.text], [0, '']);
  assert.is(await ask(), 'main');

  for (const [line, status, cause] of [
    [`bind never ${pid}`, 1, /no branch 'never'[\s\S]*branch create never/],
    [`bind bound ${process.pid}`, 1, new RegExp(`is not in session 's'[\\s\\S]*${pid}[\\s\\S]*attach`)],
    ['bind bound 4194999', 1, /there is no process 4194999/],
    ['bind bound me', 2, /whole number/],
    ['bind bound', 2, /missing required argument 'pid'/],
  ] as const) {
    const refused = await branch(line);
    assert.is(refused.status, status, line);
    assert.match(refused.stderr, cause);
  }
  child.stdin!.end();
  assert.is((await ended(child)).status, 0);
  assert.is((await branch('delete bound')).status, 0);
});

for (const [line, cause] of [
  ['cat /v/absent', /ENOENT/],
  ['cat /v', /EISDIR/],
  ['rm /v', /EISDIR|EBUSY/],
  ['ls /etc', /outside every mount[\s\S]*\/v/],
  ['ls relative', /relative path/],
  ['write /v/absent/file', /ENOENT/],
  ['import /nowhere /v/x', /\/nowhere does not exist/],
  ['mv /v/absent /v/b', /ENOENT/],
] as const)
  test(`failure: ${line}`, async () => {
    const { status, stderr, text } = await fs(line);
    assert.is(status, 1);
    assert.match(stderr, cause);
    assert.not.match(stderr, /\n\s+at /);
    assert.is(text, '');
  });

test('a reader that has had enough is no failure', async () => {
  await good('write /v/big', randomBytes(2_000_000));
  const child = shimfs.start(['fs', 'cat', '/v/big', '--session', 's']);
  let stderr = '';
  child.stderr!.on('data', (text) => {
    stderr += text;
  });
  child.stdout!.once('data', () => child.stdout!.destroy());
  const status = await new Promise((resolve) => child.once('exit', resolve));
  assert.is(`${status}${stderr}`, '0');
});

test.run();
