/** A session that is served: its name is claimed, its socket listens, and each connection gets its part of the session. */
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { basename } from 'node:path';
import { type Logger, pino } from 'pino';
import type { FsCore } from '../../core/fs-core.ts';
import type { ConnectionNumber, Pid } from '../../core/numbers.ts';
import { ABSTRACT_SOCKET, HostState, Op, Role, TOKEN_BYTES } from '../../core/protocol.ts';
import { type SessionFile, sessionFilePath } from '../control/session-file.ts';
import type { FridaEngine, ScriptEvent } from '../engine/frida-engine.ts';
import {
  chooseObjectDirectory,
  createObjectDirectory,
  type ObjectDirectory,
} from '../platform/object-directory.ts';
import { type PeerCredentials, peerCredentials } from '../platform/peer-credentials.ts';
import { claimSession, type SessionClaim } from '../platform/run-directory.ts';
import { checkLimits } from '../platform/session-limits.ts';
import { AgentConnection } from './agents/agent-connection.ts';
import { Agents } from './agents/agents.ts';
import { EventDelivery } from './agents/event-delivery.ts';
import { ProcessAgent } from './agents/process-agent.ts';
import { ControlConnection } from './control/control-connection.ts';
import { GateConnection } from './gate/gate-connection.ts';
import { readHello } from './hello.ts';
import { Session, type SessionConfig } from './session/session.ts';
import { type Peer, SocketListener } from './socket-listener.ts';
import { FrameError } from './wire/frame-splitter.ts';
import { encodeReply, type RequestFrame } from './wire/request-frame.ts';

export interface SessionOptions
  extends Pick<SessionConfig, 'mounts' | 'overlays' | 'maxBytes' | 'allowUncovered' | 'agentAlways'> {
  /** Other commands find the session by this name. */
  readonly name: string;
  /** Which flags of a kqueue event reach a watcher: those it asked for, or all that the kernel would set. */
  readonly notes?: 'masked' | 'native';
  readonly engine: () => Promise<FridaEngine>;
  /** Whether the engine may be started before it is needed. Default: no. */
  readonly engineReady?: () => boolean;
  readonly agentSource: () => string;
  /** Path of the gate's library. */
  readonly gate: string;
  /** A sentence for the user, with cause and remedy. */
  readonly report: (message: string) => void;
  readonly log?: Logger;
}

export class SessionHost {
  readonly session: Session;
  readonly agents: Agents;
  /** Written to the run directory: other commands find the session by it. */
  readonly file: SessionFile;
  readonly #report: (message: string) => void;
  readonly #claim: SessionClaim;
  readonly #objects: ObjectDirectory;
  readonly #token: Buffer;
  readonly #delivery: EventDelivery;
  readonly #listener: SocketListener;
  #nextConnection = 1;
  #closed = false;

  /** @throws SessionError when the name is taken or invalid; the system's error when a directory is refused */
  static async open(options: SessionOptions): Promise<SessionHost> {
    checkLimits(options);
    const claim = claimSession(options.name);
    let objects: ObjectDirectory | undefined;
    try {
      const choice = chooseObjectDirectory();
      if (choice.degraded) options.report(`The bytes of virtual files are kept in ${choice.reason}.`);
      objects = await createObjectDirectory(options.name, choice);
      const host = new SessionHost(options, claim, objects);
      await host.#listen();
      return host;
    } catch (error) {
      objects?.remove();
      claim.release();
      throw error;
    }
  }

  private constructor(options: SessionOptions, claim: SessionClaim, objects: ObjectDirectory) {
    const log = options.log ?? pino({ level: process.env.SHIMFS_LOG ?? 'silent' }, pino.destination(2));
    this.#report = options.report;
    this.#claim = claim;
    this.#objects = objects;
    this.#token = randomBytes(TOKEN_BYTES);
    this.session = new Session({
      ...options,
      objects: objects.path,
      socketPath: claim.socket,
      token: this.#token,
      log,
    });
    this.agents = new Agents({
      engine: options.engine,
      engineReady: options.engineReady,
      source: options.agentSource,
      gate: options.gate,
      notes: options.notes ?? 'masked',
      count: (ino, delta) => this.session.page.watch(ino, delta),
      onTrouble: (pid, event) => this.#agentTrouble(pid, event),
    });
    this.#delivery = new EventDelivery(this.session, this.agents);
    this.#listener = new SocketListener((socket, q) => this.#greet(socket, q), log);
    this.file = {
      name: options.name,
      pid: process.pid,
      socket: claim.socket,
      objects: objects.path,
      mounts: options.mounts,
      gate: options.gate,
      token: this.#token.toString('hex'),
    };
  }

  get core(): FsCore {
    return this.session.core;
  }

  async #listen(): Promise<void> {
    await this.#listener.listen(this.#claim.socket);
    // For processes with another root directory or other mounts.
    if (process.platform === 'linux')
      await this.#listener.listen(`\0${ABSTRACT_SOCKET}${basename(this.#objects.path)}`);
    writeFileSync(sessionFilePath(this.#claim.socket), JSON.stringify(this.file), { mode: 0o600 });
    this.session.page.setHostState(HostState.Alive);
  }

  /** @throws FrameError when the peer is refused */
  #greet(socket: Socket, q: RequestFrame): Peer {
    const { role, binding, parentPid } = readHello(q, this.#token);
    const credentials = peerCredentials(socket);
    const actual = this.session.processes.bindingOf(credentials.pid, binding, parentPid);
    const peer = this.#peer(socket, role, credentials, actual);
    socket.write(encodeReply(Op.Hello, q.id, 0, {}));
    return peer;
  }

  #peer(socket: Socket, role: number, credentials: PeerCredentials, binding: number): Peer {
    const { session, agents } = this;
    if (!session.bindings.has(binding)) throw new FrameError(`there is no binding ${binding}`);
    switch (role) {
      case Role.Gate:
        return new GateConnection({
          session,
          socket,
          peer: credentials,
          binding,
          holder: this.#nextConnection++ as ConnectionNumber,
          agent: new ProcessAgent(agents, this.#delivery, credentials.pid),
          onAgentMissing: (pid, error) => this.#agentMissing(pid, error),
        });
      case Role.Agent: {
        const connection = new AgentConnection(socket, credentials.pid, binding);
        agents.connected(connection);
        return {
          receive() {
            throw new FrameError('an agent sends nothing');
          },
          end: () => agents.disconnected(connection),
        };
      }
      case Role.Control:
        return new ControlConnection(session, agents, socket);
      default:
        throw new FrameError(`there is no role ${role}`);
    }
  }

  #agentMissing(pid: Pid, error: unknown): void {
    const { message, remedy, code } = error as { message: string; remedy?: string; code?: string };
    // The end of the session, or of the process, interrupts the start of its agent: not a failure of watching.
    if (this.#closed || code === 'no-such-process') {
      this.session.log.info({ err: error, pid }, 'the start of an agent was interrupted');
      return;
    }
    this.#report(`Process ${pid} cannot watch virtual files: ${message}.${remedy ? ` ${remedy}` : ''}`);
  }

  #agentTrouble(pid: Pid, event: ScriptEvent): void {
    if (event.type === 'error') this.#report(`The agent in process ${pid} failed: ${event.description}`);
    this.session.log.info({ pid, event }, 'agent');
  }

  /** Ends every watch and connection, and removes the session's files. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.session.end();
    await this.agents.close();
    await this.#listener.close();
    this.session.close();
    rmSync(sessionFilePath(this.#claim.socket), { force: true });
    this.#objects.remove();
    this.#claim.release();
  }
}
