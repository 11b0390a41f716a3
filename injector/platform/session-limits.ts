/** Limits of the gate for a session (`LIMITS` in core/protocol.ts), checked before the session is created. */
import { LIMITS, MOUNTS_BYTES, TOKEN_BYTES } from '../../core/protocol.ts';
import { SessionError } from './run-directory.ts';

export interface SessionExtent {
  /** Absolute paths, overlays included. */
  readonly mounts: readonly string[];
  /** Path of the gate's library. */
  readonly gate: string;
}

/** Size of the path in sockaddr_un; the socket's path lies beside the mounts in the shared page. */
const SOCKET_BYTES = 108;

/** @throws SessionError 'limit', which names the number that is too large, and the remedy */
export function checkLimits({ mounts, gate }: SessionExtent): void {
  if (mounts.length > LIMITS.MAX_MOUNTS)
    throw new SessionError(
      'limit',
      `a session can have ${LIMITS.MAX_MOUNTS} mounts and overlays, and ${mounts.length} were asked for`,
      'Mount a directory that contains several of them.',
    );
  const bytes = mounts.reduce((sum, mount) => sum + Buffer.byteLength(mount) + 1, 0);
  const room = MOUNTS_BYTES - TOKEN_BYTES - SOCKET_BYTES;
  if (bytes > room)
    throw new SessionError(
      'limit',
      `the mounts' paths take ${bytes} bytes together, and there is room for ${room}`,
      'Choose shorter paths, or mount a directory that contains several of them.',
    );
  if (Buffer.byteLength(gate) >= LIMITS.MAX_GATE_PATH)
    throw new SessionError(
      'limit',
      `the path of the gate's library is longer than ${LIMITS.MAX_GATE_PATH - 1} bytes: ${gate}`,
      'Set XDG_CACHE_HOME to a directory with a shorter path.',
    );
}

/** @throws SessionError 'path-too-long' */
export function checkObjectDirectory(path: string): void {
  if (Buffer.byteLength(path) >= LIMITS.MAX_OBJECT_DIRECTORY)
    throw new SessionError(
      'path-too-long',
      `the object directory's path is longer than ${LIMITS.MAX_OBJECT_DIRECTORY - 1} bytes: ${path}`,
      'Set TMPDIR to a directory with a shorter path.',
    );
}
