/**
 * Stat answers that a gate may keep.
 *
 * An answer depends on the directories that were searched and on the inode that was found. Each has a generation in
 * the shared page, which is raised before the reply to the request that changed it; the answer carries their values.
 */
import type { Attr } from '../../../core/attr.ts';
import { ERRNO, FsError } from '../../../core/errors.ts';
import type { FsView, Place } from '../../../core/fs-view.ts';
import type { RealDependency, WalkOutcome } from '../../../core/overlay/real-dependency.ts';
import { encodePath } from '../../../core/path-bytes.ts';
import { generationIndex, ReplyFlag } from '../../../core/protocol.ts';
import type { Answer } from '../wire/request-frame.ts';

/** An index that no pair has: the real file's path follows. */
const END_OF_PAIRS = 0xffffffff;
/** Bytes of a path that the gate keeps. */
const MAX_PATH = 200;

/** A gate keeps no answer with more. */
export const MAX_DEPENDENCIES = 15;

export interface Generations {
  generation(index: number): number;
}

export interface StatQuestion {
  readonly view: FsView;
  readonly place: Place;
  readonly follow: boolean;
  readonly generations: Generations;
  /** False for a file that changes without raising its generation. */
  readonly isCacheable: (attr: Attr) => boolean;
  /** The real file that the answer depends on; 'free': none; undefined: the answer must not be kept. */
  readonly realDependency: (found: WalkOutcome) => RealDependency | 'free' | undefined;
}

/** @throws FsError other than ENOENT, MountExit */
export function cacheableStat(question: StatQuestion): Answer {
  const { view, place, follow, generations, isCacheable, realDependency } = question;
  const trail: number[] = [];
  view.trail = trail;
  try {
    const attr = view.stat(place, { follow });
    if (!isCacheable(attr)) return { attr };
    const real = realDependency({ ino: attr.ino, dir: trail.at(-1), follow });
    if (real === undefined) return { attr };
    trail.push(attr.ino);
    return { attr, ...dependencies(trail, generations, real) };
  } catch (error) {
    if (!(error instanceof FsError) || error.code !== 'ENOENT') throw error;
    const result = -ERRNO.ENOENT;
    const real = realDependency({ ino: undefined, dir: trail.at(-1), follow });
    return real === undefined ? { result } : { result, ...dependencies(trail, generations, real) };
  } finally {
    view.trail = undefined;
  }
}

function dependencies(
  trail: readonly number[],
  generations: Generations,
  real: RealDependency | 'free',
): Pick<Answer, 'flags' | 'data'> {
  const indexes = [...new Set([0, ...trail.map(generationIndex)])];
  if (indexes.length > MAX_DEPENDENCIES) return {};
  const pairs = new Uint32Array(indexes.flatMap((index) => [index, generations.generation(index)]));
  if (real === 'free') return { flags: ReplyFlag.Cacheable, data: new Uint8Array(pairs.buffer) };
  const path = encodePath(real.path);
  if (path.length > MAX_PATH) return {};
  const header = Buffer.alloc(16);
  header.writeUInt32LE(END_OF_PAIRS, 0);
  header.writeUInt32LE(path.length, 4);
  header.writeBigUInt64LE(real.ino, 8);
  return {
    flags: ReplyFlag.Cacheable | ReplyFlag.Beneath,
    data: Buffer.concat([new Uint8Array(pairs.buffer), header, path]),
  };
}
