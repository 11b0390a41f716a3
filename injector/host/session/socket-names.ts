/** The paths that sockets were bound by: getsockname and getpeername return them, also after the name was removed. */
import type { FsCore } from '../../../core/fs-core.ts';
import type { ObjectId } from '../../../core/numbers.ts';

const NONE = new Uint8Array(0);
/** Above this many the oldest is dropped, and its socket is reported as unnamed. */
const MAX_NAMES = 65536;

export class SocketNames {
  static readonly #all = new WeakMap<FsCore, SocketNames>();
  readonly #paths = new Map<ObjectId, Uint8Array>();

  static of(core: FsCore): SocketNames {
    const names = SocketNames.#all.get(core) ?? new SocketNames();
    SocketNames.#all.set(core, names);
    return names;
  }

  /** @param path as bind(2) received it */
  keep(oid: ObjectId, path: Uint8Array): void {
    this.#paths.set(oid, Uint8Array.from(path));
    if (this.#paths.size <= MAX_NAMES) return;
    for (const oldest of this.#paths.keys()) {
      this.#paths.delete(oldest);
      break;
    }
  }

  /** Empty where none is known. */
  get(oid: ObjectId): Uint8Array {
    return this.#paths.get(oid) ?? NONE;
  }
}
