/** A peer that violates the protocol loses its connection; other connections and the tree are unaffected. */
import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ERRNO } from '../../../core/errors.ts';
import { MAX_REQUEST, Op, REPLY, REQUEST, Role, TOKEN_BYTES } from '../../../core/protocol.ts';
import { TestSession } from '../../support/session.ts';
import { frame, hello, REPLY_BYTES, sendUntilClosed } from './hello.ts';

// After TestSession has set the run directory.
const { ControlClient } = await import('../../../injector/control/client.ts');
const test = suite('bad peers');
const session = await TestSession.open();
const client = await ControlClient.connect(session.host.session.name);
const { socket } = client.session;
const token = Buffer.from(client.session.token, 'hex');
test.after(async () => {
  client.close();
  await session.host.close();
});

const json = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const control = (value: unknown): Buffer => frame(Op.Control, json(value));
const broken = frame(Op.Control, json('{}'));
broken.writeUInt32LE(9999, REQUEST.at.path_length);

/** Name, bytes sent, and the number of replies before the host closes the connection. */
const rows: readonly (readonly [name: string, chunks: Buffer[], replies: number])[] = [
  ['noise', [Buffer.from([255, 255, 255, 127, ...randomBytes(100)])], 0],
  ['a length of nothing', [Buffer.alloc(REQUEST.size)], 0],
  ['a text protocol', [Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')], 0],
  ['an oversized first frame', [frame(Op.Hello, Buffer.alloc(0), MAX_REQUEST + 1)], 0],
  ['no Hello', [control({ method: 'session.describe' })], 0],
  ['a short Hello', [frame(Op.Hello, Buffer.alloc(10))], 0],
  ['a wrong token', [hello({ token: randomBytes(TOKEN_BYTES) })], 0],
  ['an empty token', [hello({ token: Buffer.alloc(TOKEN_BYTES) })], 0],
  ['another protocol', [hello({ token, magic: 1 })], 0],
  ['another version', [hello({ token, version: 99 })], 0],
  ['an unknown role', [hello({ token, role: 9 })], 0],
  ['an unknown binding', [hello({ token, role: Role.Gate, binding: 77 })], 0],
  ['Hello twice', [hello({ token }), hello({ token })], 1],
  ['an oversized frame', [hello({ token }), frame(Op.Control, Buffer.alloc(0), MAX_REQUEST + 1)], 1],
  ['no JSON', [hello({ token }), control('{"method":')], 1],
  ['JSON that is no request', [hello({ token }), control([1, 2])], 1],
  ['parts beyond the frame', [hello({ token }), broken], 1],
  ['a gate’s request from a command', [hello({ token }), frame(Op.Stat)], 1],
  [
    'a command’s request from a gate',
    [hello({ token, role: Role.Gate }), control({ method: 'session.describe' })],
    1,
  ],
  ['an agent that speaks', [hello({ token, role: Role.Agent }), frame(Op.Stat)], 1],
];
for (const [name, chunks, count] of rows)
  test(name, async () => {
    const replies = await sendUntilClosed(socket, ...chunks);
    assert.is(replies.length, count * REPLY_BYTES);
    // Another connection is still served.
    assert.is((await client.call('session.describe', {})).name, session.host.session.name);
  });

test('an unknown method and invalid parameters are answered with an error', async () => {
  const ask = client.call.bind(client) as (method: string, params: object) => Promise<unknown>;
  for (const [method, params] of [
    ['constructor', {}],
    ['no.such', {}],
    ['file.stat', {}],
    ['file.stat', { path: 1 }],
    ['file.stat', { path: '/v/\0' }],
    ['file.stat', { path: 'relative' }],
    ['file.read', { handle: 5, position: 0, length: 1 }],
    ['file.open', { path: '/v/x', access: 'sideways' }],
    ['file.times', { path: '/v', atime: 1, mtime: {} }],
    ['session.enter', { hide: 'x' }],
    ['event.read', { since: -1 }],
  ] as const) {
    try {
      await ask(method, params);
      assert.unreachable(`${method} ${JSON.stringify(params)}`);
    } catch (error) {
      assert.is((error as Error).name, 'ControlError', `${method}: ${(error as Error).message}`);
    }
  }
  assert.is((await client.call('file.stat', { path: '/v' })).type, 'directory');
});

/** Requests that no gate sends: each is answered with EINVAL. */
const oddRequest = (op: number, path: string, mode = 0): Buffer => {
  const bytes = frame(op, Buffer.from(path));
  bytes.writeUInt32LE(bytes.readUInt32LE(REQUEST.at.data_length), REQUEST.at.path_length);
  bytes.writeUInt32LE(0, REQUEST.at.data_length);
  bytes.writeUInt32LE(mode, REQUEST.at.mode);
  return bytes;
};
for (const [name, request] of [
  ['a NUL byte in a path', oddRequest(Op.Mkdir, '/v/a\0b')],
  ['a count of descriptors above any limit', oddRequest(Op.Repoint, '', 2 ** 31)],
] as const)
  test(name, async () => {
    const replies = await sendUntilClosed(
      socket,
      hello({ token, role: Role.Gate }),
      request,
      Buffer.alloc(REQUEST.size),
    );
    assert.is(replies.length, 2 * REPLY_BYTES);
    assert.is(replies.readInt32LE(REPLY_BYTES + REPLY.at.result), -ERRNO.EINVAL);
    assert.equal(session.core.fs.readdirSync('/v'), []);
  });

test.run();
