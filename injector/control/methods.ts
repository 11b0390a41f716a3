/**
 * What a command may ask of a host: the names, what goes with them and what comes back.
 *
 * Both sides are written against this table. Paths are absolute, as programs see them; `branch` is `main` where
 * it is left out. A refusal comes back as a message, a POSIX code where there is one, and a remedy.
 */
import type { Timespec } from '../../core/clock.ts';
import type { EventKindName, FileType } from '../../core/events/fs-event.ts';
import type { SnapshotInfo } from '../../core/layers/branch-table.ts';

/** Raw bytes in one request or answer: with base64 they stay below MAX_REQUEST. */
export const CHUNK_BYTES = 48 * 1024;

export interface FileInfo {
  readonly ino: number;
  readonly type: FileType;
  /** With the type's bits (S_IFMT). */
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes. */
  readonly size: number;
  /** Of 512 bytes. */
  readonly blocks: number;
  readonly atime: Timespec;
  readonly mtime: Timespec;
  readonly ctime: Timespec;
  readonly btime: Timespec;
  /** Of a symbolic link. */
  readonly target?: string;
}

export interface NamedFile extends FileInfo {
  readonly name: string;
}

/** An event as commands print it. */
export interface EventLine {
  readonly id: number;
  readonly kind: EventKindName;
  readonly path: string;
  /** Renamed only. */
  readonly from?: string;
  /** Renamed, or Created where the old name is not visible: the inode that lost the name `path`. */
  readonly replaced?: { readonly ino: number; readonly type: FileType; readonly nlink: number };
  readonly ino: number;
  /** Process that caused it; 0 for the host. */
  readonly pid: number;
  readonly branch: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly type: FileType;
  readonly nlink: number;
  /** Names of the `Detail` bits. */
  readonly detail: readonly string[];
}

export interface BranchLine {
  readonly name: string;
  /** Branch below, if any. */
  readonly parent?: string;
  /** Snapshot that it began from, if any. */
  readonly snapshot?: string;
  /** Programs and runs that live in it. */
  readonly users: number;
}

/** A difference between a branch and the real directory below it. */
export interface OverlayLine {
  /** `attributes`: mode, owner or times only. */
  readonly kind: 'added' | 'modified' | 'attributes' | 'deleted';
  readonly path: string;
  readonly type: FileType;
  /** What others did to the real file since the branch took it over. */
  readonly conflict?: 'changed' | 'created' | 'removed';
}

/** Events after the asked id are no longer kept. Ids still held, 0 if none is. */
export interface HistoryLost {
  readonly oldest: number;
  readonly newest: number;
}

export type EventItem = { readonly events: readonly EventLine[] } | { readonly lost: HistoryLost };

export interface SessionDescription {
  readonly name: string;
  readonly mounts: readonly string[];
  /** The host's. */
  readonly pid: number;
  /** Id of the newest event, 0 before the first. */
  readonly newest: number;
}

/** Base64 on the wire; bytes when the host is in this process. */
export type Data = string | Uint8Array;

interface Where {
  readonly path: string;
  readonly branch?: string;
}
interface Creating extends Where {
  /** Permission bits, before `umask`. */
  readonly mode?: number;
  readonly umask?: number;
}
type Method<P, V, I = never> = { readonly params: P; readonly value: V; readonly item: I };

export interface ControlMethods {
  'session.describe': Method<Record<never, never>, SessionDescription>;
  /** Where a program is to live. What `hide` names does not exist for it. Holds until the command hangs up. */
  'session.enter': Method<
    { readonly branch?: string; readonly hide?: readonly string[]; readonly agentAlways?: boolean },
    { readonly directory: string; readonly binding: number; readonly branch: string }
  >;
  /** Bring gate and agent into a running process: one item when they are there, the value when it ended. */
  'session.attach': Method<
    { readonly pid: number; readonly branch?: string },
    { readonly pid: number },
    { readonly attached: number }
  >;

