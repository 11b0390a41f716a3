/** Transfers with several requests in flight: complete, in order, and with errors reported. */
import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CHUNK_BYTES } from '../../../injector/control/methods.ts';
import { Pipeline } from '../../../injector/control/pipeline.ts';
import { readVirtual, writeVirtual } from '../../../injector/control/transfer.ts';
import { TestSession } from '../../support/session.ts';

const { ControlClient } = await import('../../../injector/control/client.ts');
const test = suite('transfer');
const session = await TestSession.open();
const client = await ControlClient.connect(session.host.session.name);
test.after(async () => {
  client.close();
  await session.host.close();
});

async function* pieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function read(path: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of readVirtual(client, path)) parts.push(part);
  return Buffer.concat(parts);
}

test('any bytes in any pieces can be written and appended', async () => {
  const near = fc.integer({ min: -2, max: 2 }).map((delta) => CHUNK_BYTES + delta);
  const size = fc.oneof(fc.integer({ min: 1, max: 200_000 }), near);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.integer({ min: 0, max: 400_000 }), near),
      fc.array(size, { minLength: 1, maxLength: 5 }),
      async (length, sizes) => {
        const bytes = randomBytes(length);
        await writeVirtual(client, '/v/w', pieces(bytes, sizes));
        assert.ok((await read('/v/w')).equals(bytes), 'written');
        await writeVirtual(client, '/v/w', pieces(bytes, sizes), { append: true });
        assert.ok((await read('/v/w')).equals(Buffer.concat([bytes, bytes])), 'appended');
      },
    ),
    { numRuns: 30 },
  );
});

test('a small file is written in one operation', async () => {
  session.core.fs.writeFileSync('/v/one', 'before');
  const events = await session.events(() =>
    writeVirtual(client, '/v/one', pieces(Buffer.from('after'), [2])),
  );
  assert.is(events.length, 1);
});

test('a file that is removed during a read is read to its end', async () => {
  const bytes = randomBytes(CHUNK_BYTES * 12);
  session.core.fs.writeFileSync('/v/gone', bytes);
  const parts: Buffer[] = [];
  for await (const part of readVirtual(client, '/v/gone')) {
    if (parts.length === 0) session.core.fs.unlinkSync('/v/gone');
    parts.push(part);
  }
  assert.ok(Buffer.concat(parts).equals(bytes));
});

test('a pipeline respects its limit and reports the first error', async () => {
  let running = 0;
  let widest = 0;
  const work = async (): Promise<void> => {
    widest = Math.max(widest, ++running);
    await new Promise(setImmediate);
    running--;
  };
  const pipeline = new Pipeline(4);
  for (let i = 0; i < 20; i++) await pipeline.add(work());
  await pipeline.drain();
  assert.is(widest, 4);
  const failing = new Pipeline();
  await failing.add(Promise.reject(new Error('first'))).catch(() => undefined);
  try {
    await failing.drain();
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, 'first');
  }
});

test('the end of the host fails the requests in flight', async () => {
  const other = await TestSession.open();
  const its = await ControlClient.connect(other.host.session.name);
  const waiting = its.stream('event.read', { follow: true }, () => undefined);
  const [end] = await Promise.allSettled([waiting, other.host.close()]);
  assert.match(String((end as PromiseRejectedResult).reason), /has ended/);
  assert.is(await its.call('session.describe', {}).catch((error) => error.code), 'EIO');
});

test.run();
