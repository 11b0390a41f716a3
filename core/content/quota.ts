/** Counts the bytes that all files of a core hold, against a limit. */
import { FsError } from '../errors.ts';
import type { Inode } from '../layers/inode.ts';

export class Quota {
  /** Total size of all files, bytes; growth promised to native writers included. */
  used = 0;
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** @throws FsError ENOSPC if `bytes` more do not fit */
  admit(bytes: number, operation: string): void {
    if (this.used + bytes > this.maxBytes) throw new FsError('ENOSPC', operation);
  }

  /** Sets the size of an inode and counts the difference. */
  resize(node: Inode, size: number): void {
    this.used += size - node.size;
    node.size = size;
  }
}
