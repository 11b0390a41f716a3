/** The first frame of a connection: valid frames, and refused frames. */
import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HELLO, MAGIC, Op, PROTOCOL_VERSION, REQUEST, Role, TOKEN_BYTES } from '../../../core/protocol.ts';
import { readHello } from '../../../injector/host/hello.ts';
import { FrameError } from '../../../injector/host/wire/frame-splitter.ts';
import { RequestFrame } from '../../../injector/host/wire/request-frame.ts';
import { type HelloFields, hello } from './hello.ts';

const token = randomBytes(TOKEN_BYTES);
const read = (bytes: Buffer) => readHello(new RequestFrame(bytes), token);
const test = suite('Hello');

test('role, binding and parent are read', () => {
  const bytes = hello({ token, role: Role.Gate, binding: 3 });
  bytes.writeUInt32LE(77, REQUEST.size + HELLO.at.parent_pid);
  assert.equal(read(bytes), { role: Role.Gate, binding: 3, parentPid: 77 });
});

const withOp = (op: number): Buffer => {
  const bytes = hello({ token });
  bytes.writeUInt16LE(op, REQUEST.at.op);
  return bytes;
};
const withFields = (fields: Partial<HelloFields>): Buffer => hello({ token, ...fields });

for (const [name, bytes, cause] of [
  ['another request', withOp(Op.Stat), /no Hello/],
  ['another magic number', withFields({ magic: MAGIC + 1 }), /version/],
  ['another version', withFields({ version: PROTOCOL_VERSION + 1 }), /version/],
  ['a wrong token', withFields({ token: randomBytes(TOKEN_BYTES) }), /token is wrong/],
  ['a zero token', withFields({ token: Buffer.alloc(TOKEN_BYTES) }), /token is wrong/],
] as const)
  test(`${name} is refused`, () => {
    try {
      read(bytes);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, FrameError);
      assert.match((error as Error).message, cause);
    }
  });

test.run();
