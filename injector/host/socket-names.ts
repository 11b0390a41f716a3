/** The texts that sockets were bound by: what getsockname and getpeername tell, long after a name is gone. */
import type { FsCore } from '../../core/fs-core.ts';

const NONE = new Uint8Array(0);
/** Texts kept; beyond it the oldest goes, and its socket is told as unnamed. */
const KEPT = 65536;

export class SocketNames {
  static readonly #all = new WeakMap<FsCore, SocketNames>();
  readonly #texts = new Map<number, Uint8Array>();

  static of(core: FsCore): SocketNames {
    const names = SocketNames.#all.get(core) ?? new SocketNames();
    SocketNames.#all.set(core, names);
    return names;
  }

  /** @param text the path as bind(2) was given it */
  keep(oid: number, text: Uint8Array): void {
    this.#texts.set(oid, Uint8Array.from(text));
    if (this.#texts.size <= KEPT) return;
    for (const oldest of this.#texts.keys()) {
      this.#texts.delete(oldest);
      break;
    }
  }

  /** Empty: none is known. */
  get(oid: number): Uint8Array {
    return this.#texts.get(oid) ?? NONE;
  }
}
