/** Past the stream, where nothing is waiting before: what it does about a write takes longer than the write. */
import { writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { libc } from '../platform/libc.ts';

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

/** With a descriptor beside them. @returns false when that is not possible now, and nothing was sent */
export function sendDescriptor(socket: Socket, bytes: Buffer, fd: number): boolean {
  const to = (socket as { _handle?: { fd?: number } | null })._handle?.fd ?? -1;
  if (to < 0 || socket.writableLength > 0 || !socket.writable) return false;
  const sent = libc().sendDescriptor(to, bytes, fd);
  if (sent > 0 && sent < bytes.length) socket.write(bytes.subarray(sent));
  return sent > 0;
}

/** In order, and whole. */
export function sendNow(socket: Socket, bytes: Buffer): void {
  const sent = writeNow(socket, bytes);
  if (sent < bytes.length) socket.write(sent === 0 ? bytes : bytes.subarray(sent));
}
