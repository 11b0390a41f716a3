/**
 * A VNODE source on a virtual descriptor. The gate implements it by a DATA_OR source; this class decides when it is
 * registered with its file and which bits it gets.
 *
 * A source is created inactive and can be suspended before its activation. It is registered when it is active and not
 * suspended for the first time. Later suspensions are left to the DATA_OR source, which keeps and coalesces the bits.
 */
import { DISPATCH_VNODE_REVOKE } from './constants.ts';

export class DispatchSource {
  /** Bits not yet merged into the DATA_OR source. */
  pending = 0;
  /** The inode it is registered with, 0 for none. */
  ino = 0;
  #suspended = 0;
  #activated = false;
  /** Registration was attempted, or the source has ended: it is never attempted again. */
  #registrationDone = false;

  constructor(
    readonly id: number,
    readonly fd: number,
    readonly mask: number,
  ) {}

  /** @returns whether to register it now */
  activate(): boolean {
    this.#activated = true;
    return this.#shouldRegister();
  }

  /** Also activates an inactive source that is not suspended. @returns whether to register it now */
  resume(): boolean {
    if (this.#suspended > 0) this.#suspended--;
    else this.#activated = true;
    return this.#shouldRegister();
  }

  suspend(): void {
    this.#suspended++;
  }

  /** No further bits are posted, and pending ones are dropped. */
  end(): void {
    this.#registrationDone = true;
    this.ino = 0;
    this.pending = 0;
  }

  /** A hint on its inode. Unlike a plain knote, a source never gets bits outside of its mask. */
  post(hint: number): void {
    if (this.ino !== 0) this.pending |= hint & this.mask;
  }

  /** The end of the file, for sources whose mask has REVOKE. */
  revoke(): void {
    this.post(DISPATCH_VNODE_REVOKE);
  }

  #shouldRegister(): boolean {
    if (this.#registrationDone || !this.#activated || this.#suspended > 0) return false;
    this.#registrationDone = true;
    return true;
  }
}