  'file.stat': Method<Where & { readonly follow?: boolean }, FileInfo>;
  /** A page of entries; `next` continues it. */
  'file.list': Method<
    Where & { readonly cookie?: number },
    { readonly entries: readonly NamedFile[]; readonly next?: number }
  >;
  'file.open': Method<
    Creating & { readonly access: 'read' | 'write' | 'append' },
    { readonly handle: number; readonly size: number }
  >;
  /** Fewer bytes than asked for: the end. */
  'file.read': Method<
    { readonly handle: number; readonly position: number; readonly length: number },
    { readonly data: string }
  >;
  /** Without `position`: at the end. */
  'file.write': Method<
    { readonly handle: number; readonly data: Data; readonly position?: number },
    { readonly written: number }
  >;
  'file.close': Method<{ readonly handle: number }, null>;
  /** All of a small file in one operation, made if need be. `exact`: mode and times as given, no umask. */
  'file.put': Method<
    Creating & {
      readonly data: Data;
      readonly exact?: { readonly atime: Timespec; readonly mtime: Timespec };
    },
    null
  >;
  'file.truncate': Method<Where & { readonly length: number }, null>;
  'file.mkdir': Method<Creating & { readonly parents?: boolean }, null>;
  'file.remove': Method<Where & { readonly recursive?: boolean }, null>;
  'file.rename': Method<{ readonly from: string; readonly to: string; readonly branch?: string }, null>;
  'file.link': Method<{ readonly from: string; readonly to: string; readonly branch?: string }, null>;
  'file.symlink': Method<Where & { readonly target: string }, null>;
  'file.chmod': Method<Where & { readonly mode: number }, null>;
  'file.times': Method<
    Where & { readonly atime: Timespec; readonly mtime: Timespec; readonly follow?: boolean },
    null
  >;

  /**
   * Events in order. Without `branch`: all, as they were caused; with it: as that branch hears of them.
   * `since`: those after that id; without it those still kept, or with `follow` the coming ones.
   * A reader that is too slow for the journal is told what it lost.
   */
  'event.read': Method<
    { readonly since?: number; readonly branch?: string; readonly follow?: boolean },
    { readonly newest: number },
    EventItem
  >;

  'branch.create': Method<
    { readonly name: string; readonly from?: string; readonly snapshot?: string },
    null
  >;
  'branch.list': Method<Record<never, never>, readonly BranchLine[]>;
  /** What the branch shows of overlaid directories that is not there, as a list or as patches. */
  'branch.diff': Method<
    { readonly branch?: string; readonly patch?: boolean },
    null,
    { readonly changes: readonly OverlayLine[] } | { readonly patch: string }
  >;
  /** Carry that over. With conflicts and without `force` nothing is done. */
  'branch.commit': Method<
    { readonly branch?: string; readonly force?: boolean },
    {
      readonly applied: readonly OverlayLine[];
      readonly failed: readonly { readonly path: string; readonly reason: string }[];
      readonly conflicts: readonly OverlayLine[];
    }
  >;
  /** Drop all that the branch changed. */
  'branch.discard': Method<{ readonly branch?: string }, null>;
  /** Let a process, and the children that it starts from then on, see another branch. `before`: the one until now. */
  'branch.bind': Method<{ readonly name: string; readonly pid: number }, { readonly before: string }>;
  'branch.delete': Method<{ readonly name: string }, null>;
  'snapshot.create': Method<{ readonly name: string; readonly branch?: string }, null>;
  /** `branch` shows what the snapshot holds, and forgets its own changes. */
  'snapshot.restore': Method<{ readonly name: string; readonly branch?: string }, null>;
  'snapshot.list': Method<Record<never, never>, readonly SnapshotInfo[]>;
  'snapshot.delete': Method<{ readonly name: string }, null>;
}

export type MethodName = keyof ControlMethods;

/** Somebody who answers: a host elsewhere, or one in this process. */
export interface Caller {
  /** @throws ControlError */
  call<K extends MethodName>(
    method: K,
    params: ControlMethods[K]['params'],
  ): Promise<ControlMethods[K]['value']>;
}
