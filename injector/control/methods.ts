/**
 * The control protocol: the methods of a host, with their parameters, values and items.
 *
 * `client.ts` sends them, `host/control/` implements them; both are typed by this table. Paths are absolute, as
 * programs see them; `branch` defaults to `main`. A refusal has a message, a remedy, and in most cases a POSIX code.
 */
import type { Timespec } from '../../core/clock.ts';
import type { EventKindName, FileType } from '../../core/events/fs-event.ts';
import type { SnapshotInfo } from '../../core/layers/branch-table.ts';

/** Raw bytes in a request or reply: as base64 they stay below MAX_REQUEST. */
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
  /** 512-byte blocks. */
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
  /** Snapshot that it was created from, if any. */
  readonly snapshot?: string;
  /** Connections and runs that use it. */
  readonly users: number;
}

/** A difference between a branch and the real directory below it. */
export interface OverlayLine {
  /** `attributes`: mode, owner or times only. */
  readonly kind: 'added' | 'modified' | 'attributes' | 'deleted';
  readonly path: string;
  readonly type: FileType;
  /** How the real file has changed since the branch copied it up. */
  readonly conflict?: 'changed' | 'created' | 'removed';
}

/** Events after the requested id are no longer in the journal. Ids that still are, 0 for an empty journal. */
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
  /** Prepare a branch for a program, without the paths in `hide`. Lasts until the command disconnects. */
  'session.enter': Method<
    { readonly branch?: string; readonly hide?: readonly string[]; readonly agentAlways?: boolean },
    { readonly directory: string; readonly binding: number; readonly branch: string }
  >;
  /** Load gate and agent into a running process: an item when they run, the value when the agent has ended. */
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
  /** Fewer bytes than `length` only at the end of the file. */
  'file.read': Method<
    { readonly handle: number; readonly position: number; readonly length: number },
    { readonly data: string }
  >;
  /** Without `position`: append. */
  'file.write': Method<
    { readonly handle: number; readonly data: Data; readonly position?: number },
    { readonly written: number }
  >;
  'file.close': Method<{ readonly handle: number }, null>;
  /** Replace the contents of a small file, or create it, as a single operation. `exact`: mode and times as given, no umask. */
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
   * Events in order. Without `branch`: every event as its own branch has it; with it: as that branch shows it.
   * `since`: events after that id; without it all in the journal, or with `follow` only new events.
   * A reader that is too slow for the journal gets a `lost` item.
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
  /** The branch's changes of the overlaid directories, as a list or as patches. */
  'branch.diff': Method<
    { readonly branch?: string; readonly patch?: boolean },
    null,
    { readonly changes: readonly OverlayLine[] } | { readonly patch: string }
  >;
  /** Apply the changes to the real directories. With conflicts and without `force` nothing is applied. */
  'branch.commit': Method<
    { readonly branch?: string; readonly force?: boolean },
    {
      readonly applied: readonly OverlayLine[];
      readonly failed: readonly { readonly path: string; readonly reason: string }[];
      readonly conflicts: readonly OverlayLine[];
    }
  >;
  /** Drop the branch's changes. */
  'branch.discard': Method<{ readonly branch?: string }, null>;
  /** Let a process, and its later children, see another branch. `before`: the branch that it saw until now. */
  'branch.bind': Method<{ readonly name: string; readonly pid: number }, { readonly before: string }>;
  'branch.delete': Method<{ readonly name: string }, null>;
  'snapshot.create': Method<{ readonly name: string; readonly branch?: string }, null>;
  /** Replace the contents of `branch` by the snapshot's. */
  'snapshot.restore': Method<{ readonly name: string; readonly branch?: string }, null>;
  'snapshot.list': Method<Record<never, never>, readonly SnapshotInfo[]>;
  'snapshot.delete': Method<{ readonly name: string }, null>;
}

export type MethodName = keyof ControlMethods;

/** A host to call: in another process, or in this process. */
export interface Caller {
  /** @throws ControlError */
  call<K extends MethodName>(
    method: K,
    params: ControlMethods[K]['params'],
  ): Promise<ControlMethods[K]['value']>;
}
