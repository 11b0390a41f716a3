/**
 * Stat answers that a gate may remember.
 *
 * An answer depends on the directories that were searched and on the inode it ends at. Each has a counter in the
 * shared page that rises before the reply to whatever changed it is sent; the answer carries their values.
 */
import type { Attr } from '../../core/attr.ts';
import { ERRNO, FsError } from '../../core/errors.ts';
import type { FsView, Place } from '../../core/fs-view.ts';
import { generationIndex, ReplyFlag } from '../../core/protocol.ts';
import type { Answer } from './request-frame.ts';

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
): Answer {
  const trail: number[] = [];
  view.trail = trail;
  try {
    const attr = view.stat(place, options);
    if (!mayRemember(attr)) return { attr };
    trail.push(attr.ino);
    return { attr, ...remembered(trail, generations) };
  } catch (error) {
    if (error instanceof FsError && error.code === 'ENOENT')
      return { result: -ERRNO.ENOENT, ...remembered(trail, generations) };
    throw error;
  } finally {
    view.trail = undefined;
  }
}

function remembered(trail: readonly number[], generations: Generations): Pick<Answer, 'flags' | 'data'> {
  const indexes = [...new Set([0, ...trail.map(generationIndex)])];
  if (indexes.length > MAX_DEPENDENCIES) return {};
  const data = new Uint32Array(indexes.flatMap((index) => [index, generations.generation(index)]));
  return { flags: ReplyFlag.Cacheable, data: new Uint8Array(data.buffer) };
}
