/**
 * Stat answers that a gate may remember.
 *
 * An answer depends on the directories that were searched and on the inode it ends at. Each has a counter in the
 * shared page that rises before the reply to whatever changed it is sent; the answer carries their values.
 */
import type { Attr } from '../../core/attr.ts';
import { ERRNO, FsError } from '../../core/errors.ts';
import type { FsView, Place } from '../../core/fs-view.ts';
import type { RealDependency, WalkOutcome } from '../../core/overlay/real-dependency.ts';
import { encodePath } from '../../core/path-bytes.ts';
import { generationIndex, ReplyFlag } from '../../core/protocol.ts';
import type { Answer } from './request-frame.ts';

/** What stands in the pairs' place where the real path begins. */
const END_OF_PAIRS = 0xffffffff;
/** Bytes of a path that the gate keeps. */
const LONGEST = 200;

/** More than this the gate does not keep. */
export const MAX_DEPENDENCIES = 15;

export interface Generations {
  generation(index: number): number;
}

export function cacheableStat(
  view: FsView,
  place: Place,
  options: { readonly follow: boolean },
  generations: Generations,
  mayRemember: (attr: Attr) => boolean,
  realDependency: (found: WalkOutcome) => RealDependency | 'free' | undefined = () => 'free',
): Answer {
  const trail: number[] = [];
  view.trail = trail;
  try {
    const attr = view.stat(place, options);
    if (!mayRemember(attr)) return { attr };
    const real = realDependency({ ino: attr.ino, dir: trail.at(-1), follow: options.follow });
    if (real === undefined) return { attr };
    trail.push(attr.ino);
    return { attr, ...remembered(trail, generations, real) };
  } catch (error) {
    if (error instanceof FsError && error.code === 'ENOENT') {
      const result = -ERRNO.ENOENT;
      const real = realDependency({ ino: undefined, dir: trail.at(-1), follow: options.follow });
      return real === undefined ? { result } : { result, ...remembered(trail, generations, real) };
    }
    throw error;
  } finally {
    view.trail = undefined;
  }
}

function remembered(
  trail: readonly number[],
  generations: Generations,
  real: RealDependency | 'free',
): Pick<Answer, 'flags' | 'data'> {
  const indexes = [...new Set([0, ...trail.map(generationIndex)])];
  if (indexes.length > MAX_DEPENDENCIES) return {};
  const data = new Uint32Array(indexes.flatMap((index) => [index, generations.generation(index)]));
  if (real === 'free') return { flags: ReplyFlag.Cacheable, data: new Uint8Array(data.buffer) };
  const path = encodePath(real.path);
  if (path.length > LONGEST) return {};
  const more = Buffer.alloc(16);
  more.writeUInt32LE(END_OF_PAIRS, 0);
  more.writeUInt32LE(path.length, 4);
  more.writeBigUInt64LE(real.ino, 8);
  return {
    flags: ReplyFlag.Cacheable | ReplyFlag.Beneath,
    data: Buffer.concat([new Uint8Array(data.buffer), more, path]),
  };
}
