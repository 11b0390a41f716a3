/** Reads and writes whole virtual files of any length. */
import { type Caller, CHUNK_BYTES } from './methods.ts';
import { Pipeline } from './pipeline.ts';

/** Requests of a file that are in flight at once. */
const AHEAD = 8;

/** The bytes of a file. It is opened once: a rename or removal meanwhile changes nothing. */
export async function* readVirtual(caller: Caller, path: string, branch?: string): AsyncGenerator<Buffer> {
  const { handle } = await caller.call('file.open', { path, branch, access: 'read' });
  const ask = (position: number) => {
    const answer = caller.call('file.read', { handle, position, length: CHUNK_BYTES });
    answer.catch(() => undefined); // awaited below, or never if an earlier read fails
    return answer;
  };
  let next = 0;
  const ahead = Array.from({ length: AHEAD }, () => ask(CHUNK_BYTES * next++));
  for (;;) {
    const chunk = Buffer.from((await ahead.shift()!).data, 'base64');
    if (chunk.length > 0) yield chunk;
    if (chunk.length < CHUNK_BYTES) break;
    ahead.push(ask(CHUNK_BYTES * next++));
  }
  await caller.call('file.close', { handle });
}

export interface WriteOptions {
  readonly branch?: string;
  readonly append?: boolean;
  /** For a new file. Default 0o666. */
  readonly mode?: number;
  readonly umask?: number;
}

/** Replace a file by `source`, or append to it. Bytes that fit in a single request are a single operation, with a single event. */
export async function writeVirtual(
  caller: Caller,
  path: string,
  source: AsyncIterable<Uint8Array>,
  { branch, append = false, mode, umask }: WriteOptions = {},
): Promise<void> {
  const chunks = rechunk(source, CHUNK_BYTES);
  const first = (await chunks.next()).value ?? Buffer.alloc(0);
  const where = { path, branch, mode, umask };
  const second = first.length < CHUNK_BYTES ? undefined : (await chunks.next()).value;
  if (!append && second === undefined) return void (await caller.call('file.put', { ...where, data: first }));
  const { handle } = await caller.call('file.open', { ...where, access: append ? 'append' : 'write' });
  const writes = new Pipeline(AHEAD);
  let position = 0;
  const write = async (data: Buffer): Promise<void> => {
    await writes.add(caller.call('file.write', { handle, data, ...(append ? {} : { position }) }));
    position += data.length;
  };
  if (first.length > 0) await write(first);
  if (second) await write(second);
  for await (const chunk of chunks) await write(chunk);
  await writes.drain();
  await caller.call('file.close', { handle });
}

/** The same bytes in pieces of `size`; the last piece may be shorter. */
async function* rechunk(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Buffer, undefined> {
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const piece of source) {
    held.push(piece);
    length += piece.length;
    if (length < size) continue;
    let all = Buffer.concat(held, length);
    for (; all.length >= size; all = all.subarray(size)) yield all.subarray(0, size);
    held = [all];
    length = all.length;
  }
  if (length > 0) yield Buffer.concat(held, length);
  return undefined;
}
