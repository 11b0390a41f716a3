/**
 * One VNODE source on a virtual descriptor, as far as it differs from the DATA_OR source that stands for it: from
 * when until when it hears of its file, and of what.
 *
 * A source is born inactive and may be suspended before it is activated; it hears nothing before both are over, for
 * the first time. A later suspension is the real source's affair: what comes meanwhile is kept and coalesced there.
 */
import { DISPATCH_VNODE_REVOKE } from './constants.ts';

export class DispatchSource {
  /** Bits for the handler that have not been passed on yet. */
  pending = 0;
  /** The inode it hears of, 0 for none. */
  ino = 0;
  #suspended = 0;
  #activated = false;
  /** It has been registered with its descriptor, or can never be. */
  #settled = false;

  constructor(
    readonly id: number,
    readonly fd: number,
    readonly mask: number,
  ) {}

  /** @returns whether it is to be registered now */
  activate(): boolean {
    this.#activated = true;
    return this.#begins();
  }

  /** An inactive source that is not suspended is activated by it. @returns as activate */
  resume(): boolean {
    if (this.#suspended > 0) this.#suspended--;
    else this.#activated = true;
    return this.#begins();
  }

  suspend(): void {
    this.#suspended++;
  }

  /** It hears of nothing any more, and what it has not passed on is forgotten. */
  end(): void {
    this.#settled = true;
    this.ino = 0;
    this.pending = 0;
  }

  /** A hint for its inode: unlike a plain knote, a source is never told more than it asked for. */
  post(hint: number): void {
    if (this.ino !== 0) this.pending |= hint & this.mask;
  }

  /** The file's end is told to those who asked for it. */
  revoke(): void {
    this.post(DISPATCH_VNODE_REVOKE);
  }

  #begins(): boolean {
    if (this.#settled || !this.#activated || this.#suspended > 0) return false;
    this.#settled = true;
    return true;
  }
}
