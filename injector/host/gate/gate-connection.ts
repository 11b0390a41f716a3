/** The connection of a process: its view, the objects that it holds, and its requests in order. */
import type { Socket } from 'node:net';
import { ERRNO, type ErrnoCode, FsError } from '../../../core/errors.ts';
import type { FsView } from '../../../core/fs-view.ts';
import type { ConnectionNumber, Pid } from '../../../core/numbers.ts';
import { encodePath } from '../../../core/path-bytes.ts';
import { MAX_REQUEST, Op, REQUEST, ReplyFlag } from '../../../core/protocol.ts';
import { MountExit } from '../../../core/walk.ts';
import {
  type PeerCredentials,
  type ThreadCredentials,
  threadCredentials,
} from '../../platform/peer-credentials.ts';
import type { ProcessAgent } from '../agents/process-agent.ts';
import type { BoundConnection } from '../session/process-table.ts';
import type { Session } from '../session/session.ts';
import { FrameError, FrameSplitter } from '../wire/frame-splitter.ts';
import { type Answer, encodeReply, failure, RequestFrame } from '../wire/request-frame.ts';
import { sendDescriptor, sendNow } from '../wire/send-now.ts';
import { HeldObjects } from './held-objects.ts';
import type { Handler, RequestContext } from './request-context.ts';
import { HANDLERS } from './requests.ts';

export interface GateConnectionConfig {
  readonly session: Session;
  readonly socket: Socket;
  readonly peer: PeerCredentials;
  readonly binding: number;
  /** Number of this connection as a holder of objects. */
  readonly holder: ConnectionNumber;
  readonly agent: ProcessAgent;
  /** The process needs an agent and cannot have one. */
  readonly onAgentMissing: (pid: Pid, error: unknown) => void;
}

export class GateConnection implements BoundConnection, RequestContext {
  readonly session: Session;
  readonly peer: PeerCredentials;
  readonly agent: ProcessAgent;
  readonly held: HeldObjects;
  readonly #config: GateConnectionConfig;
  readonly #frames = new FrameSplitter(REQUEST.size, MAX_REQUEST);
  #binding: number;
  #view: FsView;
  #credentials?: ThreadCredentials;

  constructor(config: GateConnectionConfig) {
    const { session, peer, binding, holder, agent } = config;
    this.#config = config;
    this.session = session;
    this.peer = peer;
    this.agent = agent;
    this.held = new HeldObjects(session, this, holder);
    this.#binding = binding;
    session.inotify.holderAdded(holder, peer.pid);
    this.#view = this.#viewOf(binding);
    session.processes.add(this);
    session.bindings.userAdded(binding);
    if (session.bindings.isEager(binding)) this.#bringEarly();
  }

  get binding(): number {
    return this.#binding;
  }

  get uid(): number {
    return this.#view.who.uid;
  }

  get view(): FsView {
    return this.#view;
  }

  get holder(): this {
    return this;
  }

  #viewOf(binding: number): FsView {
    const { peer, session } = this;
    const read = (): ThreadCredentials => this.#readCredentials();
    const caller = {
      pid: peer.pid,
      uid: this.#credentials?.uid ?? peer.uid,
      gid: this.#credentials?.gid ?? peer.gid,
      umask: 0,
      get groups() {
        return read().groups;
      },
    };
    return session.core.view(session.bindings.branchOf(binding), caller);
  }

  /** Read at the first check that depends on more than the ids at the connection's start: most processes never need it. */
  #readCredentials(): ThreadCredentials {
    const { pid, uid, gid } = this.peer;
    this.#credentials ??= threadCredentials(pid) ?? { uid, gid, groups: [], real: { uid, gid } };
    return this.#credentials;
  }

  /** The process has changed its ids. @param tid the thread that did */
  credentialsChanged(tid: number): void {
    this.#credentials = threadCredentials(this.peer.pid, tid) ?? threadCredentials(this.peer.pid);
    this.#view = this.#viewOf(this.#binding);
  }

  /** As `view`, with the real ids. */
  get realView(): FsView {
    const { real } = this.#readCredentials();
    const { who, branch } = this.#view;
    if (real.uid === who.uid && real.gid === who.gid) return this.#view;
    return this.session.core.view(branch, { ...who, groups: who.groups, ...real });
  }

  /** Takes effect at the next request. Open descriptors keep their files. */
  rebind(binding: number): void {
    const { bindings } = this.session;
    this.#view = this.#viewOf(binding);
    bindings.userAdded(binding);
    bindings.userRemoved(this.#binding);
    this.#binding = binding;
  }

  /** Bytes from the process. @throws FrameError: the connection must be closed */
  receive(chunk: Buffer): void {
    this.#frames.push(chunk, (bytes) => this.#answer(new RequestFrame(bytes)));
  }

  #answer(q: RequestFrame): void {
    if (q.op === Op.Agent) {
      this.#bringAgent(q);
      return;
    }
    if (q.op === Op.Warm) {
      this.agent.warm();
      return;
    }
    const handler = HANDLERS[q.op];
    if (!handler) throw new FrameError(`there is no request ${q.op}`);
    if (q.op !== Op.Ring) this.session.writes.flush();
    const answer = this.#attempt(q, handler);
    if (answer) this.#reply(q, answer);
  }

  #attempt(q: RequestFrame, handler: Handler): Answer | undefined {
    try {
      if (q.hasNulInPath) return failure('EINVAL');
      return handler(q, this);
    } catch (error) {
      if (error instanceof FsError) return failure(error.code);
      if (error instanceof MountExit) return { flags: ReplyFlag.Exit, data: encodePath(error.path) };
      if (error instanceof FrameError) throw error;
      // The object directory's filesystem refused: for example no space, or a program that is being executed.
      const code = (error as { code?: string }).code;
      if (code !== undefined && code in ERRNO) return failure(code as ErrnoCode);
      this.session.log.error(
        { err: error, op: q.op, pid: this.peer.pid },
        'a request failed inside the host',
      );
      return failure('EIO');
    }
  }

  #reply(q: RequestFrame, answer: Answer): void {
    const { socket } = this.#config;
    const { seq } = this.agent;
    const bytes = encodeReply(q.op, q.id, seq, answer);
    const { passed } = answer;
    if (!passed) sendNow(socket, bytes);
    else if (sendDescriptor(socket, bytes, passed.fd)) passed.done();
    else sendNow(socket, encodeReply(q.op, q.id, seq, passed.failed()));
  }

  #bringAgent(q: RequestFrame): void {
    this.agent.bring().then(
      () => this.#reply(q, {}),
      (error: unknown) => {
        this.#config.onAgentMissing(this.peer.pid, error);
        this.#reply(q, failure('ENOTSUP'));
      },
    );
  }

  /** No request waits for it. */
  #bringEarly(): void {
    this.agent.bring().catch((error: unknown) => this.#config.onAgentMissing(this.peer.pid, error));
  }

  /** The process, or this image of it, has ended. */
  end(): void {
    const { processes, bindings, inotify } = this.session;
    const steps = [
      () => this.held.release(),
      () => inotify.holderRemoved(this.#config.holder),
      () => processes.remove(this),
      () => bindings.userRemoved(this.#binding),
    ];
    // Each of them frees something else: a failure of one must not keep the rest.
    for (const step of steps)
      try {
        step();
      } catch (error) {
        this.session.log.error({ err: error, pid: this.peer.pid }, "a process's end failed inside the host");
      }
  }
}
