/** Cuts a stream into frames: each begins with its own length (u32, little-endian, itself included). */

export class FrameError extends Error {}

export class FrameSplitter {
  #rest: Buffer | null = null;
  readonly #min: number;
  readonly #max: number;

  /** @param min bytes of the fixed part @param max longest frame that is accepted */
  constructor(min: number, max: number) {
    this.#min = min;
    this.#max = max;
  }

  /** Calls `each` for every whole frame. @throws FrameError on a length out of range */
  push(chunk: Buffer, each: (frame: Buffer) => void): void {
    let bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    this.#rest = null;
    while (bytes.length >= 4) {
      const length = bytes.readUInt32LE(0);
      if (length < this.#min || length > this.#max)
        throw new FrameError(`a frame of ${length} bytes, where ${this.#min} to ${this.#max} are allowed`);
      if (bytes.length < length) break;
      each(bytes.subarray(0, length));
      bytes = bytes.subarray(length);
    }
    if (bytes.length > 0) this.#rest = bytes;
  }
}
