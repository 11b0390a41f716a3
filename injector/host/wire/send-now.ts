/** Writes past a stream with nothing queued: the stream's own work takes longer than the write. */
import { writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { libc } from '../../platform/libc.ts';

/** @returns bytes that the kernel took; the caller gives the rest to the stream */
export function writeNow(socket: Socket, bytes: Buffer): number {
  const fd = (socket as { _handle?: { fd?: number } | null })._handle?.fd ?? -1;
  if (fd < 0 || socket.writableLength > 0 || !socket.writable) return 0;
  try {
    return writeSync(fd, bytes);
  } catch {
    // EAGAIN: the stream waits for room. A broken connection: the stream reports it.
    return 0;
  }
}

/** Bytes together with a descriptor. @returns false when that is not possible now; nothing was sent then */
export function sendDescriptor(socket: Socket, bytes: Buffer, fd: number): boolean {
  const to = (socket as { _handle?: { fd?: number } | null })._handle?.fd ?? -1;
  if (to < 0 || socket.writableLength > 0 || !socket.writable) return false;
  const sent = libc().sendDescriptor(to, bytes, fd);
  if (sent > 0 && sent < bytes.length) socket.write(bytes.subarray(sent));
  return sent > 0;
}

/** All bytes, after those that are queued. */
export function sendNow(socket: Socket, bytes: Buffer): void {
  const sent = writeNow(socket, bytes);
  if (sent < bytes.length) socket.write(sent === 0 ? bytes : bytes.subarray(sent));
}
