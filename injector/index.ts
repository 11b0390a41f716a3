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
export { ControlClient, ControlError, readSession } from './control/client.ts';
export type {
  BranchLine,
  Caller as ControlCaller,
  ControlMethods,
  EventLine,
  FileInfo,
  MethodName,
} from './control/methods.ts';
export type { SessionFile } from './control/session-file.ts';
export { exportTree } from './control/tree-export.ts';
export { type Copied, importTree, type TreeOptions } from './control/tree-import.ts';
export {
  EngineError,
  type EngineErrorCode,
  type EngineInfo,
  type FridaEngine,
  type InjectedScript,
  type ScriptEvent,
  type ScriptOptions,
} from './engine/frida-engine.ts';
export { type OpenEngineOptions, openEngine } from './engine/select.ts';
export { SessionHost, type SessionOptions } from './host/session-host.ts';
export { SessionError } from './platform/run-directory.ts';
export { type Attached, type AttachOptions, attach } from './run/attach.ts';
export { GateBuildError } from './run/gate-library.ts';
export { type Import, type OwnSessionOptions, openOwnSession } from './run/own-session.ts';
export { type Run, type RunOptions, run } from './run/run.ts';
export { UserError } from './user-error.ts';
