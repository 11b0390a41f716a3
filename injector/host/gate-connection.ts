/** One process's connection: who it is, what it holds, and its questions in order. */
import { statSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Attr } from '../../core/attr.ts';
import { ERRNO, type ErrnoCode, FsError } from '../../core/errors.ts';
import type { FsView, Place } from '../../core/fs-view.ts';
import type { RealName } from '../../core/inotify/mirrors.ts';
import { encodePath } from '../../core/path-bytes.ts';
import { generationIndex, MAX_REQUEST, Op, REQUEST, ReplyFlag } from '../../core/protocol.ts';
import { MountExit } from '../../core/walk.ts';
import { groupsOf } from '../platform/peer-credentials.ts';
import { cacheableStat } from './cacheable-stat.ts';
import { FrameError, FrameSplitter } from './frame-splitter.ts';
import { type Answer, encodeReply, failure, RequestFrame } from './request-frame.ts';
import { HANDLERS, type RequestContext, type SubtreeMode } from './requests.ts';
import { sendDescriptor, sendNow } from './send-now.ts';
import type { SessionHost } from './session-host.ts';

export interface Peer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

export class GateConnection implements RequestContext {
  readonly host: SessionHost;
  readonly socket: Socket;
  readonly peer: Peer;
  #binding: number;
  #view: FsView;
  /** Descriptors of each object that this process holds. */
  readonly #held = new Map<number, number>();
  /** Those of them that it may write. */
  readonly #writing = new Set<number>();
  readonly #frames = new FrameSplitter(REQUEST.size, MAX_REQUEST);
  /** Holders are told apart by connection, not by pid: an exec keeps the pid and gives up nothing. */
  readonly #holder: number;

  constructor(host: SessionHost, socket: Socket, peer: Peer, binding: number, holder: number) {
    this.host = host;
    this.socket = socket;
    this.peer = peer;
    this.#binding = binding;
    this.#holder = holder;
    host.inotify.entered(holder, peer.pid);
    this.#view = this.#viewOf(binding);
    host.residents.came(this);
    host.bindings.entered(binding);
    if (host.bindings.isEager(binding)) this.#bringEarly();
  }

  get core() {
    return this.host.core;
  }

  get binding(): number {
    return this.#binding;
  }

  get view(): FsView {
    return this.#view;
  }

