/** A session that this process hosts under a name, for programs that enter it: `shimfs host` as a call. */
import type { FsCore } from '../../core/fs-core.ts';
import { type OwnSessionOptions, openOwnSession } from './own-session.ts';

/** A session that this process hosts. Closing it gives EIO for virtual files to the processes in it. */
export interface HostedSession extends AsyncDisposable {
  /** `run`, `attach`, `ControlClient.connect` and the command's `--session` find the session by it. */
  readonly name: string;
  /** The session's tree. */
  readonly core: FsCore;
  /** Absolute paths of the mounts, overlays included. */
  readonly mounts: readonly string[];
  /** Ends every connection and watch, and removes the session's files. Idempotent. */
  close(): Promise<void>;
}

/**
 * Hosts a session until it is closed.
 *
 * @param name 1 to 64 letters, digits, dots, underscores or hyphens, not used by another session of this user
 * @throws UserError without a mount; SessionError for the name or a limit; GateBuildError. Nothing is left behind.
 */
export async function hostSession(name: string, options: OwnSessionOptions): Promise<HostedSession> {
  const host = await openOwnSession(name, options);
  const close = (): Promise<void> => host.close();
  return { name, core: host.core, mounts: host.file.mounts, close, [Symbol.asyncDispose]: close };
}
