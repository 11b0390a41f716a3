/**
 * A session: one core, the processes that live in it, and the socket they speak over.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { basename, join } from 'node:path';
import { type Logger, pino } from 'pino';
import { EventKind, type FsEvent } from '../../core/events/fs-event.ts';
import { SubtreeIndex } from '../../core/events/subtree-index.ts';
import { FsCore } from '../../core/fs-core.ts';
import {
  ABSTRACT_SOCKET,
  HELLO,
  HostState,
  ID_PARTS,
  MAGIC,
  MAX_REQUEST,
  OBJECT_NAMES,
  Op,
  PROTOCOL_VERSION,
  REQUEST,
  Role,
  SharedFlag,
  TOKEN_BYTES,
} from '../../core/protocol.ts';
import type { FridaEngine, ScriptEvent } from '../engine/frida-engine.ts';
import {
  chooseObjectDirectory,
  createObjectDirectory,
  type ObjectDirectory,
} from '../platform/object-directory.ts';
import { peerCredentials } from '../platform/peer-credentials.ts';
import { claimSession, type SessionClaim } from '../platform/run-directory.ts';
import { checkLimits } from '../platform/session-limits.ts';
import { SharedPage } from '../platform/shared-page.ts';
import { AgentConnection } from './agent-connection.ts';
import { Agents } from './agents.ts';
import { Bindings } from './bindings.ts';
import { ControlConnection } from './control-connection.ts';
import { FrameError, FrameSplitter } from './frame-splitter.ts';
import { GateConnection, type Peer } from './gate-connection.ts';
import { InPlace } from './in-place.ts';
import { Inotify } from './inotify.ts';
import { OpenWrites } from './open-writes.ts';
import { Placeholders } from './placeholders.ts';
import { encodeReply, RequestFrame } from './request-frame.ts';
import type { SubtreeMode } from './requests.ts';
import { Residents } from './residents.ts';
import { withSiblings } from './siblings.ts';
import { concerned, type Visible } from './subtrees.ts';
import { Writers } from './writers.ts';

export interface SessionOptions {
  /** Found by other commands under this name. */
  readonly name: string;
  /** Absolute paths, those of overlays included. */
  readonly mounts: readonly string[];
  /** Mounts that lie over the real directories of their paths. */
  readonly overlays?: readonly string[];
  readonly maxBytes?: number;
  readonly notes?: 'masked' | 'native';
  readonly allowUncovered?: boolean;
  readonly agentAlways?: boolean;
  readonly engine: () => Promise<FridaEngine>;
  /** May the engine be started before it is needed? Default: no. */
  readonly engineReady?: () => boolean;
  readonly agentSource: () => string;
  /** Path of the gate's library. */
  readonly gate: string;
  /** Something a person should read, one sentence with cause and remedy. */
  readonly tell: (message: string) => void;
  readonly log?: Logger;
}

/** A connection that has not said Hello by then is cut. */
const HELLO_TIMEOUT_MS = 5_000;
/** Rings are gathered for this long: many writes, one event. */
const RING_DELAY_MS = 2;

interface Speaker {
  receive(chunk: Buffer): void;
  end(): void;
}

export class SessionHost {
  readonly name: string;
  readonly core: FsCore;
  readonly agents: Agents;
  readonly bindings: Bindings;
  readonly residents = new Residents<GateConnection>();
  readonly writers = new Writers();
  readonly inPlace: InPlace;
  readonly objects: ObjectDirectory;
  readonly placeholders: Placeholders;
  readonly inotify: Inotify;
  readonly page: SharedPage;
  readonly log: Logger;
  readonly options: SessionOptions;
  readonly #claim: SessionClaim;
  readonly #server: Server;
  /** Linux: the same at an abstract name, for processes with another root directory or other mounts. */
  readonly #unrooted: Server | undefined;
  readonly #token: Buffer;
  readonly #openWrites: OpenWrites;
  /** Names what event ids are told of. */
  readonly history = randomBytes(16);
  readonly #sockets = new Set<Socket>();
  readonly #rung = new Set<number>();
  #ringTimer: NodeJS.Timeout | undefined;
  /** Above every pid: the core keeps both in one table. */
  #nextHolder = 2 ** 32;
  #closed = false;

