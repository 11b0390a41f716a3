/**
 * shimfs as a library.
 *
 * ```ts
 * import { run } from 'shimfs';
 * const { status } = await run({ mounts: ['/v'], command: 'cat', args: ['/v/hello'],
 *   prepare: (core) => core.fs.writeFileSync('/v/hello', 'hi\n') });
 * process.exitCode = await status;
 * ```
 */
export * from '../core/index.ts';
export { ControlClient, ControlError } from './control/client.ts';
export type {
  BranchLine,
  Caller as ControlCaller,
  ControlMethods,
  Data,
  EventItem,
  EventLine,
  FileInfo,
  HistoryLost,
  MethodName,
  NamedFile,
  OverlayLine,
  SessionDescription,
} from './control/methods.ts';
export { exportTree } from './control/tree-export.ts';
export { type Copied, importTree, type TreeOptions } from './control/tree-import.ts';
export { EngineError, type EngineErrorCode } from './engine/frida-engine.ts';
export { SessionError, type SessionErrorCode } from './platform/run-directory.ts';
export { type Attached, type AttachOptions, attach } from './run/attach.ts';
export { GateBuildError } from './run/gate-library.ts';
export { type HostedSession, hostSession } from './run/hosted-session.ts';
export type { Import, OwnSessionOptions as SessionOptions } from './run/own-session.ts';
export { type Run, type RunOptions, run } from './run/run.ts';
export { UserError } from './user-error.ts';
