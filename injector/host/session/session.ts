/**
 * A session without its socket: the core, the shared page, and the state of the processes that use them.
 *
 * Nothing here knows of sockets. The listeners above (`gate/`, `control/`, `agents/`) call its parts; the agents' side
 * is notified through `SessionListener`.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { EventKind, type FsEvent } from '../../../core/events/fs-event.ts';
import { FsCore } from '../../../core/fs-core.ts';
import type { Pid } from '../../../core/numbers.ts';
import { HostState, OBJECT_NAMES, SharedFlag } from '../../../core/protocol.ts';
import { SharedPage } from '../../platform/shared-page.ts';
import { Bindings } from './bindings.ts';
import { InPlaceReaders } from './in-place-readers.ts';
import { Inotify } from './inotify.ts';
import { NativeWrites } from './native-writes.ts';
import { Placeholders } from './placeholders.ts';
import { ProcessTable } from './process-table.ts';

export interface SessionConfig {
  /** Path of the gate's library, for programs of another user. */
  readonly gate: string;
  readonly name: string;
  /** Absolute paths, those of overlays included. */
  readonly mounts: readonly string[];
  /** Mounts that lie over the real directories of their paths. */
  readonly overlays?: readonly string[];
  readonly maxBytes?: number;
  readonly allowUncovered?: boolean;
  readonly agentAlways?: boolean;
  /** The session's own object directory. */
  readonly objects: string;
  /** Programs connect here. */
  readonly socketPath: string;
  /** `TOKEN_BYTES` secret bytes. */
  readonly token: Uint8Array;
  readonly log: Logger;
  /** A sentence for the user, with cause and remedy. */
  readonly report: (message: string) => void;
}

/** Notifications for the agents' side, besides the core's events. */
export interface SessionListener {
  /** The last writer of a file has closed it. */
  writerClosed(event: FsEvent): void;
  /** A process sees another branch. @param difference leads from the old view to the new view; costs a walk of both */
  rebound(pid: Pid, binding: number, difference: () => readonly FsEvent[]): void;
}

const IGNORE: SessionListener = { writerClosed: () => undefined, rebound: () => undefined };

export class Session {
  readonly name: string;
  readonly mounts: readonly string[];
  /** Path of the object directory. */
  readonly objects: string;
  readonly gate: string;
  readonly log: Logger;
  readonly core: FsCore;
  readonly page: SharedPage;
  readonly bindings: Bindings;
  readonly processes = new ProcessTable();
  readonly writes: NativeWrites;
  readonly inPlace: InPlaceReaders;
  readonly placeholders: Placeholders;
  readonly inotify: Inotify;
  /** Identifies the history that event ids belong to; different for each core. */
  readonly history = randomBytes(16);
  #listener = IGNORE;
  #closed = false;

  /** @throws the system's error, RangeError when the content of the shared page does not fit */
  constructor(config: SessionConfig) {
    const { name, mounts, overlays, objects, log, report, maxBytes } = config;
    this.name = name;
    this.mounts = mounts;
    this.objects = objects;
    this.gate = config.gate;
    this.log = log;
    for (const area of [OBJECT_NAMES.objects, OBJECT_NAMES.directories])
      mkdirSync(join(objects, area), { recursive: true, mode: 0o700 });
    // A process of another user binds its sockets there, by a descriptor; only the owner's paths lead to it.
    chmodSync(join(objects, OBJECT_NAMES.objects), 0o1733);
    this.core = new FsCore({
      mounts: mounts.filter((mount) => !overlays?.includes(mount)),
      overlays,
      backstore: { kind: 'shared', directory: objects },
      maxBytes,
      owner: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    });
    this.page = sharedPage(config);
    this.bindings = new Bindings(this.core);
    this.inPlace = new InPlaceReaders(this.core);
    this.placeholders = new Placeholders(objects);
    this.writes = new NativeWrites({
      core: this.core,
      takeMark: (slot) => this.page.takeDirty(slot),
      onClosed: (event) => this.#listener.writerClosed(event),
      uidOf: (pid) => this.processes.uidOf(pid as Pid) ?? process.getuid?.() ?? 0,
    });
    this.inotify = new Inotify({
      core: this.core,
      objects,
      count: (ino, delta) => this.page.watch(ino, delta),
      report,
    });
    // First of all subscribers: answers that gates keep are invalid before anything is notified.
    this.core.subscribe((event) => this.#invalidate(event));
    this.core.content.onNativeChange = (ino) => this.page.outdate(ino);
  }

  listen(listener: SessionListener): void {
    this.#listener = listener;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The environment variable's value for a program on a branch. @param keepalive a descriptor it is started with */
  environmentValue(branch: string, keepalive = 0): string {
    return `${this.objects}:${this.bindings.of(branch)}:${String(keepalive).padStart(4, '0')}`;
  }

  /**
   * Let a process, and the children that it starts from now on, see another branch.
   *
   * @returns the branch that it saw before, undefined when no such process lives here
   */
  rebind(pid: Pid, branch: string): string | undefined {
    const [connection] = this.processes.of(pid);
    if (!connection) return undefined;
    const before = this.bindings.branchOf(connection.binding);
    const eager = this.bindings.isEager(connection.binding);
    const binding = eager ? this.bindings.eager(branch) : this.bindings.of(branch);
    this.processes.bind(pid, binding);
    this.page.rebound();
    this.page.outdateAll();
    this.#listener.rebound(pid, binding, () => this.core.diff(before, branch));
    return before;
  }

  /** Runs before the caller of the operation gets its reply. */
  #invalidate(event: FsEvent): void {
    const { ino, parent, fromParent, replaced, kind, branch } = event;
    this.inPlace.changed(ino);
    this.page.outdate(ino);
    if (parent) this.page.outdate(parent);
    if (fromParent && fromParent !== parent) this.page.outdate(fromParent);
    if (replaced) this.page.outdate(replaced.ino);
    if (kind === EventKind.Removed && event.nlink === 0) this.#dropPlaceholders(ino, branch);
    else if (replaced?.nlink === 0) this.#dropPlaceholders(replaced.ino, branch);
  }

  #dropPlaceholders(ino: number, branch: string): void {
    this.placeholders.drop(ino, (binding) => this.bindings.branchOf(binding) === branch);
  }

  /** Programs get EIO and inotify watches end; connections may still be closed. Idempotent. */
  end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.writes.close();
    this.page.setHostState(HostState.Dead);
    this.inotify.close();
  }

  /** After `end`, once no connection is left. */
  close(): void {
    this.core.close();
    this.page.close();
  }
}

function sharedPage(config: SessionConfig): SharedPage {
  const { allowUncovered, agentAlways, overlays, maxBytes } = config;
  return SharedPage.create(join(config.objects, OBJECT_NAMES.shared), {
    mounts: config.mounts,
    device: deviceNumber(),
    flags:
      (allowUncovered ? SharedFlag.AllowUncovered : 0) |
      (agentAlways ? SharedFlag.AgentAlways : 0) |
      (overlays?.length ? SharedFlag.Overlays : 0) |
      (maxBytes === undefined ? 0 : SharedFlag.Quota),
    socketPath: config.socketPath,
    token: config.token,
  });
}

/** Major 0, like every filesystem without a device; a minor far above the kernel's own. */
function deviceNumber(): bigint {
  const minor = 0x80000 | (process.pid & 0x7ffff);
  return BigInt(minor & 0xff) | (BigInt(minor & 0xfff00) << 12n);
}
