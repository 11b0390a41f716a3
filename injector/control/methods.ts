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

/** Attributes of a file, as `file.stat` returns them. */
export interface FileInfo {
  /** Inode number. */
  readonly ino: number;
  /** Type of the file. */
  readonly type: FileType;
  /** With the type's bits (S_IFMT). */
  readonly mode: number;
  /** Link count. */
  readonly nlink: number;
  /** User id of the owner. */
  readonly uid: number;
  /** Group id of the owner. */
  readonly gid: number;
  /** Bytes. */
  readonly size: number;
  /** 512-byte blocks. */
  readonly blocks: number;
  /** Time of the last access. */
  readonly atime: Timespec;
  /** Time of the last change of the contents. */
  readonly mtime: Timespec;
  /** Time of the last change of the inode. */
  readonly ctime: Timespec;
  /** Time of creation. */
  readonly btime: Timespec;
  /** Of a symbolic link. */
  readonly target?: string;
}

/** An entry of a directory, as `file.list` returns it. */
export interface NamedFile extends FileInfo {
  /** Name within the directory. */
  readonly name: string;
}

/** An event as commands print it. */
export interface EventLine {
  /** Id of the event: ascending, < 2^53. */
  readonly id: number;
  /** Name of the kind, such as `Created`. */
  readonly kind: EventKindName;
  /** Absolute path in the branch; for Renamed the new path. */
  readonly path: string;
  /** Renamed only. */
  readonly from?: string;
  /** Renamed, or Created where the old name is not visible: the inode that lost the name `path`. */
  readonly replaced?: { readonly ino: number; readonly type: FileType; readonly nlink: number };
  /** Inode number. */
  readonly ino: number;
  /** Process that caused it; 0 for the host. */
  readonly pid: number;
  /** Name of the branch whose operation caused it. */
  readonly branch: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Type of the file. */
  readonly type: FileType;
  /** Link count after the operation. */
  readonly nlink: number;
  /** Names of the `Detail` bits. */
  readonly detail: readonly string[];
}

/** A branch as `branch.list` describes it. */
export interface BranchLine {
  /** Name of the branch. */
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
  /** Absolute path of the real file, which is also its virtual path. */
  readonly path: string;
  /** Type of the file. */
  readonly type: FileType;
  /** How the real file has changed since the branch copied it up. */
  readonly conflict?: 'changed' | 'created' | 'removed';
}

/** Events after the requested id are no longer in the journal. Ids that still are, 0 for an empty journal. */
export interface HistoryLost {
  /** Id of the oldest event in the journal. */
  readonly oldest: number;
  /** Id of the newest event in the journal. */
  readonly newest: number;
}

/** An item of `event.read`: events in order, or a notice that some are lost. */
export type EventItem = { readonly events: readonly EventLine[] } | { readonly lost: HistoryLost };

/** Answer to `session.describe`. */
export interface SessionDescription {
  /** Name of the session. */
  readonly name: string;
  /** Absolute paths of the mounts, overlays included. */
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

/** The methods by name: parameters, value, and items that a method sends before its value. */
export interface ControlMethods {
  /** The session's name, mounts and newest event. */
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

  /** Attributes of a file. `follow`: of the file that a symbolic link leads to. Default: true. */
  'file.stat': Method<Where & { readonly follow?: boolean }, FileInfo>;
  /** A page of entries; `next` continues it. */
  'file.list': Method<
    Where & { readonly cookie?: number },
    { readonly entries: readonly NamedFile[]; readonly next?: number }
  >;
  /** Opens a file: `write` creates or empties it, `append` creates it if missing. The handle is valid until `file.close` or the end of the connection. */
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
  /** Closes a handle of `file.open`. */
  'file.close': Method<{ readonly handle: number }, null>;
  /** Replace the contents of a small file, or create it, as a single operation. `exact`: mode and times as given, no umask. */
  'file.put': Method<
    Creating & {
      readonly data: Data;
      readonly exact?: { readonly atime: Timespec; readonly mtime: Timespec };
    },
    null
  >;
  /** Sets a file's length in bytes. */
  'file.truncate': Method<Where & { readonly length: number }, null>;
  /** Creates a directory. `parents`: with all missing directories above it, and without an error if it exists. */
  'file.mkdir': Method<Creating & { readonly parents?: boolean }, null>;
  /** Removes a file or an empty directory; with `recursive` a directory and everything below it. */
  'file.remove': Method<Where & { readonly recursive?: boolean }, null>;
  /** Renames as rename(2) does: replaces a file, or an empty directory. */
  'file.rename': Method<{ readonly from: string; readonly to: string; readonly branch?: string }, null>;
  /** Makes `to` another name of the file `from`. */
  'file.link': Method<{ readonly from: string; readonly to: string; readonly branch?: string }, null>;
  /** Creates a symbolic link at `path` to `target`, which need not exist. */
  'file.symlink': Method<Where & { readonly target: string }, null>;
  /** Sets the permission bits. */
  'file.chmod': Method<Where & { readonly mode: number }, null>;
  /** Sets the times of access and modification. `follow`: of the file that a symbolic link leads to. Default: true. */
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

  /** Creates a branch over the live branch `from` (default: main), or over a snapshot. */
  'branch.create': Method<
    { readonly name: string; readonly from?: string; readonly snapshot?: string },
    null
  >;
  /** All branches, main first. */
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
  /** Deletes a branch that no branch, connection or run uses. */
  'branch.delete': Method<{ readonly name: string }, null>;
  /** Keeps the present contents of `branch` under a name. */
  'snapshot.create': Method<{ readonly name: string; readonly branch?: string }, null>;
  /** Replace the contents of `branch` by the snapshot's. */
  'snapshot.restore': Method<{ readonly name: string; readonly branch?: string }, null>;
  /** All snapshots. */
  'snapshot.list': Method<Record<never, never>, readonly SnapshotInfo[]>;
  /** Deletes a snapshot. Branches created from it keep their contents. */
  'snapshot.delete': Method<{ readonly name: string }, null>;
}

/** Name of a control method. */
export type MethodName = keyof ControlMethods;

/** A host to call: in another process, or in this process. */
export interface Caller {
  /** @throws ControlError */
  call<K extends MethodName>(
    method: K,
    params: ControlMethods[K]['params'],
  ): Promise<ControlMethods[K]['value']>;
}
