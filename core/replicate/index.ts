/** Replication: keeps a target equal to a branch or a real directory. */
export type { BackoffOptions } from './backoff.ts';
export { type ChangeLog, type ChangeLogOptions, FileChangeLog, type LogEntry } from './change-log.ts';
export { UnsteadyFile } from './file-copy.ts';
export type { ReplicaNode } from './node.ts';
export { branchOrigin, directoryOrigin, type Origin } from './origin.ts';
export { type Progress, Replicator, type ReplicatorOptions } from './replicator.ts';
export { type ReplicaState, StateFile, type StateStore } from './state-file.ts';
export { branchTarget, directoryTarget, PRIVATE, type Staged, type Target } from './target.ts';
export type { XattrPort, Xattrs } from './xattrs.ts';
