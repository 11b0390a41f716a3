/** Copies one file from an origin to a target, while it may be written to. */
import { isMissing } from './error-code.ts';
import type { ReplicaNode } from './node.ts';
import type { Origin } from './origin.ts';
import type { Target } from './target.ts';

/** How often a file may change while it is read before that counts as an error. */
const READS = 4;

/** A file changed during each of several attempts to read it. */
export class UnsteadyFile extends Error {
  constructor(path: string) {
    super(`'${path}' changes faster than it can be read`);
    this.name = 'UnsteadyFile';
  }
}

/**
 * Stages the bytes, and commits them if the file did not change during the read; otherwise reads again.
 *
 * @returns bytes written; undefined if `path` is no file any more @throws UnsteadyFile
 */
export async function copyFile(
  origin: Origin,
  target: Target,
  path: string,
  found: ReplicaNode,
): Promise<number | undefined> {
  let want = found;
  for (let read = 0; read < READS; read++) {
    let bytes = 0;
    const staged = await target
      .stage(counted(origin.read(path), (more) => (bytes += more)))
      .catch(async (error) => {
        if (isMissing(error) && !(await origin.stat(path))) return undefined;
        throw error;
      });
    const now = await origin.stat(path);
    if (staged !== undefined && now && steady(want, now) && bytes === now.size) {
      await target.commit(staged, path, now);
      return bytes;
    }
    if (staged !== undefined) await target.discard(staged);
    if (now?.type !== 'file') return undefined;
    want = now;
  }
  throw new UnsteadyFile(path);
}

const steady = (before: ReplicaNode, after: ReplicaNode): boolean =>
  after.type === 'file' &&
  before.size === after.size &&
  before.mtime === after.mtime &&
  before.version === after.version;

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    count(chunk.length);
    yield chunk;
  }
}
