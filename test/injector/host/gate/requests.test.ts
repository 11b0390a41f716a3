/** Requests of a gate, answered by a session without sockets. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AT_REMOVEDIR, O_CREAT, O_RDONLY, O_RDWR } from '../../../../core/constants.ts';
import { ERRNO, type FsError } from '../../../../core/errors.ts';
import type { ObjectId } from '../../../../core/numbers.ts';
import { DIRENT, Op, ReplyFlag } from '../../../../core/protocol.ts';
import { MountExit } from '../../../../core/walk.ts';
import { HANDLERS } from '../../../../injector/host/gate/requests.ts';
import { ask, contextOf, openPart, type RequestFields } from '../part.ts';

const { session, close } = openPart();
const { core, page } = session;
const c = contextOf(session);
core.fs.writeFileSync('/v/f', 'bytes');
core.fs.mkdirSync('/v/d');
core.fs.symlinkSync('f', '/v/s');

const test = suite('requests');
test.after(close);

test('every request of the protocol has a handler, except those that the connection answers', () => {
  const unhandled = Object.entries(Op).filter(([, op]) => !HANDLERS[op]);
  assert.equal(unhandled.map(([name]) => name).sort(), ['Agent', 'Control', 'Hello', 'Warm']);
});

test('open gives the object’s name, and the object stays open until Close', () => {
  const answer = ask(c, Op.Open, { path: '/v/f', flags: O_RDONLY })!;
  const { oid } = answer.attr!;
  const name = Buffer.from(answer.data!).toString();
  assert.is(name, `o/${oid}`);
  assert.ok(existsSync(join(session.objects, name)));
  assert.ok(core.content.object(oid as ObjectId)!.holders.size > 0);
  assert.is(ask(c, Op.Close, { a: oid }), undefined, 'no reply');
  assert.is(core.content.object(oid as ObjectId)!.holders.size, 0);
});

test('a created file is flagged', () => {
  const flags = (path: string) => ask(c, Op.Open, { path, flags: O_CREAT | O_RDWR, mode: 0o600 })!.flags!;
  assert.ok(flags('/v/new') & ReplyFlag.Created);
  assert.not.ok(flags('/v/new') & ReplyFlag.Created);
});

test('stat is cacheable until a process may write the file', () => {
  const isCacheable = (): boolean =>
    ((ask(c, Op.Stat, { path: '/v/w' })!.flags ?? 0) & ReplyFlag.Cacheable) !== 0;
  core.fs.writeFileSync('/v/w', '');
  assert.ok(isCacheable());
  const { oid } = ask(c, Op.Open, { path: '/v/w', flags: O_RDWR })!.attr!;
  assert.not.ok(isCacheable());
  ask(c, Op.Close, { a: oid });
  assert.ok(isCacheable());
});

test('the generations in a stat answer are outdated by a change', () => {
  const pairs = (): Map<number, number> => {
    const data = Buffer.from(ask(c, Op.Stat, { path: '/v/f' })!.data!);
    const numbers = Array.from({ length: data.length / 4 }, (_, i) => data.readUInt32LE(i * 4));
    return new Map(numbers.flatMap((index, i) => (i % 2 ? [] : [[index, numbers[i + 1]!] as const])));
  };
  const before = pairs();
  for (const [index, value] of before) assert.is(page.generation(index), value);
  ask(c, Op.Chmod, { path: '/v/f', mode: 0o640 });
  assert.ok([...before].some(([index, value]) => page.generation(index) !== value));
});

test('a listing in small pages is complete and without repetition', () => {
  for (let i = 0; i < 20; i++) core.fs.writeFileSync(`/v/d/${'n'.repeat(i + 1)}`, '');
  const { ino } = core.fs.statSync('/v/d');
  const names: string[] = [];
  for (let cookie = 0; ; ) {
    const data = Buffer.from(ask(c, Op.Readdir, { dir: Number(ino), a: cookie, b: 100 })!.data!);
    if (data.length === 0) break;
    for (let at = 0; at < data.length; at += data.readUInt16LE(at + DIRENT.at.length)) {
      const length = data.readUInt32LE(at + DIRENT.at.name_length);
      names.push(data.toString('utf8', at + DIRENT.size, at + DIRENT.size + length));
      cookie = Number(data.readBigUInt64LE(at + DIRENT.at.next));
    }
  }
  assert.equal(names, ['.', '..', ...core.fs.readdirSync('/v/d')]);
});

test('chdir gives a placeholder of the directory', () => {
  const name = Buffer.from(ask(c, Op.Chdir, { path: '/v/d' })!.data!).toString();
  assert.ok(existsSync(join(session.objects, name)));
});

test('a process without an agent is refused a watch', () => {
  const inodes = Buffer.alloc(8, 1);
  assert.equal(ask(c, Op.Watch, { data: inodes, b: 1, flags: 1 }), { result: -ERRNO.ENOTSUP });
  assert.is(ask(c, Op.Watch, { data: inodes, b: 1 }), undefined, 'no reply wanted');
  assert.equal(ask(c, Op.Subtree, { data: Buffer.from('/v'), flags: 1 }), { result: -ERRNO.ENOTSUP });
  assert.equal(ask(c, Op.Subtree, { flags: 9 }), { result: -ERRNO.EINVAL });
});

const refused: readonly (readonly [string, number, RequestFields, string])[] = [
  ['stat of a missing file', Op.Readlink, { path: '/v/none' }, 'ENOENT'],
  ['rmdir of a directory with entries', Op.Unlink, { path: '/v/d', flags: AT_REMOVEDIR }, 'ENOTEMPTY'],
  ['unlink of a directory', Op.Unlink, { path: '/v/d' }, 'EISDIR'],
  ['chdir to a file', Op.Chdir, { path: '/v/f' }, 'ENOTDIR'],
  ['mkdir over a file', Op.Mkdir, { path: '/v/f', mode: 0o755 }, 'EEXIST'],
  ['readlink of a file', Op.Readlink, { path: '/v/f' }, 'EINVAL'],
  ['the attributes of a freed object', Op.Where, { a: 2 ** 40 }, 'ESTALE'],
];
for (const [name, op, fields, code] of refused)
  test(`${name} fails with ${code}`, () => {
    try {
      ask(c, op, fields);
      assert.unreachable();
    } catch (error) {
      assert.is((error as FsError).code, code);
    }
  });

test('a path that leaves the mounts is reported as such', () => {
  core.fs.symlinkSync('/etc/passwd', '/v/out');
  try {
    ask(c, Op.Stat, { path: '/v/out' });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, MountExit);
    assert.is((error as MountExit).path, '/etc/passwd');
  }
});

test.run();
