/** Past the stream, where nothing is waiting before: what it does about a write takes longer than the write. */
import { writeSync } from 'node:fs';
import type { Socket } from 'node:net';

/** @returns bytes that the kernel took at once; the rest is the stream's */
export function writeNow(socket: Socket, bytes: Buffer): number {
  const fd = (socket as { _handle?: { fd?: number } | null })._handle?.fd ?? -1;
  if (fd < 0 || socket.writableLength > 0 || !socket.writable) return 0;
  try {
    return writeSync(fd, bytes);
  } catch {
    // Full: the stream waits for room. Broken: the stream will say so.
    return 0;
  }
}

/** In order, and whole. */
export function sendNow(socket: Socket, bytes: Buffer): void {
  const sent = writeNow(socket, bytes);
  if (sent < bytes.length) socket.write(sent === 0 ? bytes : bytes.subarray(sent));
}