  /** @throws SessionError when the name is taken or bad; whatever the directories refuse */
  static async open(options: SessionOptions): Promise<SessionHost> {
    checkLimits(options);
    const claim = claimSession(options.name);
    let objects: ObjectDirectory | undefined;
    try {
      const choice = chooseObjectDirectory();
      if (choice.degraded) options.tell(`The bytes of virtual files are kept in ${choice.reason}.`);
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
    this.options = options;
    this.name = options.name;
    this.#claim = claim;
    this.objects = objects;
    this.placeholders = new Placeholders(objects.path);
    this.log = options.log ?? pino({ level: process.env.SHIMFS_LOG ?? 'silent' }, pino.destination(2));
    for (const area of [OBJECT_NAMES.objects, OBJECT_NAMES.directories])
      mkdirSync(join(objects.path, area), { recursive: true, mode: 0o700 });
    this.core = new FsCore({
      mounts: options.mounts.filter((mount) => !options.overlays?.includes(mount)),
      overlays: options.overlays,
      backstore: { kind: 'shared', directory: objects.path },
      maxBytes: options.maxBytes,
      owner: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    });
    this.bindings = new Bindings(this.core);
    this.inPlace = new InPlace(this.core);
    this.#token = randomBytes(TOKEN_BYTES);
    this.page = SharedPage.create(join(objects.path, OBJECT_NAMES.shared), {
      mounts: options.mounts,
      device: deviceNumber(),
      flags:
        (options.allowUncovered ? SharedFlag.AllowUncovered : 0) |
        (options.agentAlways ? SharedFlag.AgentAlways : 0) |
        (options.overlays?.length ? SharedFlag.Overlays : 0) |
        (options.maxBytes === undefined ? 0 : SharedFlag.Quota),
      socketPath: claim.socket,
      token: this.#token,
    });
    this.agents = new Agents({
      engine: options.engine,
      engineReady: options.engineReady,
      source: options.agentSource,
      gate: options.gate,
      notes: options.notes ?? 'masked',
      count: (ino, delta) => this.page.watch(ino, delta),
      onTrouble: (pid, event) => this.#agentTrouble(pid, event),
    });
    this.inotify = new Inotify({
      core: this.core,
      objects: objects.path,
      count: (ino, delta) => this.page.watch(ino, delta),
      tell: options.tell,
    });
    this.core.subscribe((event) => this.#outdate(event));
    this.#openWrites = new OpenWrites(this.core, this.writers);
    this.core.subscribe((event) =>
      this.agents.deliver(this.agents.subtrees.empty ? event : this.#openWrites.mark(event), this.#visible),
    );
    this.#server = createServer((socket) => this.#accept(socket));
    if (process.platform === 'linux') this.#unrooted = createServer((socket) => this.#accept(socket));
  }

  async #listen(): Promise<void> {
    await listening(this.#server, this.#claim.socket);
    if (this.#unrooted) await listening(this.#unrooted, `\0${ABSTRACT_SOCKET}${basename(this.objects.path)}`);
    writeFileSync(this.descriptionPath, JSON.stringify(this.describe()), { mode: 0o600 });
    this.page.setHostState(HostState.Alive);
  }

  /** What other commands need to find and enter the session. */
  get descriptionPath(): string {
    return this.#claim.socket.replace(/\.sock$/, '.json');
  }

  describe() {
    return {
      name: this.name,
      pid: process.pid,
      socket: this.#claim.socket,
      objects: this.objects.path,
      mounts: this.options.mounts,
      gate: this.options.gate,
      token: this.#token.toString('hex'),
    };
  }

  branchOf(binding: number): string {
    return this.bindings.branchOf(binding);
  }

  /** The environment variable's value for a program on a branch. @param keepalive a descriptor it is started with */
  sessionValue(branch: string, keepalive = 0): string {
    return `${this.objects.path}:${this.bindings.of(branch)}:${String(keepalive).padStart(4, '0')}`;
  }

  /**
   * Let a process see another branch from now on, and the children that it starts from now on. Its watches hear
   * what is different there.
   *
   * @returns the branch that it saw before, undefined when no such process lives here
   */
  rebind(pid: number, branch: string): string | undefined {
    const [one] = this.residents.of(pid);
    if (!one) return undefined;
    const before = this.branchOf(one.binding);
    const eager = this.bindings.isEager(one.binding);
    const binding = eager ? this.bindings.eager(branch) : this.bindings.of(branch);
    this.residents.bind(pid, binding);
    this.page.rebound();
    this.page.outdateAll();
    this.agents.rebound(pid, binding, () => this.core.diff(before, branch));
    return before;
  }

  // ---- connections ----

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    let speaker: Speaker | undefined;
    const greeting = new FrameSplitter(REQUEST.size, MAX_REQUEST);
    // A host that was stopped for a while reads what has arrived meanwhile before it judges.
    const patience = setTimeout(
      () => setImmediate(() => speaker ?? this.#cut(socket, 'it said no Hello')),
      HELLO_TIMEOUT_MS,
    );
    socket.on('data', (chunk) => {
      try {
        if (speaker) return speaker.receive(chunk);
        // What follows Hello in the same chunk is the speaker's already.
        greeting.push(chunk, (frame) => {
          if (speaker) return speaker.receive(frame);
          speaker = this.#greet(socket, new RequestFrame(frame));
          clearTimeout(patience);
        });
      } catch (error) {
        if (!(error instanceof FrameError)) this.log.error({ err: error }, 'a connection failed');
        this.#cut(socket, (error as Error).message);
      }
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      clearTimeout(patience);
      this.#sockets.delete(socket);
      speaker?.end();
      speaker = undefined;
    });
  }

  #cut(socket: Socket, reason: string): void {
    this.log.warn({ reason }, 'connection closed');
    socket.destroy();
  }

  /** @throws FrameError when the peer is not who it should be */
  #greet(socket: Socket, q: RequestFrame): Speaker {
    const hello = q.data;
    if (q.op !== Op.Hello || hello.length !== HELLO.size + TOKEN_BYTES)
      throw new FrameError('its first frame is no Hello');
    const field = (name: keyof typeof HELLO.at): number => hello.readUInt32LE(HELLO.at[name]);
    if (field('magic') !== MAGIC || field('version') !== PROTOCOL_VERSION)
      throw new FrameError(`it speaks version ${field('version')}, and this host ${PROTOCOL_VERSION}`);
    if (!timingSafeEqual(hello.subarray(HELLO.size), this.#token)) throw new FrameError('its token is wrong');
    const peer = peerCredentials(socket);
    const binding = this.residents.bindingOf(peer.pid, field('binding'), field('parent_pid'));
    const speaker = this.#speaker(socket, field('role'), peer, binding);
    socket.write(encodeReply(Op.Hello, q.id, 0, {}));
    return speaker;
  }

  #speaker(socket: Socket, role: number, peer: Peer, binding: number): Speaker {
    if (!this.bindings.has(binding)) throw new FrameError(`there is no binding ${binding}`);
    switch (role) {
      case Role.Gate:
        return new GateConnection(this, socket, peer, binding, this.#nextHolder++);
      case Role.Agent: {
        const connection = new AgentConnection(socket, peer.pid, binding);
        this.agents.connected(connection);
        return {
          receive() {
            throw new FrameError('an agent has nothing to say');
          },
          end: () => this.agents.disconnected(connection),
        };
      }
      case Role.Control:
        return new ControlConnection(this, socket);
      default:
        throw new FrameError(`there is no role ${role}`);
    }
  }

  /** Every change is an event, and is told here before whoever made it gets its answer. */
  #outdate(event: FsEvent): void {
    this.inPlace.changed(event.ino);
    this.page.outdate(event.ino);
    if (event.parent) this.page.outdate(event.parent);
    if (event.fromParent && event.fromParent !== event.parent) this.page.outdate(event.fromParent);
    if (event.replaced) this.page.outdate(event.replaced.ino);
    const { replaced } = event;
    if (event.kind === EventKind.Removed && event.nlink === 0) this.#standsNoLonger(event.ino, event.branch);
    else if (replaced?.nlink === 0) this.#standsNoLonger(replaced.ino, event.branch);
  }

  #standsNoLonger(ino: number, branch: string): void {
    this.placeholders.gone(ino, (binding) => this.branchOf(binding) === branch);
  }

  // ---- native writes ----

  /** @param pid who certainly wrote; without it only a mark in the shared page counts */
  takeWrites(oid: number, pid = 0): void {
    // Connections end after the session: there is nobody left to tell.
    if (this.#closed) return;
    this.#rung.delete(oid);
    const slot = this.core.slotOf(oid);
    const marked = slot === undefined ? 0 : this.page.takeDirty(slot);
    const writer = marked || pid;
    if (writer) this.core.touched(oid, writer, { force: true, uid: process.getuid?.() ?? 0 });
  }

  rang(oid: number): void {
    this.#rung.add(oid);
    this.#ringTimer ??= setTimeout(() => this.flushRings(), RING_DELAY_MS);
  }

  /** Before anything else happens to the tree: what was written first is told first. */
  flushRings(): void {
    if (!this.#ringTimer) return;
    clearTimeout(this.#ringTimer);
    this.#ringTimer = undefined;
    for (const oid of [...this.#rung]) this.takeWrites(oid);
  }

  /** A process has closed its last descriptor for writing on an object. */
  writerLeft(oid: number): void {
    const ino = this.writers.left(oid);
    const event = ino === undefined || this.#closed ? undefined : this.#openWrites.closed(ino);
    if (event) this.agents.subtrees.deliver(event, this.#visible);
  }

  // ---- agents ----

  /** How a change is told to an agent in a branch, if at all. */
  readonly #visible: Visible = (event, binding) => {
    const branch = this.branchOf(binding);
    const seen = this.core.visible(event, branch);
    if (!seen || this.agents.subtrees.empty) return seen;
    const whole = withSiblings(seen, this.core, branch);
    // Each name is told with an id of its own, and the next event's are above them.
    if (whole.siblings) this.core.raiseEventId(event.id + Math.floor(whole.siblings.length / ID_PARTS));
    return whole;
  };

  /** @returns false when the process has no agent */
  subtree(pid: number, stream: number, roots: readonly string[], mode: SubtreeMode, since: number): boolean {
    const connection = this.agents.connectionOf(pid);
    if (!connection) return false;
    const { subtrees } = this.agents;
    if (mode === 'hear') subtrees.add(connection, stream, roots);
    else if (mode === 'forget') subtrees.forget(connection, stream);
    else {
      const branch = this.branchOf(connection.binding);
      const past = this.core.history(branch, since);
      const lost = past.lost || since > this.core.lastEventId;
      const index = new SubtreeIndex<number>();
      for (const root of subtrees.rootsOf(connection, stream)) index.add(root, stream);
      for (const one of past.lost ? [] : past.events) {
        const event = withSiblings(one, this.core, branch);
        const found = new Set<number>();
        concerned(index, event, found);
        if (found.size > 0) connection.sendPast(stream, event);
      }
      connection.sendPastEnd(stream, this.core.lastEventId, lost);
    }
    return true;
  }

  agentMissing(pid: number, error: unknown): void {
    const { message, remedy } = error as { message: string; remedy?: string };
    this.options.tell(`Process ${pid} cannot watch virtual files: ${message}.${remedy ? ` ${remedy}` : ''}`);
  }

  #agentTrouble(pid: number, event: ScriptEvent): void {
    if (event.type === 'error') this.options.tell(`The agent in process ${pid} failed: ${event.description}`);
    this.log.info({ pid, event }, 'agent');
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Ends every watch and connection, and takes the session's files away. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#ringTimer);
    this.page.setHostState(HostState.Dead);
    this.inotify.close();
    await this.agents.close();
    this.#unrooted?.close();
    const ended = new Promise((resolve) => this.#server.close(resolve));
    // The server is through before its sockets are, and their ends are still to be worked on.
    const hungUp = [...this.#sockets].map(
      (socket) => new Promise((resolve) => socket.once('close', resolve)),
    );
    for (const socket of this.#sockets) socket.end();
    const patience = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, 500);
    await ended;
    await Promise.all(hungUp);
    clearTimeout(patience);
    clearTimeout(this.#ringTimer);
    this.core.close();
    this.page.close();
    rmSync(this.descriptionPath, { force: true });
    this.objects.remove();
    this.#claim.release();
  }
}

function listening(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, resolve);
  });
}

/** Major 0, like every filesystem without a device; a minor far above what the kernel hands out. */
function deviceNumber(): bigint {
  const minor = 0x80000 | (process.pid & 0x7ffff);
  return BigInt(minor & 0xff) | (BigInt(minor & 0xfff00) << 12n);
}