  #viewOf(binding: number): FsView {
    const { peer } = this;
    let groups: readonly number[] | undefined;
    // Read when a right depends on it for the first time: most never do.
    const who = {
      ...peer,
      umask: 0,
      get groups() {
        groups ??= groupsOf(peer.pid);
        return groups;
      },
    };
    return this.host.core.view(this.host.branchOf(binding), who);
  }

  /** From the next request on. What it holds open stays what it is. */
  rebind(binding: number): void {
    const { bindings } = this.host;
    this.#view = this.#viewOf(binding);
    bindings.entered(binding);
    bindings.left(this.#binding);
    this.#binding = binding;
  }

  placeholder(attr: Attr): string {
    return this.host.placeholders.of(this.binding, attr);
  }

  /** Bytes from the process. @throws FrameError: the connection is to be closed */
  receive(chunk: Buffer): void {
    this.#frames.push(chunk, (bytes) => this.#answer(new RequestFrame(bytes)));
  }

  #answer(q: RequestFrame): void {
    if (q.op === Op.Agent) {
      this.#bringAgent(q);
      return;
    }
    if (q.op === Op.Warm) {
      this.host.agents.warm();
      return;
    }
    const handler = HANDLERS[q.op];
    if (!handler) throw new FrameError(`there is no request ${q.op}`);
    if (q.op !== Op.Ring) this.host.flushRings();
    const answer = this.#attempt(q, handler);
    if (answer) this.#reply(q, answer);
  }

  #attempt(q: RequestFrame, handler: NonNullable<(typeof HANDLERS)[number]>): Answer | undefined {
    try {
      return handler(q, this);
    } catch (error) {
      if (error instanceof FsError) return failure(error.code);
      if (error instanceof MountExit) return { flags: ReplyFlag.Exit, data: encodePath(error.path) };
      if (error instanceof FrameError) throw error;
      // The object's own filesystem refused: no space, or a program that is being executed.
      const code = (error as { code?: string }).code;
      if (code !== undefined && code in ERRNO) return failure(code as ErrnoCode);
      this.host.log.error({ err: error, op: q.op, pid: this.peer.pid }, 'a request failed inside the host');
      return failure('EIO');
    }
  }

  #reply(q: RequestFrame, answer: Answer): void {
    const seq = this.host.agents.seqOf(this.peer.pid);
    const bytes = encodeReply(q.op, q.id, seq, answer);
    const { passed } = answer;
    if (!passed) sendNow(this.socket, bytes);
    else if (sendDescriptor(this.socket, bytes, passed.fd)) passed.done();
    else sendNow(this.socket, encodeReply(q.op, q.id, seq, { flags: ReplyFlag.Lower | ReplyFlag.Retry }));
  }

  #bringAgent(q: RequestFrame): void {
    this.host.agents.bring(this.peer.pid).then(
      () => this.#reply(q, {}),
      (error: unknown) => {
        this.host.agentMissing(this.peer.pid, error);
        this.#reply(q, failure('ENOTSUP'));
      },
    );
  }

  /** Nobody waits for it, and a program that was quicker than its agent has lost nothing. */
  #bringEarly(): void {
    const { pid } = this.peer;
    this.host.agents.bring(pid).catch((error: unknown) => {
      if ((error as { code?: string }).code !== 'no-such-process') this.host.agentMissing(pid, error);
    });
  }

  /** A real file's attributes, with the reader's number and the counter that tells when to ask for a copy. */
  readInPlace(attr: Attr): Attr {
    if (attr.type !== 'file') return attr;
    const oid = this.host.inPlace.opened(attr.ino, this.view.branch, this);
    return { ...attr, oid, slot: this.host.page.generation(generationIndex(attr.ino)) };
  }

  repoint(q: RequestFrame): Answer {
    const { inPlace, log } = this.host;
    const { ino, id } = { ino: q.dir, id: q.a };
    const state = { pid: this.peer.pid, ino, locked: (q.flags & 1) !== 0, mapped: (q.flags & 2) !== 0 };
    // A fork child whose parent went before it was heard of goes on alone.
    const reader = inPlace.has(id) ? id : inPlace.opened(ino, this.view.branch, this);
    const moved = state.locked ? undefined : inPlace.repoint(reader, q.b);
    if (!moved) {
      if (state.locked)
        log.warn(state, 'a reader keeps the real file for its lock: it does not see the copy');
      if (reader !== id) inPlace.closed(reader, this);
      return { flags: ReplyFlag.Lower };
    }
    if (state.mapped)
      log.warn(state, 'a map of the real file keeps its bytes: the copy is read by descriptor only');
    const holds = q.mode;
    const done = (): void => {
      for (let i = 0; i < holds; i++) this.opened(moved.attr.oid, false);
      inPlace.closed(reader, this, reader === id ? holds : 1);
    };
    return { attr: moved.attr, passed: { fd: moved.fd, done } };
  }

  adopt(q: RequestFrame): Answer {
    const { inPlace, page } = this.host;
    const ino = this.core.realInode(q.path, statSync(`/proc/${this.peer.pid}/fd/${q.a}`, { bigint: true }));
    if (ino === undefined) return failure('ESTALE');
    const attr = this.view.stat({ dir: ino, path: '' });
    if (attr.type !== 'file') return failure('ESTALE');
    const known = inPlace.shared(attr.ino, this.peer.pid, q.a);
    if (known !== undefined) inPlace.held(known, this);
    const oid = known ?? inPlace.opened(attr.ino, this.view.branch, this);
    // It may have been copied up before: let its first read ask.
    return { attr: { ...attr, oid, slot: (page.generation(generationIndex(attr.ino)) - 1) >>> 0 } };
  }

  opened(oid: number, writing: boolean): void {
    if (this.host.inPlace.has(oid)) {
      this.host.inPlace.held(oid, this);
      return;
    }
    this.core.opened(oid, this.#holder);
    this.#held.set(oid, (this.#held.get(oid) ?? 0) + 1);
    const object = this.core.content.object(oid);
    if (!writing || !object || this.#writing.has(oid)) return;
    this.#writing.add(oid);
    this.host.writers.came(oid, object.node.ino);
    // What was remembered before it was written behind the host's back, and whoever reads the file it was a copy of.
    this.host.inPlace.changed(object.node.ino);
    this.host.page.outdate(object.node.ino);
  }

  stat(place: Place, options: { readonly follow: boolean }): Answer {
    const { page, writers, core } = this.host;
    const quiet = (attr: Attr): boolean => !writers.has(attr.oid);
    if (core.overlays.length === 0) return cacheableStat(this.view, place, options, page, quiet);
    // What others change underneath raises no generation.
    return cacheableStat(this.view, place, options, page, quiet, (found) =>
      core.realDependency(this.view.branch, place, found),
    );
  }

  closed(oid: number): void {
    if (this.host.inPlace.has(oid)) {
      this.host.inPlace.closed(oid, this);
      return;
    }
    const count = this.#held.get(oid);
    if (count === undefined) return;
    this.host.takeWrites(oid);
    if (count > 1) {
      this.#held.set(oid, count - 1);
      return;
    }
    this.#held.delete(oid);
    if (this.#writing.delete(oid)) this.host.writerLeft(oid);
    this.core.closed(oid, this.#holder);
  }

  wrote(oid: number): void {
    this.host.takeWrites(oid, this.peer.pid);
  }

  rang(oid: number): void {
    this.host.rang(oid);
  }

  watch(inodes: readonly number[], on: boolean): boolean {
    return this.host.agents.watch(this.peer.pid, inodes, on);
  }

  subtree(stream: number, roots: readonly string[], mode: SubtreeMode, since: number): boolean {
    return this.host.subtree(this.peer.pid, stream, roots, mode, since);
  }

  get history(): Uint8Array {
    return this.host.history;
  }

  notify(place: Place, how: { follow: boolean; directory: boolean }): RealName | undefined {
    return this.host.inotify.watch(this.view, place, how);
  }

  nameToOpen(ino: number, oid: number, dir: number, name: string): RealName | undefined {
    return this.host.inotify.nameToOpen(this.view, ino, oid, dir, name);
  }

  byDescriptor(ino: number, change: () => void): boolean {
    return this.host.inotify.byDescriptor(this.view, ino, change);
  }

  recover(path: Buffer, inode: number): { ino: number; oid: number } | undefined {
    return this.host.inotify.recover(path, inode);
  }

  /** The process, or this image of it, has gone. */
  end(): void {
    for (const oid of this.#held.keys()) this.host.takeWrites(oid);
    for (const oid of this.#writing) {
      this.host.writerLeft(oid);
      // It may have been killed between a write and its mark.
      this.core.touched(oid, this.peer.pid);
    }
    this.#writing.clear();
    this.core.released(this.#holder);
    this.host.inotify.left(this.#holder);
    this.#held.clear();
    this.host.inPlace.released(this);
    this.host.residents.left(this);
    this.host.bindings.left(this.binding);
  }
}
